#include "ws/client_side.h"

#include "ws/handshake.h"
#include "ws/request.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BIT_MASK 0x80

void client_key_encode(const uint8_t bytes[CLIENT_KEY_BYTES], char key[CLIENT_KEY_MAX])
{
    EVP_EncodeBlock((unsigned char *)key, bytes, CLIENT_KEY_BYTES);
}

/* -- the request -- */

static int append_text(struct buffer *out, const char *text)
{
    return buffer_append(out, text, strlen(text));
}

static int append_all(struct buffer *out, const char *const *texts, size_t count)
{
    int error = OK;
    for (size_t i = 0; i < count && error == OK; i++)
        error = append_text(out, texts[i]);
    return error;
}

static int append_subprotocols(struct buffer *out, const struct client_request *request)
{
    int error = OK;
    for (size_t i = 0; i < request->subprotocol_count && error == OK; i++) {
        error = append_text(out, i == 0 ? "Sec-WebSocket-Protocol: " : ", ");
        if (error == OK)
            error = append_text(out, request->subprotocols[i]);
    }
    return error == OK && request->subprotocol_count > 0 ? append_text(out, "\r\n") : error;
}

static bool has_own_host(const struct client_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strncasecmp(request->headers[i], "Host:", 5) == 0)
            return true;
    return false;
}

int client_request_append(struct buffer *out, const struct client_request *request)
{
    const char *const first[] = {"GET ", request->target, " HTTP/1.1\r\n"};
    const char *const host[] = {"Host: ", request->host, "\r\n"};
    const char *const upgrade[] = {"Upgrade: websocket\r\nConnection: Upgrade\r\n",
                                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ", request->key,
                                   "\r\n"};
    int error = append_all(out, first, 3);
    if (error == OK && !has_own_host(request))
        error = append_all(out, host, 3);
    if (error == OK)
        error = append_all(out, upgrade, 4);
    if (error == OK)
        error = append_subprotocols(out, request);
    for (size_t i = 0; i < request->header_count && error == OK; i++) {
        const char *const line[] = {request->headers[i], "\r\n"};
        error = append_all(out, line, 2);
    }
    return error == OK ? append_text(out, "\r\n") : error;
}

/* -- the response -- */

/* The head's lines: a copy whose lines and names have been cut apart by zero bytes. */
struct head {
    char *text;
    size_t count;
    const char *names[CLIENT_RESPONSE_HEADERS_MAX];
    const char *values[CLIENT_RESPONSE_HEADERS_MAX];
};

static void copy_cut(char *to, size_t size, const char *from, size_t len)
{
    size_t copied = len < size ? len : size - 1;
    memcpy(to, from, copied);
    to[copied] = '\0';
}

/* "HTTP/1.1 101 Switching Protocols" */
static bool read_status_line(const char *line, struct client_response *response)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
        return false;
    const char *status = line + 9;
    if (strspn(status, "0123456789") != 3 || (status[3] != ' ' && status[3] != '\0'))
        return false;
    response->status = atoi(status);
    const char *phrase = status[3] == ' ' ? status + 4 : status + 3;
    copy_cut(response->phrase, sizeof response->phrase, phrase, strlen(phrase));
    return true;
}

/* Cuts the lines behind the first one apart. Returns 0, ERR_INVALID or ERR_LIMIT. */
static int split_headers(struct head *head, char *at)
{
    while (*at != '\0') {
        char *end = strstr(at, "\r\n");
        char *colon = strchr(at, ':');
        if (end == NULL || colon == NULL || colon > end || colon == at)
            return ERR_INVALID;
        if (head->count == CLIENT_RESPONSE_HEADERS_MAX)
            return ERR_LIMIT;
        *colon = '\0';
        *end = '\0';
        head->names[head->count] = at;
        head->values[head->count++] = colon + 1;
        at = end + 2;
    }
    return OK;
}

/* Reads a length of a body; what is no length means: until the end. */
static size_t announced_length(const struct request *answer)
{
    struct span length;
    if (!request_header(answer, "Content-Length", &length) || length.len == 0 || length.len > 9 ||
        strspn(length.data, "0123456789") != length.len)
        return CLIENT_BODY_TO_END;
    return (size_t)strtoul(length.data, NULL, 10);
}

static bool is_accepted(const struct client_request *request, const struct request *answer)
{
    const struct request_field field = {{"Sec-WebSocket-Key", 17},
                                        {request->key, strlen(request->key)}};
    const struct request asked = {.headers = &field, .header_count = 1};
    char accept[HANDSHAKE_ACCEPT_MAX];
    struct span found;
    handshake_accept(&asked, accept);
    return request_header_count(answer, "Sec-WebSocket-Accept") == 1 &&
           request_header(answer, "Sec-WebSocket-Accept", &found) && found.len == strlen(accept) &&
           memcmp(found.data, accept, found.len) == 0;
}

static bool is_offered(const struct client_request *request, struct span subprotocol)
{
    for (size_t i = 0; i < request->subprotocol_count; i++)
        if (strlen(request->subprotocols[i]) == subprotocol.len &&
            memcmp(request->subprotocols[i], subprotocol.data, subprotocol.len) == 0)
            return true;
    return false;
}

/* What a 101 lacks (4.1), or NULL. */
static const char *check_upgrade(const struct client_request *request, const struct request *answer,
                                 struct client_response *response)
{
    struct span subprotocol;
    if (!request_list_contains(answer, "Upgrade", "websocket", true))
        return "the answer has no \"Upgrade: websocket\"";
    if (!request_list_contains(answer, "Connection", "upgrade", true))
        return "the answer has no \"Connection: Upgrade\"";
    if (!is_accepted(request, answer))
        return "Sec-WebSocket-Accept does not fit the key";
    if (request_header_count(answer, "Sec-WebSocket-Extensions") > 0)
        return "it uses an extension that was not offered";
    if (request_header_count(answer, "Sec-WebSocket-Protocol") == 0)
        return NULL;
    if (request_header_count(answer, "Sec-WebSocket-Protocol") > 1 ||
        !request_header(answer, "Sec-WebSocket-Protocol", &subprotocol) ||
        !is_offered(request, subprotocol))
        return "it chose a subprotocol that was not offered";
    copy_cut(response->subprotocol, sizeof response->subprotocol, subprotocol.data,
             subprotocol.len);
    return NULL;
}

static int read_headers(const struct client_request *request, const struct head *head,
                        struct client_response *response)
{
    const struct request_source source = {.method = "",
                                          .http_version = "",
                                          .path = "",
                                          .header_count = head->count,
                                          .header_names = head->names,
                                          .header_values = head->values};
    struct request *answer;
    struct span location;
    int error = request_create(&source, &answer);
    if (error != OK)
        return error;
    response->body_len = announced_length(answer);
    response->has_coding = request_header_count(answer, "Transfer-Encoding") > 0;
    if (request_header(answer, "Location", &location))
        copy_cut(response->location, sizeof response->location, location.data, location.len);
    if (response->status == 101)
        response->wrong = check_upgrade(request, answer, response);
    request_destroy(answer);
    return 1;
}

int client_response_read(const struct client_request *request, const char *data, size_t len,
                         size_t max, struct client_response *response)
{
    static const char begins[] = "HTTP/";
    size_t begun = len < sizeof begins - 1 ? len : sizeof begins - 1;
    struct head head = {.count = 0};
    memset(response, 0, sizeof *response);
    if (begun > 0 && memcmp(data, begins, begun) != 0)
        return ERR_INVALID;
    if (begun < sizeof begins - 1)
        return 0;
    const char *end = memmem(data, len, "\r\n\r\n", 4);
    if (end == NULL)
        return len < max ? 0 : ERR_LIMIT;
    response->head_len = (size_t)(end - data) + 4;
    if (response->head_len > max)
        return ERR_LIMIT;
    if (memchr(data, '\0', response->head_len) != NULL)
        return ERR_INVALID;
    head.text = strndup(data, response->head_len - 2);
    if (head.text == NULL)
        return ERR_NO_MEMORY;
    char *first_end = strstr(head.text, "\r\n");
    *first_end = '\0';
    int result =
        read_status_line(head.text, response) ? split_headers(&head, first_end + 2) : ERR_INVALID;
    if (result == OK)
        result = read_headers(request, &head, response);
    free(head.text);
    return result;
}

bool client_response_is_interim(const struct client_response *response)
{
    return response->status >= 100 && response->status < 200 && response->status != 101;
}

/* -- frames -- */

int client_frame_append(struct buffer *out, enum opcode opcode, const void *data, size_t len,
                        const uint8_t mask[4])
{
    uint8_t header[FRAME_HEADER_MAX];
    uint8_t *to;
    size_t header_len = frame_encode_header(header, opcode, len);
    int error = buffer_extend(out, header_len + 4 + len, &to);
    if (error != OK)
        return error;
    header[1] |= BIT_MASK;
    memcpy(to, header, header_len);
    memcpy(to + header_len, mask, 4);
    to += header_len + 4;
    for (size_t i = 0; i < len; i++)
        to[i] = ((const uint8_t *)data)[i] ^ mask[i % 4];
    return OK;
}

int client_close_append(struct buffer *out, uint16_t code, const uint8_t mask[4])
{
    const uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    return client_frame_append(out, OPCODE_CLOSE, payload,
                               code == CLOSE_NO_STATUS ? 0 : sizeof payload, mask);
}
