/*
 * Fuzzes the opening handshake: the input's lines are a request line and header lines; everything
 * that looks at a request then looks at it.
 */
#include "ws/handshake.h"
#include "ws/request_trace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 64

/* The input cut into zero-terminated strings, as the HTTP parser would hand them over. */
struct parsed {
    const char *method;
    const char *path;
    const char *query;
    const char *version;
    size_t header_count;
    const char *names[HEADERS_MAX];
    const char *values[HEADERS_MAX];
};

/* Cuts `text` at `separator` and returns what follows, or an empty string. */
static char *cut(char *text, char separator)
{
    char *at = strchr(text, separator);
    if (at == NULL)
        return text + strlen(text);
    *at = '\0';
    return at + 1;
}

static void parse(char *text, struct parsed *parsed)
{
    char *lines = cut(text, '\n');
    char *target = cut(text, ' ');
    char *version = cut(target, ' ');
    char *mark = strchr(target, '?');
    *parsed = (struct parsed){.method = text, .path = target, .version = version};
    if (mark != NULL) {
        *mark = '\0';
        parsed->query = mark + 1;
    }
    while (*lines != '\0' && parsed->header_count < HEADERS_MAX) {
        char *next = cut(lines, '\n');
        parsed->values[parsed->header_count] = cut(lines, ':');
        parsed->names[parsed->header_count++] = lines;
        lines = next;
    }
}

static void touch(struct span span)
{
    volatile unsigned char sink = 0;
    for (size_t i = 0; i < span.len; i++)
        sink = (unsigned char)(sink ^ (unsigned char)span.data[i]);
    (void)sink;
}

/* The zero that every stored string promises. */
static void touch_text(struct span span)
{
    if (strlen(span.data) != span.len)
        abort();
}

static void look_up(const struct request *request)
{
    struct span span;
    if (request_header(request, "Host", &span))
        touch_text(span);
    if (request_parameter(request, "token", &span))
        touch_text(span);
    if (request_cookie(request, "session", &span))
        touch(span);
    for (size_t i = 0; request_list_element(request, "Sec-WebSocket-Protocol", i, &span); i++) {
        if (span.len == 0)
            abort();
        touch(span);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        touch_text(request->headers[i].name);
        touch_text(request->headers[i].value);
        if (request_header_count(request, request->headers[i].name.data) == 0)
            abort();
    }
    for (size_t i = 0; i < request->parameter_count; i++) {
        touch_text(request->parameters[i].name);
        touch_text(request->parameters[i].value);
    }
}

/* Each value may be an id, or a trace. */
static void read_traces(const struct request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const char *value = request->headers[i].value.data;
        struct request_trace trace;
        request_trace_read(&trace, value, value);
        size_t len = strlen(trace.trace_id);
        if (trace.id[0] == '\0' || (len != 0 && len != TRACE_ID_LEN))
            abort();
        if (strspn(trace.trace_id, "0123456789abcdef") != len)
            abort();
        for (const char *at = trace.id; *at != '\0'; at++)
            if (*at <= ' ' || *at > '~')
                abort();
    }
}

static void shake_hands(const struct request *request)
{
    static const char *const supported[] = {"chat.v1", "a"};
    char out[512];
    const char *subprotocol = handshake_select_subprotocol(request, supported, 2);
    struct handshake_verdict verdict = handshake_check(request);
    size_t len = handshake_response(request, subprotocol, NULL, out, sizeof out);
    if (len != strlen(out) || verdict.reason == NULL)
        abort();
    if (verdict.status == 101 && strstr(out, "Sec-WebSocket-Accept: \r\n") != NULL)
        abort(); /* A good upgrade has a key. */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct parsed parsed;
    struct request *request = NULL;
    if (text == NULL)
        return 0;
    parse(text, &parsed);
    struct request_source source = {parsed.method,       parsed.version, parsed.path,  parsed.query,
                                    parsed.header_count, parsed.names,   parsed.values};
    if (request_create(&source, &request) == OK) {
        look_up(request);
        shake_hands(request);
        read_traces(request);
    }
    request_destroy(request);
    free(text);
    return 0;
}
