#include "front/request_head.h"

#include <string.h>
#include <strings.h>

/* A line of a head, without its end. */
struct line {
    const char *data;
    size_t len;
};

/* Rewrites a head in place: what is written never overtakes what is read. */
struct rewriter {
    const char *in;
    const char *end; /* of the bytes that have arrived */
    char *out;
    const char *authority; /* to be the value of the next Host field; NULL: none is */
    size_t authority_len;
    bool needs_host;  /* the request's version is HTTP/1.1 or a later 1.x */
    unsigned hosts;   /* Host fields so far */
    unsigned lengths; /* Content-Length fields */
    unsigned codings; /* Transfer-Encoding fields */
};

static bool is_control(unsigned char c)
{
    return c < ' ' || c == 0x7f;
}

/* RFC 9110, section 5.6.2. */
static bool is_token_char(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static size_t token_len(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && is_token_char((unsigned char)text[i]))
        i++;
    return i;
}

/* How many bytes an end of line at `bytes` has; 0 if there is none (yet). */
static size_t line_end_len(const char *bytes, size_t len)
{
    if (len > 0 && bytes[0] == '\n')
        return 1;
    return len > 1 && bytes[0] == '\r' && bytes[1] == '\n' ? 2 : 0;
}

/* Section 2.2: at least one empty line in front of a request is ignored. */
static size_t skip_empty_lines(const char *bytes, size_t len, size_t from)
{
    size_t step;
    while ((step = line_end_len(bytes + from, len - from)) > 0)
        from += step;
    return from;
}

bool head_is_decided(const unsigned char *bytes, size_t len, struct head_progress *progress)
{
    size_t i = progress->searched;
    if (!progress->has_begun) {
        i = skip_empty_lines((const char *)bytes, len, i);
        progress->searched = i;
        if (i == len || (i + 1 == len && bytes[i] == '\r'))
            return false;
        if (!is_token_char(bytes[i]))
            return true;
        progress->has_begun = true;
    }
    for (; i < len; i++) {
        unsigned char c = bytes[i];
        if (is_control(c) && c != '\r' && c != '\n' && c != '\t')
            return true;
        if (c == '\n' && i + 1 < len && line_end_len((const char *)bytes + i + 1, len - i - 1) > 0)
            return true;
    }
    /* The last two bytes may be the beginning of the end. */
    progress->searched = len - progress->searched > 2 ? len - 2 : progress->searched;
    return false;
}

/* Cuts the next line off. False if its end has not arrived. A CR elsewhere than before LF is
 * part of the line, where it is a control character. */
static bool next_line(struct rewriter *rewriter, struct line *line)
{
    const char *newline = memchr(rewriter->in, '\n', (size_t)(rewriter->end - rewriter->in));
    if (newline == NULL)
        return false;
    line->data = rewriter->in;
    line->len = (size_t)(newline - rewriter->in);
    if (line->len > 0 && newline[-1] == '\r')
        line->len--;
    rewriter->in = newline + 1;
    return true;
}

static void put_bytes(struct rewriter *rewriter, const char *data, size_t len)
{
    memmove(rewriter->out, data, len);
    rewriter->out += len;
}

/* -- the request line -- */

static bool is_visible(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '!' || text[i] > '~')
            return false;
    return true;
}

/* The length of "ws://" and the like at the start of a target; 0 if it does not start so. */
static size_t scheme_len(const char *target, size_t len)
{
    static const char *const schemes[] = {"ws://", "wss://", "http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t scheme = strlen(schemes[i]);
        if (len >= scheme && strncasecmp(target, schemes[i], scheme) == 0)
            return scheme;
    }
    return 0;
}

static bool consists_of(const char *text, size_t len, const char *characters)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\0' || strchr(characters, text[i]) == NULL)
            return false;
    return true;
}

/* RFC 3986, section 3.2.2, without a user's name (RFC 9110, section 4.2.4). */
static bool is_authority(const char *text, size_t len)
{
    static const char digits[] = "0123456789";
    static const char address[] = "0123456789abcdefABCDEF:.";
    static const char name[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "-._~%!$&'()*+,;=";
    const char *end = text + len;
    const char *host_end;
    if (len == 0 || len >= HEAD_AUTHORITY_MAX)
        return false;
    if (*text == '[') {
        const char *bracket = memchr(text, ']', len);
        if (bracket == NULL || bracket - text < 3 ||
            !consists_of(text + 1, (size_t)(bracket - text) - 1, address))
            return false;
        host_end = bracket + 1;
    } else {
        const char *colon = memchr(text, ':', len);
        host_end = colon != NULL ? colon : end;
        if (host_end == text || !consists_of(text, (size_t)(host_end - text), name))
            return false;
    }
    return host_end == end ||
           (*host_end == ':' && consists_of(host_end + 1, (size_t)(end - host_end) - 1, digits));
}

/* Writes "http://host/path?query" as "/path?query", and remembers the host. */
static enum head_fault put_absolute(struct rewriter *rewriter, const char *target, size_t len,
                                    size_t scheme, struct request_head *out)
{
    const char *authority = target + scheme;
    size_t authority_len = 0;
    while (authority_len < len - scheme && strchr("/?#", authority[authority_len]) == NULL)
        authority_len++;
    if (!is_authority(authority, authority_len))
        return HEAD_BAD_TARGET;
    memcpy(out->authority, authority, authority_len);
    out->authority[authority_len] = '\0';
    rewriter->authority = out->authority;
    rewriter->authority_len = authority_len;
    const char *rest = authority + authority_len;
    if (rest == target + len || *rest != '/')
        put_bytes(rewriter, "/", 1);
    put_bytes(rewriter, rest, (size_t)(target + len - rest));
    return HEAD_FINE;
}

/* Section 3.2. */
static enum head_fault put_target(struct rewriter *rewriter, const char *target, size_t len,
                                  bool is_options, struct request_head *out)
{
    size_t scheme = scheme_len(target, len);
    if (scheme > 0)
        return put_absolute(rewriter, target, len, scheme, out);
    if (len == 1 && *target == '*' && is_options) {
        out->is_asterisk = true;
        put_bytes(rewriter, "/", 1);
        return HEAD_FINE;
    }
    if (len == 0 || *target != '/')
        return HEAD_BAD_TARGET;
    put_bytes(rewriter, target, len);
    return HEAD_FINE;
}

static bool is_version(const char *text, size_t len)
{
    return len == 8 && memcmp(text, "HTTP/", 5) == 0 && text[5] >= '0' && text[5] <= '9' &&
           text[6] == '.' && text[7] >= '0' && text[7] <= '9';
}

/* Exactly two blanks: other readers of a line with more would not agree on its parts. */
static enum head_fault put_request_line(struct rewriter *rewriter, const struct line *line,
                                        struct request_head *out)
{
    const char *end = line->data + line->len;
    size_t method_len = token_len(line->data, line->len);
    bool is_options = method_len == 7 && memcmp(line->data, "OPTIONS", 7) == 0;
    const char *target = line->data + method_len + 1;
    if (method_len == 0 || target >= end || target[-1] != ' ')
        return HEAD_MALFORMED;
    const char *target_end = memchr(target, ' ', (size_t)(end - target));
    if (target_end == NULL || !is_version(target_end + 1, (size_t)(end - target_end) - 1) ||
        !is_visible(target, (size_t)(target_end - target)))
        return HEAD_MALFORMED;
    rewriter->needs_host = end[-3] == '1' && end[-1] != '0';
    put_bytes(rewriter, line->data, method_len + 1);
    enum head_fault fault =
        put_target(rewriter, target, (size_t)(target_end - target), is_options, out);
    put_bytes(rewriter, target_end, (size_t)(end - target_end));
    put_bytes(rewriter, "\n", 1);
    return fault;
}

/* -- fields -- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Returns the value without the white space around it. */
static struct line trim_blanks(const char *value, size_t len)
{
    while (len > 0 && is_blank(value[0])) {
        value++;
        len--;
    }
    while (len > 0 && is_blank(value[len - 1]))
        len--;
    return (struct line){value, len};
}

static bool put_value(struct rewriter *rewriter, struct line value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] != '\t' && is_control((unsigned char)value.data[i]))
            return false;
        *rewriter->out++ = value.data[i] == '\t' ? ' ' : value.data[i];
    }
    return true;
}

static bool is_named(const struct line *line, size_t name_len, const char *name)
{
    return name_len == strlen(name) && strncasecmp(line->data, name, name_len) == 0;
}

/* Notes the fields that may stand in a head only once. A proxy in front may have gone by another of
 * them, and so have seen another request. */
static enum head_fault note_field(struct rewriter *rewriter, const struct line *line,
                                  size_t name_len, struct line value)
{
    rewriter->hosts += is_named(line, name_len, "Host");
    rewriter->codings += is_named(line, name_len, "Transfer-Encoding");
    if (!is_named(line, name_len, "Content-Length"))
        return HEAD_FINE;
    rewriter->lengths++;
    return value.len > 0 && consists_of(value.data, value.len, "0123456789") ? HEAD_FINE
                                                                             : HEAD_BAD_LENGTH;
}

/* Section 3.2 of RFC 9112 for Host, section 6.3 for the body. */
static enum head_fault judge_fields(const struct rewriter *rewriter)
{
    if (rewriter->hosts > 1 || (rewriter->hosts == 0 && rewriter->needs_host))
        return HEAD_BAD_HOST;
    return rewriter->lengths + rewriter->codings > 1 ? HEAD_BAD_LENGTH : HEAD_FINE;
}

/* Section 5: no blank stands before a name, which would continue the line before, nor before the
 * colon. A proxy in front may have let either pass as something else. */
static enum head_fault put_field(struct rewriter *rewriter, const struct line *line)
{
    size_t name_len = token_len(line->data, line->len);
    if (name_len == 0 || name_len == line->len || line->data[name_len] != ':')
        return HEAD_BAD_FIELD;
    struct line value = trim_blanks(line->data + name_len + 1, line->len - name_len - 1);
    bool is_host = is_named(line, name_len, "Host");
    enum head_fault fault = note_field(rewriter, line, name_len, value);
    if (fault != HEAD_FINE)
        return fault;
    put_bytes(rewriter, line->data, name_len + 1);
    if (is_host && rewriter->authority != NULL) {
        /* There is room: it stood in the target. */
        put_bytes(rewriter, rewriter->authority, rewriter->authority_len);
        rewriter->authority = NULL;
    } else if (!put_value(rewriter, value)) {
        return HEAD_BAD_FIELD;
    }
    put_bytes(rewriter, "\n", 1);
    return HEAD_FINE;
}

static enum head_fault put_fields(struct rewriter *rewriter)
{
    struct line line;
    size_t count = 0;
    while (next_line(rewriter, &line)) {
        if (line.len == 0) {
            put_bytes(rewriter, "\n", 1);
            return judge_fields(rewriter);
        }
        if (++count > HEAD_FIELDS_MAX)
            return HEAD_TOO_MANY_FIELDS;
        enum head_fault fault = put_field(rewriter, &line);
        if (fault != HEAD_FINE)
            return fault;
    }
    return HEAD_INCOMPLETE;
}

enum head_fault head_normalize(char *bytes, size_t *len, struct request_head *out)
{
    struct line line;
    struct rewriter rewriter = {.end = bytes + *len, .out = bytes};
    *out = (struct request_head){.is_asterisk = false};
    rewriter.in = bytes + skip_empty_lines(bytes, *len, 0);
    if (rewriter.in < rewriter.end && !is_token_char((unsigned char)*rewriter.in))
        return HEAD_MALFORMED;
    if (!next_line(&rewriter, &line))
        return HEAD_INCOMPLETE;
    enum head_fault fault = put_request_line(&rewriter, &line, out);
    if (fault == HEAD_FINE)
        fault = put_fields(&rewriter);
    if (fault != HEAD_FINE)
        return fault;
    put_bytes(&rewriter, rewriter.in, (size_t)(rewriter.end - rewriter.in));
    *len = (size_t)(rewriter.out - bytes);
    return HEAD_FINE;
}

struct head_refusal head_refusal_of(enum head_fault fault)
{
    switch (fault) {
    case HEAD_TOO_LARGE:
        return (struct head_refusal){431, "The request's header fields are too large."};
    case HEAD_BAD_TARGET:
        return (struct head_refusal){400, "The request's target must be a path, such as /ws, or an "
                                          "address, such as ws://example.com/ws."};
    case HEAD_BAD_FIELD:
        return (struct head_refusal){400, "The request has a malformed header field."};
    case HEAD_BAD_HOST:
        return (struct head_refusal){400, "The request must have exactly one Host header."};
    case HEAD_BAD_LENGTH:
        return (struct head_refusal){400,
                                     "The request's Content-Length is no number, or its length "
                                     "is said more than once."};
    case HEAD_TOO_MANY_FIELDS:
        return (struct head_refusal){431, "The request has more than 64 header fields."};
    default:
        return (struct head_refusal){400, "The request is malformed."};
    }
}
