#include "signed_ticket.h"

#include "base64url.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define PREFIX "t1."
#define SIGNATURE_SIZE 32
#define SIGNED_MAX 2048 /* bytes of what is signed */
#define DIGITS_MAX 15

struct parts {
    struct sl_string identity;
    struct sl_string expiry;
    struct sl_string signature;
};

static bool cut_at_dot(struct sl_string *rest, struct sl_string *part)
{
    const char *dot = memchr(rest->data, '.', rest->len);
    if (dot == NULL)
        return false;
    *part = (struct sl_string){rest->data, (size_t)(dot - rest->data)};
    rest->len -= part->len + 1;
    rest->data = dot + 1;
    return true;
}

static bool split_ticket(struct sl_string token, struct parts *parts)
{
    token.data += strlen(PREFIX);
    token.len -= strlen(PREFIX);
    if (!cut_at_dot(&token, &parts->identity) || !cut_at_dot(&token, &parts->expiry))
        return false;
    parts->signature = token;
    return memchr(token.data, '.', token.len) == NULL;
}

/* Digits only, without leading zeros: each moment can be written in one way only. */
static bool parse_expiry(struct sl_string text, int64_t *expiry)
{
    *expiry = 0;
    if (text.len == 0 || text.len > DIGITS_MAX || text.data[0] == '0')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *expiry = *expiry * 10 + (text.data[i] - '0');
    }
    return true;
}

static bool is_signed_with(struct sl_string secret, const struct shown *shown,
                           const struct parts *parts, const uint8_t signature[SIGNATURE_SIZE])
{
    char text[SIGNED_MAX];
    uint8_t expected[EVP_MAX_MD_SIZE];
    unsigned expected_len = 0;
    if (secret.len == 0)
        return false;
    int len = snprintf(text, sizeof text, "t1\n%.*s\n%.*s\n%.*s", (int)shown->path.len,
                       shown->path.data, (int)parts->identity.len, parts->identity.data,
                       (int)parts->expiry.len, parts->expiry.data);
    if (len < 0 || len >= (int)sizeof text)
        return false;
    if (HMAC(EVP_sha256(), secret.data, (int)secret.len, (const uint8_t *)text, (size_t)len,
             expected, &expected_len) == NULL ||
        expected_len != SIGNATURE_SIZE)
        return false;
    return CRYPTO_memcmp(expected, signature, SIGNATURE_SIZE) == 0;
}

static bool is_signed(const struct ticket_secrets *secrets, const struct shown *shown,
                      const struct parts *parts)
{
    uint8_t signature[SIGNATURE_SIZE];
    size_t len;
    if (!base64_decode(BASE64_URL, parts->signature.data, parts->signature.len, signature,
                       sizeof signature, &len) ||
        len != SIGNATURE_SIZE || shown->path.len > SIGNED_MAX || parts->identity.len > SIGNED_MAX)
        return false;
    for (size_t i = 0; i < TICKET_SECRETS; i++)
        if (is_signed_with(secrets->items[i], shown, parts, signature))
            return true;
    return false;
}

/* jansson takes only UTF-8. */
static bool is_utf8(const uint8_t *identity, size_t len)
{
    json_t *text = json_stringn((const char *)identity, len);
    json_decref(text);
    return text != NULL;
}

enum check signed_ticket_check(const struct ticket_secrets *secrets, const struct shown *shown,
                               int64_t now, struct finding *finding)
{
    struct parts parts;
    uint8_t identity[IDENTITY_MAX];
    size_t identity_len;
    if (shown->token.len < strlen(PREFIX) ||
        memcmp(shown->token.data, PREFIX, strlen(PREFIX)) != 0 ||
        !split_ticket(shown->token, &parts))
        return CHECK_NOT_MINE;
    finding->method = "ticket";
    if (!parse_expiry(parts.expiry, &finding->expires) || !is_signed(secrets, shown, &parts))
        return finding_refuse(finding, "The ticket is not valid.");
    if (now >= finding->expires)
        return finding_refuse(finding, "The ticket has expired.");
    if (!base64_decode(BASE64_URL, parts.identity.data, parts.identity.len, identity,
                       sizeof identity, &identity_len) ||
        !is_utf8(identity, identity_len) ||
        !finding_identify(finding, (const char *)identity, identity_len))
        return finding_refuse(finding, "The ticket names nobody.");
    return CHECK_ACCEPTED;
}
