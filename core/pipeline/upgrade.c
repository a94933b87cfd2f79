#include "pipeline/upgrade.h"

#include "ws/http_status.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sl_string as_sl_string(struct span span)
{
    return (struct sl_string){.data = span.data, .len = span.len};
}

static void set_subprotocol(struct upgrade *upgrade, const char *subprotocol)
{
    snprintf(upgrade->subprotocol, sizeof upgrade->subprotocol, "%s", subprotocol);
    upgrade->seen.subprotocol =
        (struct sl_string){.data = upgrade->subprotocol, .len = strlen(upgrade->subprotocol)};
}

void upgrade_init(struct upgrade *upgrade, struct request *request, bool secure,
                  const char *subprotocol)
{
    *upgrade = (struct upgrade){.request = request, .status = 403};
    upgrade->seen = (struct sl_request){.struct_size = sizeof upgrade->seen,
                                        .secure = secure,
                                        .path = as_sl_string(request->path),
                                        .query = as_sl_string(request->query)};
    set_subprotocol(upgrade, subprotocol != NULL ? subprotocol : "");
}

int upgrade_create(struct request *request, bool secure, const char *subprotocol,
                   struct upgrade **out)
{
    struct upgrade *upgrade = malloc(sizeof *upgrade);
    if (upgrade == NULL)
        return ERR_NO_MEMORY;
    upgrade_init(upgrade, request, secure, subprotocol);
    upgrade->references = 1;
    *out = upgrade;
    return OK;
}

void upgrade_unref(struct upgrade *upgrade)
{
    if (upgrade == NULL || --upgrade->references > 0)
        return;
    request_destroy(upgrade->request);
    free(upgrade->early);
    X509_free(upgrade->peer);
    free(upgrade->certificate);
    free(upgrade);
}

int upgrade_select_subprotocol(struct upgrade *upgrade, const char *subprotocol)
{
    if (strlen(subprotocol) >= sizeof upgrade->subprotocol ||
        !request_list_contains(upgrade->request, "Sec-WebSocket-Protocol", subprotocol, false))
        return ERR_INVALID;
    set_subprotocol(upgrade, subprotocol);
    return OK;
}

void upgrade_restore(struct upgrade *upgrade, const struct upgrade *before)
{
    char chosen[HANDSHAKE_SUBPROTOCOL_MAX];
    unsigned references = upgrade->references;
    char *certificate = upgrade->certificate;
    memcpy(chosen, upgrade->subprotocol, sizeof chosen);
    *upgrade = *before;
    upgrade->references = references;
    upgrade->certificate = certificate;
    set_subprotocol(upgrade, before->subprotocol);
    if (strcmp(chosen, before->subprotocol) != 0)
        memcpy(upgrade->shadow_subprotocol, chosen, sizeof chosen);
}

const char *upgrade_subprotocol(const struct upgrade *upgrade)
{
    if (upgrade->subprotocol[0] != '\0')
        return upgrade->subprotocol;
    return upgrade->shadow_subprotocol[0] != '\0' ? upgrade->shadow_subprotocol : NULL;
}

void upgrade_refuse(struct upgrade *upgrade, int status, const char *reason)
{
    upgrade->status = status >= 400 && status <= 599 ? status : 403;
    snprintf(upgrade->reason, sizeof upgrade->reason, "%s", reason != NULL ? reason : "");
}

void upgrade_refuse_unchecked(struct upgrade *upgrade)
{
    upgrade_refuse(upgrade, 503, "The request could not be checked; try again");
    snprintf(upgrade->headers, sizeof upgrade->headers, "Retry-After: 1\r\n");
}

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strspn(text, token);
    return len > 0 && text[len] == '\0';
}

static bool is_field_value(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

bool upgrade_is_header(const char *name, const char *value)
{
    return is_token(name) && is_field_value(value);
}

int upgrade_add_header(struct upgrade *upgrade, const char *name, const char *value)
{
    size_t used = strlen(upgrade->headers);
    size_t room = sizeof upgrade->headers - used;
    if (!upgrade_is_header(name, value))
        return ERR_INVALID;
    if (strlen(name) + strlen(value) + sizeof ": \r\n" > room)
        return ERR_LIMIT;
    snprintf(upgrade->headers + used, room, "%s: %s\r\n", name, value);
    return OK;
}

size_t upgrade_refusal(const struct upgrade *upgrade, char *out, size_t size)
{
    bool has_reason = upgrade->reason[0] != '\0';
    return http_refusal(upgrade->status, upgrade->headers,
                        has_reason ? upgrade->reason : http_status_text(upgrade->status), out,
                        size);
}
