#include "ws/extension.h"

#include "ws/request.h"

#include <string.h>

#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15

/* Neither side keeps a context, whether the client has offered that or not (7.1.1). */
#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

enum parameter {
    SERVER_NO_CONTEXT_TAKEOVER,
    CLIENT_NO_CONTEXT_TAKEOVER,
    SERVER_MAX_WINDOW_BITS,
    CLIENT_MAX_WINDOW_BITS,
    PARAMETER_COUNT
};

static const char *const parameter_names[PARAMETER_COUNT] = {
    "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
    "client_max_window_bits"};

struct offer {
    bool is_there[PARAMETER_COUNT];
    int server_bits; /* if SERVER_MAX_WINDOW_BITS is there */
};

/* What is left of an offer to be read. */
struct offer_text {
    const char *at;
    const char *end;
};

/* -- the grammar of RFC 6455, section 9.1 -- */

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip_blanks(struct offer_text *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t'))
        text->at++;
}

/* Takes a character, and the blanks behind it. */
static bool take_char(struct offer_text *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    skip_blanks(text);
    return true;
}

/* Takes a token, and the blanks behind it; false if there is none. */
static bool take_token(struct offer_text *text, struct span *token)
{
    const char *begin = text->at;
    while (text->at < text->end && is_token_char(*text->at))
        text->at++;
    *token = (struct span){.data = begin, .len = (size_t)(text->at - begin)};
    skip_blanks(text);
    return token->len > 0;
}

/* Takes a value, which is a token, in quotes or not. (A backslash in quotes is no part of any value
 * that a parameter of ours has.) */
static bool take_value(struct offer_text *text, struct span *value)
{
    if (text->at < text->end && *text->at == '"') {
        text->at++;
        bool is_token = take_token(text, value);
        return is_token && value->data + value->len == text->at && take_char(text, '"');
    }
    return take_token(text, value);
}

/* -- parameters -- */

static bool is_text(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

/* A decimal number from 8 to 15 without a leading zero (7.1.2); 0: it is none. */
static int window_bits(struct span value)
{
    int bits = 0;
    if (value.len == 0 || value.len > 2 || value.data[0] == '0')
        return 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return 0;
        bits = 10 * bits + (value.data[i] - '0');
    }
    return bits >= WINDOW_BITS_MIN && bits <= WINDOW_BITS_MAX ? bits : 0;
}

/* Notes one parameter; `value` is NULL if it has none. False: it makes the offer invalid. */
static bool note_parameter(struct offer *offer, struct span name, const struct span *value)
{
    unsigned which = 0;
    while (which < PARAMETER_COUNT && !is_text(name, parameter_names[which]))
        which++;
    if (which == PARAMETER_COUNT || offer->is_there[which])
        return false;
    offer->is_there[which] = true;
    switch (which) {
    case SERVER_MAX_WINDOW_BITS:
        offer->server_bits = value != NULL ? window_bits(*value) : 0;
        return offer->server_bits != 0;
    case CLIENT_MAX_WINDOW_BITS:
        return value == NULL || window_bits(*value) != 0;
    default:
        return value == NULL;
    }
}

/* Reads one element of Sec-WebSocket-Extensions. False: it is no valid offer of ours. */
static bool read_offer(struct span element, struct offer *offer)
{
    struct offer_text text = {.at = element.data, .end = element.data + element.len};
    struct span name;
    struct span value;
    *offer = (struct offer){.server_bits = WINDOW_BITS_MAX};
    if (!take_token(&text, &name) || !is_text(name, "permessage-deflate"))
        return false;
    while (take_char(&text, ';')) {
        if (!take_token(&text, &name))
            return false;
        bool has_value = take_char(&text, '=');
        if (has_value && !take_value(&text, &value))
            return false;
        if (!note_parameter(offer, name, has_value ? &value : NULL))
            return false;
    }
    return text.at == text.end;
}

/* -- the answer -- */

enum deflate_window extension_negotiate(const struct request *request, const char **answer)
{
    struct request_list offers;
    struct span element;
    struct offer offer;
    *answer = NULL;
    request_list_init(&offers, request, "Sec-WebSocket-Extensions");
    while (request_list_next(&offers, &element)) {
        if (!read_offer(element, &offer) || offer.server_bits == WINDOW_BITS_MIN)
            continue;
        if (offer.server_bits < WINDOW_BITS_MAX) {
            *answer = ANSWER "; server_max_window_bits=9"; /* As asked for, or less (7.1.2.1). */
            return DEFLATE_WINDOW_SMALL;
        }
        *answer =
            offer.is_there[SERVER_MAX_WINDOW_BITS] ? ANSWER "; server_max_window_bits=15" : ANSWER;
        return DEFLATE_WINDOW_FULL;
    }
    return DEFLATE_WINDOW_NONE;
}
