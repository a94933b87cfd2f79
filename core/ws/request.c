#include "ws/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The one block behind a request: the public struct, its arrays, then all strings. */
struct builder {
    struct request *request;
    struct request_field *headers;
    struct request_field *parameters;
    char *strings; /* where the next string goes */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span span)
{
    while (span.len > 0 && is_blank(span.data[0])) {
        span.data++;
        span.len--;
    }
    while (span.len > 0 && is_blank(span.data[span.len - 1]))
        span.len--;
    return span;
}

static struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that "%XY" at `text` stands for, or -1. "%00" does not count: strings have no NUL. */
static int escaped_byte(const char *text, size_t len)
{
    if (len < 3 || text[0] != '%')
        return -1;
    int high = hex_value(text[1]);
    int low = hex_value(text[2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return -1;
    return high * 16 + low;
}

static struct span store(struct builder *builder, struct span from)
{
    char *at = builder->strings;
    memcpy(at, from.data, from.len);
    at[from.len] = '\0';
    builder->strings += from.len + 1;
    return (struct span){at, from.len};
}

/* Stores a part of the query decoded; what is no valid escape stays as it is. */
static struct span store_decoded(struct builder *builder, struct span from)
{
    char *at = builder->strings;
    size_t len = 0;
    for (size_t i = 0; i < from.len; i++) {
        int byte = escaped_byte(from.data + i, from.len - i);
        if (byte >= 0)
            i += 2;
        else
            byte = from.data[i] == '+' ? ' ' : from.data[i];
        at[len++] = (char)byte;
    }
    at[len] = '\0';
    builder->strings += len + 1;
    return (struct span){at, len};
}

/* Cuts the next piece up to `separator` off `rest`; false when nothing is left. */
static bool next_piece(struct span *rest, char separator, struct span *piece)
{
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->data, separator, rest->len);
    piece->data = rest->data;
    piece->len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    size_t used = end != NULL ? piece->len + 1 : piece->len;
    rest->data += used;
    rest->len -= used;
    return true;
}

/* Splits "name=value"; without '=' the value is empty. */
static struct request_field split_pair(struct span pair)
{
    const char *equals = pair.len > 0 ? memchr(pair.data, '=', pair.len) : NULL;
    if (equals == NULL)
        return (struct request_field){pair, {pair.data + pair.len, 0}};
    size_t name_len = (size_t)(equals - pair.data);
    return (struct request_field){{pair.data, name_len}, {equals + 1, pair.len - name_len - 1}};
}

static size_t count_parameters(struct span query)
{
    size_t count = 0;
    struct span piece;
    while (next_piece(&query, '&', &piece))
        count += piece.len > 0;
    return count;
}

static void store_parameters(struct builder *builder)
{
    struct request *request = builder->request;
    struct span rest = request->query;
    struct span piece;
    size_t count = 0;
    while (count < request->parameter_count && next_piece(&rest, '&', &piece)) {
        if (piece.len == 0)
            continue;
        struct request_field raw = split_pair(piece);
        builder->parameters[count].name = store_decoded(builder, raw.name);
        builder->parameters[count].value = store_decoded(builder, raw.value);
        count++;
    }
}

static void store_headers(struct builder *builder, const struct request_source *source)
{
    for (size_t i = 0; i < source->header_count; i++) {
        builder->headers[i].name = store(builder, trim(span_of(source->header_names[i])));
        builder->headers[i].value = store(builder, trim(span_of(source->header_values[i])));
    }
}

/* An upper bound of what all strings need, their terminating zeros included. */
static size_t strings_size(const struct request_source *source, struct span query,
                           size_t parameters)
{
    size_t size = strlen(source->method) + strlen(source->http_version) + strlen(source->path) + 3;
    size += 2 * query.len + 1 + 2 * parameters; /* once raw, once decoded */
    for (size_t i = 0; i < source->header_count; i++)
        size += strlen(source->header_names[i]) + strlen(source->header_values[i]) + 2;
    return size;
}

int request_create(const struct request_source *source, struct request **out)
{
    struct span query = span_of(source->query != NULL ? source->query : "");
    size_t parameters = count_parameters(query);
    size_t fields = source->header_count + parameters;
    if (parameters > REQUEST_PARAMETERS_MAX)
        return ERR_LIMIT;
    struct request *request = calloc(1, sizeof *request + fields * sizeof(struct request_field) +
                                            strings_size(source, query, parameters));
    if (request == NULL)
        return ERR_NO_MEMORY;
    struct request_field *headers = (struct request_field *)(request + 1);
    struct builder builder = {request, headers, headers + source->header_count,
                              (char *)(headers + fields)};
    request->method = store(&builder, span_of(source->method));
    request->http_version = store(&builder, span_of(source->http_version));
    request->path = store(&builder, span_of(source->path));
    request->query = store(&builder, query);
    request->headers = headers;
    request->header_count = source->header_count;
    request->parameters = builder.parameters;
    request->parameter_count = parameters;
    store_headers(&builder, source);
    store_parameters(&builder);
    *out = request;
    return OK;
}

void request_destroy(struct request *request)
{
    free(request);
}

static bool header_is(const struct request_field *header, const char *name)
{
    return strcasecmp(header->name.data, name) == 0;
}

bool request_header(const struct request *request, const char *name, struct span *value)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (header_is(&request->headers[i], name)) {
            *value = request->headers[i].value;
            return true;
        }
    }
    return false;
}

size_t request_header_count(const struct request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += header_is(&request->headers[i], name);
    return count;
}

bool request_parameter(const struct request *request, const char *name, struct span *value)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (strcmp(request->parameters[i].name.data, name) == 0) {
            *value = request->parameters[i].value;
            return true;
        }
    }
    return false;
}

static struct span without_quotes(struct span value)
{
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        return (struct span){value.data + 1, value.len - 2};
    return value;
}

static bool find_cookie(struct span rest, struct span name, struct span *value)
{
    struct span piece;
    while (next_piece(&rest, ';', &piece)) {
        struct request_field pair = split_pair(trim(piece));
        if (pair.name.len != name.len || memcmp(pair.name.data, name.data, name.len) != 0)
            continue;
        *value = without_quotes(pair.value);
        return true;
    }
    return false;
}

bool request_cookie(const struct request *request, const char *name, struct span *value)
{
    if (name[0] == '\0')
        return false;
    for (size_t i = 0; i < request->header_count; i++) {
        if (header_is(&request->headers[i], "Cookie") &&
            find_cookie(request->headers[i].value, span_of(name), value))
            return true;
    }
    return false;
}

/* How far the element at the start of `text` goes: to a comma outside of quotes, or to the end. */
static size_t element_len(struct span text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        if (quoted && text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            quoted = !quoted;
        else if (text.data[i] == ',' && !quoted)
            return i;
    }
    return text.len;
}

void request_list_init(struct request_list *list, const struct request *request, const char *name)
{
    *list = (struct request_list){.request = request, .name = name};
}

bool request_list_next(struct request_list *list, struct span *element)
{
    const struct request *request = list->request;
    for (; list->header < request->header_count; list->header++, list->offset = 0) {
        const struct request_field *header = &request->headers[list->header];
        if (!header_is(header, list->name))
            continue;
        while (list->offset < header->value.len) {
            struct span rest = {header->value.data + list->offset,
                                header->value.len - list->offset};
            size_t len = element_len(rest);
            list->offset += len + 1;
            *element = trim((struct span){rest.data, len});
            if (element->len > 0)
                return true;
        }
    }
    return false;
}

bool request_list_element(const struct request *request, const char *name, size_t index,
                          struct span *element)
{
    struct request_list list;
    request_list_init(&list, request, name);
    do {
        if (!request_list_next(&list, element))
            return false;
    } while (index-- > 0);
    return true;
}

bool request_list_contains(const struct request *request, const char *name, const char *token,
                           bool any_case)
{
    struct request_list list;
    struct span element;
    size_t len = strlen(token);
    request_list_init(&list, request, name);
    while (request_list_next(&list, &element)) {
        if (element.len != len)
            continue;
        if (any_case ? strncasecmp(element.data, token, len) == 0
                     : memcmp(element.data, token, len) == 0)
            return true;
    }
    return false;
}
