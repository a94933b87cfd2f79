#include "credential.h"

#include "base64url.h"

#include <string.h>
#include <strings.h>

#define OFFERS_MAX 32 /* subprotocols that are looked at */

/* Sets *rest to what follows the scheme (in any case) and spaces (RFC 9110, section 11.4). False if
 * the scheme differs. */
static bool after_scheme(struct sl_string value, const char *scheme, struct sl_string *rest)
{
    size_t len = strlen(scheme);
    if (value.len <= len || strncasecmp(value.data, scheme, len) != 0 || value.data[len] != ' ')
        return false;
    value.data += len;
    value.len -= len;
    while (value.len > 0 && value.data[0] == ' ') {
        value.data++;
        value.len--;
    }
    while (value.len > 0 && value.data[value.len - 1] == ' ')
        value.len--;
    *rest = value;
    return true;
}

static bool find_in_header(const struct sl_host *host, const struct sl_request *request,
                           bool takes_basic, char *basic, struct sl_string *token)
{
    struct sl_string value, encoded;
    if (!host->request_header(request, "Authorization", &value))
        return false;
    if (after_scheme(value, "Bearer", token))
        return true;
    token->data = basic;
    return takes_basic && after_scheme(value, "Basic", &encoded) &&
           base64_decode(BASE64_STANDARD, encoded.data, encoded.len, (uint8_t *)basic,
                         CREDENTIAL_BASIC_MAX, &token->len);
}

static bool find_in_subprotocols(const struct sl_host *host, const struct sl_request *request,
                                 struct sl_string *token)
{
    struct sl_string offer;
    for (size_t i = 0; i < OFFERS_MAX && host->request_subprotocol(request, i, &offer); i++)
        if (offer.len == strlen(BEARER_SUBPROTOCOL) &&
            memcmp(offer.data, BEARER_SUBPROTOCOL, offer.len) == 0)
            return host->request_subprotocol(request, i + 1, token);
    return false;
}

static bool find_in(const struct sl_host *host, const struct sl_request *request,
                    const struct credential_places *places, enum credential_source source,
                    char *basic, struct sl_string *token)
{
    switch (source) {
    case CREDENTIAL_HEADER:
        return find_in_header(host, request, places->takes_basic, basic, token);
    case CREDENTIAL_QUERY:
        return host->request_query(request, places->query_parameter, token);
    case CREDENTIAL_COOKIE:
        return host->request_cookie(request, places->cookie, token);
    case CREDENTIAL_SUBPROTOCOL:
        return find_in_subprotocols(host, request, token);
    case CREDENTIAL_SOURCES:
    default:
        return false;
    }
}

bool credential_find(const struct sl_host *host, const struct sl_request *request,
                     const struct credential_places *places, char *basic, struct sl_string *token,
                     enum credential_source *source)
{
    for (size_t i = 0; i < places->count; i++) {
        *source = places->sources[i];
        if (find_in(host, request, places, *source, basic, token) && token->len > 0)
            return true;
    }
    return false;
}
