#include "host/host_request.h"

#include "host/certificate_field.h"
#include "host/host_internal.h"

#include <openssl/err.h>
#include <stdlib.h>

static bool give_text(bool found, struct span value, struct sl_string *out)
{
    if (found)
        *out = (struct sl_string){.data = value.data, .len = value.len};
    return found;
}

bool host_request_header(const struct sl_request *request, const char *name, struct sl_string *out)
{
    struct span value = {0};
    return give_text(request_header(upgrade_of(request)->request, name, &value), value, out);
}

bool host_request_query(const struct sl_request *request, const char *name, struct sl_string *out)
{
    struct span value = {0};
    return give_text(request_parameter(upgrade_of(request)->request, name, &value), value, out);
}

bool host_request_cookie(const struct sl_request *request, const char *name, struct sl_string *out)
{
    struct span value = {0};
    return give_text(request_cookie(upgrade_of(request)->request, name, &value), value, out);
}

bool host_request_subprotocol(const struct sl_request *request, size_t index, struct sl_string *out)
{
    struct span value = {0};
    return give_text(
        request_list_element(upgrade_of(request)->request, "Sec-WebSocket-Protocol", index, &value),
        value, out);
}

int host_select_subprotocol(struct sl_request *request, const char *subprotocol)
{
    return upgrade_select_subprotocol(upgrade_of(request), subprotocol) == OK ? 0 : -1;
}

enum sl_verdict host_deny(struct sl_request *request, int status, const char *reason)
{
    upgrade_refuse(upgrade_of(request), status, reason);
    return SL_DENY;
}

int host_deny_header(struct sl_request *request, const char *name, const char *value)
{
    return upgrade_add_header(upgrade_of(request), name, value) == OK ? 0 : -1;
}

bool host_request_certificate(const struct sl_request *request, enum sl_certificate_field field,
                              size_t index, struct sl_string *out)
{
    struct upgrade *upgrade = upgrade_of(request);
    if (upgrade->peer == NULL || hook_instance() == NULL)
        return false;
    free(upgrade->certificate);
    upgrade->certificate = certificate_read(upgrade->peer, field, index, &out->len);
    ERR_clear_error(); /* The next SSL_get_error would read what is left there. */
    out->data = upgrade->certificate;
    return out->data != NULL;
}
