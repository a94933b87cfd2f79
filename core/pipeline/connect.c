#include "pipeline/connect.h"

#include "client/certificate.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sl_string as_sl_string(struct span span)
{
    return (struct sl_string){.data = span.data, .len = span.len};
}

static void set_subprotocol(struct connect *connect, const char *subprotocol)
{
    snprintf(connect->subprotocol, sizeof connect->subprotocol, "%s", subprotocol);
    connect->seen.subprotocol =
        (struct sl_string){.data = connect->subprotocol, .len = strlen(connect->subprotocol)};
}

void connect_init(struct connect *connect, const struct request *request, bool secure,
                  const char *subprotocol)
{
    *connect = (struct connect){.request = request, .status = 403};
    connect->seen = (struct sl_request){.struct_size = sizeof connect->seen,
                                        .secure = secure,
                                        .path = as_sl_string(request->path),
                                        .query = as_sl_string(request->query)};
    set_subprotocol(connect, subprotocol != NULL ? subprotocol : "");
}

int connect_create(struct upgrade *upgrade, const SSL *tls, const char *subprotocol,
                   struct connect **out)
{
    struct connect *connect = malloc(sizeof *connect);
    if (connect == NULL)
        return ERR_NO_MEMORY;
    connect_init(connect, upgrade->request, tls != NULL, subprotocol);
    connect->references = 1;
    connect->upgrade = upgrade;
    connect->peer = certificate_of_peer(tls); /* The client and its SSL may be gone first. */
    *out = connect;
    return OK;
}

void connect_unref(struct connect *connect)
{
    if (connect == NULL || --connect->references > 0)
        return;
    upgrade_destroy(connect->upgrade);
    X509_free(connect->peer);
    free(connect->certificate);
    free(connect);
}

int connect_select_subprotocol(struct connect *connect, const char *subprotocol)
{
    if (strlen(subprotocol) >= sizeof connect->subprotocol ||
        !request_list_contains(connect->request, "Sec-WebSocket-Protocol", subprotocol, false))
        return ERR_INVALID;
    set_subprotocol(connect, subprotocol);
    return OK;
}

void connect_restore(struct connect *connect, const struct connect *before)
{
    char chosen[HANDSHAKE_SUBPROTOCOL_MAX];
    unsigned references = connect->references;
    char *certificate = connect->certificate;
    memcpy(chosen, connect->subprotocol, sizeof chosen);
    *connect = *before;
    connect->references = references;
    connect->certificate = certificate;
    set_subprotocol(connect, before->subprotocol);
    if (strcmp(chosen, before->subprotocol) != 0)
        memcpy(connect->shadow_subprotocol, chosen, sizeof chosen);
}

const char *connect_subprotocol(const struct connect *connect)
{
    if (connect->subprotocol[0] != '\0')
        return connect->subprotocol;
    return connect->shadow_subprotocol[0] != '\0' ? connect->shadow_subprotocol : NULL;
}

void connect_refuse(struct connect *connect, int status, const char *reason)
{
    connect->status = status >= 400 && status <= 599 ? status : 403;
    snprintf(connect->reason, sizeof connect->reason, "%s", reason != NULL ? reason : "");
}

void connect_refuse_unchecked(struct connect *connect)
{
    connect_refuse(connect, 503, "The request could not be checked; try again");
    snprintf(connect->headers, sizeof connect->headers, "Retry-After: 1\r\n");
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

int connect_add_header(struct connect *connect, const char *name, const char *value)
{
    size_t used = strlen(connect->headers);
    size_t room = sizeof connect->headers - used;
    if (!is_token(name) || !is_field_value(value))
        return ERR_INVALID;
    if (strlen(name) + strlen(value) + sizeof ": \r\n" > room)
        return ERR_LIMIT;
    snprintf(connect->headers + used, room, "%s: %s\r\n", name, value);
    return OK;
}

static const char *status_text(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return status < 500 ? "Client Error" : "Server Error";
    }
}

size_t connect_refusal(const struct connect *connect, char *out, size_t size)
{
    const char *text = status_text(connect->status);
    const char *body = connect->reason[0] != '\0' ? connect->reason : text;
    int len = snprintf(out, size,
                       "HTTP/1.1 %d %s\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %zu\r\n"
                       "Cache-Control: no-store\r\n"
                       "Connection: close\r\n"
                       "%s\r\n%s\n",
                       connect->status, text, strlen(body) + 1, connect->headers, body);
    return len > 0 && (size_t)len < size ? (size_t)len : 0;
}
