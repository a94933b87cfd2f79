#include "ws/handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define KEY_LEN 24 /* 16 bytes in base64 */

static struct handshake_verdict refuse(int status, const char *reason, const char *extra_header)
{
    return (struct handshake_verdict){status, reason, extra_header};
}

static struct handshake_verdict accepted(void)
{
    return refuse(101, "Switching to WebSocket.", NULL);
}

static bool span_is(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static bool has(const struct request *request, const char *name)
{
    return request_header_count(request, name) > 0;
}

/* A request that no WebSocket client sent: it names none of the handshake's own fields. */
static bool is_plain(const struct request *request)
{
    return !has(request, "Upgrade") && !has(request, "Sec-WebSocket-Key") &&
           !has(request, "Sec-WebSocket-Version");
}

/* "1.1" or a later 1.x. */
static bool is_http_1_1(struct span version)
{
    return version.len == 3 && memcmp(version.data, "1.", 2) == 0 && version.data[2] >= '1' &&
           version.data[2] <= '9';
}

/* A body would be read as frames. */
static bool has_body(const struct request *request)
{
    struct span length;
    if (has(request, "Transfer-Encoding") || request_header_count(request, "Content-Length") > 1)
        return true;
    return request_header(request, "Content-Length", &length) && !span_is(length, "0");
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

static bool is_key(struct span key)
{
    if (key.len != KEY_LEN || key.data[KEY_LEN - 1] != '=' || key.data[KEY_LEN - 2] != '=')
        return false;
    for (size_t i = 0; i < KEY_LEN - 2; i++) {
        if (!is_base64(key.data[i]))
            return false;
    }
    return true;
}

static struct handshake_verdict check_http(const struct request *request)
{
    struct span host;
    if (!span_is(request->method, "GET"))
        return refuse(405, "A WebSocket is opened with GET.", "Allow: GET");
    if (is_plain(request))
        return refuse(426, "This is a WebSocket endpoint: connect with a WebSocket client.",
                      "Upgrade: websocket");
    if (!is_http_1_1(request->http_version))
        return refuse(400, "A WebSocket upgrade needs HTTP/1.1.", NULL);
    if (request_header_count(request, "Host") != 1 || !request_header(request, "Host", &host) ||
        host.len == 0)
        return refuse(400, "The request must have exactly one Host header.", NULL);
    if (has_body(request))
        return refuse(400, "An upgrade request must not have a body.", NULL);
    return accepted();
}

static struct handshake_verdict check_upgrade(const struct request *request)
{
    if (!request_list_contains(request, "Upgrade", "websocket", true))
        return refuse(400,
                      "The header \"Upgrade: websocket\" is missing; "
                      "a proxy in between may have removed it.",
                      NULL);
    if (!request_list_contains(request, "Connection", "upgrade", true))
        return refuse(400,
                      "The header \"Connection: Upgrade\" is missing; "
                      "a proxy in between may have removed it.",
                      NULL);
    return accepted();
}

static struct handshake_verdict check_websocket(const struct request *request)
{
    struct span version;
    struct span key;
    if (request_header_count(request, "Sec-WebSocket-Version") > 1)
        return refuse(400, "The header Sec-WebSocket-Version must not be repeated.", NULL);
    if (!request_header(request, "Sec-WebSocket-Version", &version) || !span_is(version, "13"))
        return refuse(426, "This server speaks version 13 of the WebSocket protocol.",
                      "Sec-WebSocket-Version: 13");
    if (request_header_count(request, "Origin") > 1) /* Plugins would look at one of them only. */
        return refuse(400, "The header Origin must not be repeated.", NULL);
    if (request_header_count(request, "Sec-WebSocket-Key") != 1)
        return refuse(400, "The request must have exactly one Sec-WebSocket-Key header.", NULL);
    if (!request_header(request, "Sec-WebSocket-Key", &key) || !is_key(key))
        return refuse(400, "The header Sec-WebSocket-Key must be 16 bytes in base64.", NULL);
    return accepted();
}

struct handshake_verdict handshake_check(const struct request *request)
{
    struct handshake_verdict verdict = check_http(request);
    if (verdict.status == 101)
        verdict = check_upgrade(request);
    if (verdict.status == 101)
        verdict = check_websocket(request);
    return verdict;
}

void handshake_accept(const struct request *request, char accept[HANDSHAKE_ACCEPT_MAX])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* section 1.3 */
    unsigned char text[KEY_LEN + sizeof guid - 1];
    unsigned char digest[SHA_DIGEST_LENGTH];
    struct span key;

    accept[0] = '\0';
    if (!request_header(request, "Sec-WebSocket-Key", &key) || key.len != KEY_LEN)
        return;
    memcpy(text, key.data, KEY_LEN);
    memcpy(text + KEY_LEN, guid, sizeof guid - 1);
    /* It fails only without memory; the client then refuses the empty value. */
    if (SHA1(text, sizeof text, digest) != NULL)
        EVP_EncodeBlock((unsigned char *)accept, digest, (int)sizeof digest);
}

const char *handshake_select_subprotocol(const struct request *request,
                                         const char *const *supported, size_t supported_count)
{
    struct request_list offers;
    struct span offer;
    request_list_init(&offers, request, "Sec-WebSocket-Protocol");
    while (request_list_next(&offers, &offer)) {
        for (size_t i = 0; i < supported_count; i++) {
            if (span_is(offer, supported[i]))
                return supported[i];
        }
    }
    return NULL;
}

/* Appends "Name: value" and the line's end, unless there is no value. */
static size_t append_header(char *out, size_t size, size_t len, const char *name, const char *value)
{
    if (value == NULL || len >= size)
        return len;
    return len + (size_t)snprintf(out + len, size - len, "%s: %s\r\n", name, value);
}

size_t handshake_response(const struct request *request, const char *subprotocol,
                          const char *extensions, char *out, size_t size)
{
    char accept[HANDSHAKE_ACCEPT_MAX];
    handshake_accept(request, accept);
    size_t len = (size_t)snprintf(out, size,
                                  "HTTP/1.1 101 Switching Protocols\r\n"
                                  "Upgrade: websocket\r\n"
                                  "Connection: Upgrade\r\n");
    len = append_header(out, size, len, "Sec-WebSocket-Accept", accept);
    len = append_header(out, size, len, "Sec-WebSocket-Protocol", subprotocol);
    len = append_header(out, size, len, "Sec-WebSocket-Extensions", extensions);
    if (len >= size || size - len < sizeof "\r\n")
        return 0;
    memcpy(out + len, "\r\n", sizeof "\r\n");
    return len + 2;
}
