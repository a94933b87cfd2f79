#include "credential.h"

#include <string.h>
#include <strings.h>

#define SCHEME "Bearer"
#define OFFERS_MAX 32 /* subprotocols that are looked at */

/* RFC 6750, section 2.1: the scheme in any case, spaces, the token. Another scheme is none. */
static bool find_in_header(const struct sl_host *host, const struct sl_request *request,
                           struct sl_string *token)
{
    size_t scheme = strlen(SCHEME);
    if (!host->request_header(request, "Authorization", token))
        return false;
    if (token->len <= scheme || strncasecmp(token->data, SCHEME, scheme) != 0 ||
        token->data[scheme] != ' ')
        return false;
    token->data += scheme;
    token->len -= scheme;
    while (token->len > 0 && token->data[0] == ' ') {
        token->data++;
        token->len--;
    }
    while (token->len > 0 && token->data[token->len - 1] == ' ')
        token->len--;
    return true;
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
                    struct sl_string *token)
{
    switch (source) {
    case CREDENTIAL_HEADER:
        return find_in_header(host, request, token);
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
                     const struct credential_places *places, struct sl_string *token,
                     enum credential_source *source)
{
    for (size_t i = 0; i < places->count; i++) {
        *source = places->sources[i];
        if (find_in(host, request, places, *source, token) && token->len > 0)
            return true;
    }
    return false;
}
