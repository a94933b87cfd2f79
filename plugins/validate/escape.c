#include "escape.h"

#include <stdint.h>
#include <string.h>

struct token {
    struct json_text text; /* with its ~0 and ~1, as in the option */
    bool is_any;           /* '*' */
    size_t index;          /* which element of an array it means; SIZE_MAX: none */
};

struct escape_target {
    bool is_pointer;
    size_t depth; /* of a pointer: how many tokens */
    struct token tokens[ESCAPE_DEPTH_MAX];
};

/* -- options -- */

/* RFC 6901, section 4: digits without leading zeros. */
static size_t read_index(struct json_text token)
{
    size_t index = 0;
    if (token.len == 0 || token.len > 18 || (token.len > 1 && token.data[0] == '0'))
        return SIZE_MAX;
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] < '0' || token.data[i] > '9')
            return SIZE_MAX;
        index = index * 10 + (size_t)(token.data[i] - '0');
    }
    return index;
}

static int read_pointer(struct sl_instance *self, struct sl_string text,
                        struct escape_target *target)
{
    const char *at = text.data, *end = text.data + text.len;
    target->is_pointer = true;
    while (at < end) {
        const char *start = at + 1;
        const char *slash = memchr(start, '/', (size_t)(end - start));
        const char *stop = slash != NULL ? slash : end;
        if (target->depth == ESCAPE_DEPTH_MAX)
            return sl_fail(self, "escape_html: \"%.*s\" is more than %d steps deep", (int)text.len,
                           text.data, ESCAPE_DEPTH_MAX);
        struct token *token = &target->tokens[target->depth++];
        token->text = (struct json_text){start, (size_t)(stop - start)};
        token->is_any = json_text_is(token->text, "*");
        token->index = read_index(token->text);
        at = stop;
    }
    return 0;
}

/* A JSON Pointer is empty or begins with a slash; all else is a name. */
static int read_target(struct sl_instance *self, struct sl_string text,
                       struct escape_target *target)
{
    *target = (struct escape_target){0};
    if (text.len == 0 || text.data[0] == '/')
        return read_pointer(self, text, target);
    target->tokens[0].text = (struct json_text){text.data, text.len};
    return 0;
}

int escape_init(struct escape *escape, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, "escape_html");
    size_t count = host->value_count(list);
    *escape = (struct escape){NULL, 0};
    if (count == 0)
        return 0;
    if (count > ESCAPE_TARGETS_MAX)
        return sl_fail(self, "escape_html has %zu entries, but %d is the most", count,
                       ESCAPE_TARGETS_MAX);
    escape->targets = host->allocate(count * sizeof *escape->targets);
    if (escape->targets == NULL)
        return sl_fail(self, "there is no memory for escape_html");
    escape->count = count;
    for (size_t i = 0; i < count; i++)
        if (read_target(self, host->value_string(host->value_at(list, i)), &escape->targets[i]) !=
            0) {
            escape_deinit(escape, host);
            return SL_ERROR;
        }
    return 0;
}

void escape_deinit(struct escape *escape, const struct sl_host *host)
{
    host->release(escape->targets);
    *escape = (struct escape){NULL, 0};
}

/* -- which -- */

static bool is_step(const struct token *token, const struct json_value *value)
{
    if (token->is_any)
        return true;
    return value->parent->type == JSON_ARRAY ? token->index == value->index
                                             : json_pointer_token_is(token->text, value->name);
}

/* Whether the path of a value is that of the pointer, from the value up to the top. */
static bool is_at(const struct escape_target *target, const struct json_value *value)
{
    for (size_t i = target->depth; i-- > 0; value = value->parent)
        if (value->parent == NULL || !is_step(&target->tokens[i], value))
            return false;
    return true;
}

bool escape_is_target(const struct escape *escape, const struct json_value *value, size_t depth)
{
    bool is_member = value->parent != NULL && value->parent->type == JSON_OBJECT;
    for (size_t i = 0; i < escape->count; i++) {
        const struct escape_target *target = &escape->targets[i];
        if (target->is_pointer
                ? target->depth == depth && is_at(target, value)
                : is_member && json_text_compare(target->tokens[0].text, value->name) == 0)
            return true;
    }
    return false;
}

/* -- how -- */

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

bool escape_is_needed(struct json_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (html_entity(text.data[i]) != NULL)
            return true;
    return false;
}

size_t escape_html(struct json_text text, char *out)
{
    char *to = out;
    for (size_t i = 0; i < text.len; i++) {
        const char *escaped = html_entity(text.data[i]);
        size_t len = escaped != NULL ? strlen(escaped) : 1;
        memcpy(to, escaped != NULL ? escaped : text.data + i, len);
        to += len;
    }
    return (size_t)(to - out);
}
