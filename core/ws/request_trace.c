#include "ws/request_trace.h"

#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* version "-" trace id "-" parent id "-" flags */
#define TRACEPARENT_LEN 55

static bool is_request_id(const char *text)
{
    size_t len = 0;
    for (; text[len] != '\0' && len <= REQUEST_ID_MAX; len++)
        if ((unsigned char)text[len] <= ' ' || (unsigned char)text[len] > '~')
            return false;
    return len > 0 && len <= REQUEST_ID_MAX;
}

static void make_request_id(char id[REQUEST_ID_MAX + 1])
{
    unsigned char bytes[16] = {0};
    RAND_bytes(bytes, sizeof bytes); /* Fails hardly ever; the id is only a name. */
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/* Digits of which one at least is not 0, and what comes behind them. */
static bool is_hex_id(const char *text, size_t len, char end)
{
    return strspn(text, "0123456789abcdef") == len && strspn(text, "0") < len && text[len] == end;
}

/* Later versions may have more behind the flags. */
static bool is_traceparent(const char *text)
{
    static const char hex[] = "0123456789abcdef";
    return strlen(text) >= TRACEPARENT_LEN && strspn(text, hex) == 2 && text[2] == '-' &&
           strncmp(text, "ff", 2) != 0 && is_hex_id(text + 3, TRACE_ID_LEN, '-') &&
           is_hex_id(text + 36, 16, '-') && strspn(text + 53, hex) == 2 &&
           (text[TRACEPARENT_LEN] == '\0' ||
            (text[TRACEPARENT_LEN] == '-' && strncmp(text, "00", 2) != 0));
}

void request_trace_read(struct request_trace *trace, const char *request_id,
                        const char *traceparent)
{
    trace->trace_id[0] = '\0';
    if (request_id != NULL && is_request_id(request_id))
        snprintf(trace->id, sizeof trace->id, "%s", request_id);
    else
        make_request_id(trace->id);
    if (traceparent != NULL && is_traceparent(traceparent))
        snprintf(trace->trace_id, sizeof trace->trace_id, "%.*s", TRACE_ID_LEN, traceparent + 3);
}
