/*
 * The other ends of the connections of clients without a hub (clients.h): what comes in, what is
 * sent to the server, and what comes from it. Nothing waits; everything here fails the test that
 * calls it if something is not as it should be.
 */
#ifndef SLUICE_TESTS_CLIENT_REMOTES_H
#define SLUICE_TESTS_CLIENT_REMOTES_H

#include "client/clients.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The other end of a client's connection. */
struct remote {
    int socket;
    struct client *client; /* NULL: it was not let in */
};

/* -- coming in -- */

static inline struct request *make_request(const char *subprotocols)
{
    static const char *const names[] = {"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol"};
    const char *values[] = {"localhost", "dGhlIHNhbXBsZSBub25jZQ==", subprotocols};
    struct request *request;
    const struct request_source source = {.method = "GET",
                                          .http_version = "1.1",
                                          .path = "/ws",
                                          .header_count = subprotocols != NULL ? 3 : 2,
                                          .header_names = names,
                                          .header_values = values};
    assert_int_equal(request_create(&source, &request), OK);
    return request;
}

/* An upgrade on its way to a loop; ends[0] is its socket. */
static inline struct handoff *make_handoff(const int ends[2], const char *subprotocols,
                                           const void *early, size_t early_len)
{
    struct handoff *handoff = calloc(1, sizeof *handoff);
    assert_non_null(handoff);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    *handoff = (struct handoff){.mail.deliver = client_accept,
                                .socket = ends[0],
                                .endpoint = clients.endpoint,
                                .address = {.bytes = {[15] = 7}},
                                .request = make_request(subprotocols)};
    if (early_len > 0) {
        handoff->early = malloc(early_len);
        assert_non_null(handoff->early);
        memcpy(handoff->early, early, early_len);
        handoff->early_len = early_len;
    }
    return handoff;
}

static inline void post_handoff(unsigned index, struct handoff *handoff)
{
    atomic_fetch_add(&clients.shards[index].load, 1);
    loop_post(clients_loop(index), &handoff->mail);
}

/* Asks to be let in. What is answered is still to be read. */
static inline struct remote remote_ask(unsigned index, const char *subprotocols, const void *early,
                                       size_t early_len)
{
    int ends[2];
    const struct audience *audience = &clients.endpoint->fanout.audiences[index];
    uint32_t before = audience->count;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    post_handoff(index, make_handoff(ends, subprotocols, early, early_len));
    clients_iterate(index);
    struct remote remote = {.socket = ends[1]};
    if (audience->count > before)
        remote.client = (struct client *)audience->members[audience->count - 1];
    return remote;
}

static inline size_t remote_read(const struct remote *remote, void *data, size_t len)
{
    ssize_t got = recv(remote->socket, data, len, MSG_DONTWAIT);
    return got > 0 ? (size_t)got : 0;
}

/* The head of the response, up to and with its empty line. */
static inline void remote_read_head(const struct remote *remote, char *head, size_t size)
{
    size_t len = 0;
    do {
        assert_true(len + 1 < size);
        assert_int_equal(remote_read(remote, head + len, 1), 1);
        head[++len] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL);
}

/* A client that has been let in. */
static inline struct remote remote_join(unsigned index)
{
    char head[1024];
    const struct audience *audience = &clients.endpoint->fanout.audiences[index];
    uint32_t before = audience->count;
    struct remote remote = remote_ask(index, NULL, NULL, 0);
    assert_int_equal(audience->count, before + 1);
    remote.client = (struct client *)audience->members[before];
    remote_read_head(&remote, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    clients.notes[0] = '\0';
    return remote;
}

/* -- what is sent to the server -- */

/* Writes a masked frame; the mask is 0. Returns its length. */
static inline size_t encode(uint8_t *out, uint8_t first, const void *data, size_t len)
{
    size_t at = 2;
    out[0] = first;
    if (len < 126) {
        out[1] = (uint8_t)(0x80 | len);
    } else {
        assert_true(len <= UINT16_MAX);
        out[1] = 0x80 | 126;
        out[at++] = (uint8_t)(len >> 8);
        out[at++] = (uint8_t)len;
    }
    memset(out + at, 0, 4);
    if (len > 0)
        memcpy(out + at + 4, data, len);
    return at + 4 + len;
}

static inline void remote_write(const struct remote *remote, const void *bytes, size_t len)
{
    assert_int_equal(send(remote->socket, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT), len);
}

static inline void remote_send(const struct remote *remote, enum opcode opcode, const void *data,
                               size_t len)
{
    static uint8_t frame[UINT16_MAX + 14];
    remote_write(remote, frame, encode(frame, (uint8_t)(0x80 | opcode), data, len));
}

static inline void remote_send_text(const struct remote *remote, const char *text)
{
    remote_send(remote, OPCODE_TEXT, text, strlen(text));
}

static inline void remote_send_close(const struct remote *remote, uint16_t code, const char *reason)
{
    uint8_t payload[FRAME_CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    memcpy(payload + 2, reason, strlen(reason));
    remote_send(remote, OPCODE_CLOSE, payload, 2 + strlen(reason));
}

/* -- what comes from the server -- */

static inline void remote_expect(const struct remote *remote, enum opcode opcode, const void *data,
                                 size_t len)
{
    static uint8_t payload[UINT16_MAX];
    uint8_t head[4];
    assert_int_equal(remote_read(remote, head, 2), 2);
    assert_int_equal(head[0], 0x80 | opcode);
    size_t announced = head[1];
    if (announced == 126) {
        assert_int_equal(remote_read(remote, head + 2, 2), 2);
        announced = (size_t)head[2] << 8 | head[3];
    }
    assert_int_equal(announced, len);
    for (size_t at = 0; at < len;) {
        size_t got = remote_read(remote, payload + at, len - at);
        assert_true(got > 0);
        at += got;
    }
    assert_memory_equal(payload, data, len);
}

static inline void remote_expect_text(const struct remote *remote, const char *text)
{
    remote_expect(remote, OPCODE_TEXT, text, strlen(text));
}

static inline void remote_expect_close(const struct remote *remote, uint16_t code,
                                       const char *reason)
{
    uint8_t payload[FRAME_CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
    memcpy(payload + 2, reason, strlen(reason));
    remote_expect(remote, OPCODE_CLOSE, payload, 2 + strlen(reason));
}

static inline void remote_expect_nothing(const struct remote *remote)
{
    char byte;
    assert_int_equal(recv(remote->socket, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* Nothing more will come; the client may still be there. */
static inline void remote_expect_end(const struct remote *remote)
{
    char byte;
    ssize_t got = recv(remote->socket, &byte, 1, MSG_DONTWAIT);
    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
}

/* The connection has ended, and the client with it. */
static inline void remote_expect_gone(struct remote *remote)
{
    remote_expect_end(remote);
    close(remote->socket);
    remote->socket = -1;
    remote->client = NULL;
}

#endif
