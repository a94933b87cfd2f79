#include "connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 2048
#define SOURCE_ADDRESSES 32
#define READ_SIZE (256u * 1024u)

/* One key for all: what is measured is the server, and its answer can be a constant (it is the
 * example of RFC 6455, section 1.3). */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* All connections read into the same place: nothing that is read has to last. */
static uint8_t scratch[READ_SIZE];

/* Opens a socket bound to 127.0.0.2 to 127.0.0.33 in turn: each has its own 28,000 ports. */
static int open_socket(size_t index, bool is_slow)
{
    int one = 1;
    int few = 4096;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(0x7f000002u + (uint32_t)(index % SOURCE_ADDRESSES));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* The port is then chosen by connect, which knows the whole four-tuple. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (is_slow)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Edge-triggered: with thousands of busy sockets the kernel then looks at each of them once. Adding
 * and modifying report what is ready already. */
static int watch(struct connection *connection, int operation, bool wants_write)
{
    struct epoll_event event = {.events = EPOLLET | EPOLLIN | (wants_write ? EPOLLOUT : 0u),
                                .data.ptr = connection};
    connection->wants_write = wants_write;
    return epoll_ctl(connection->epoll, operation, connection->socket, &event);
}

struct pattern pattern_create(const char *mark, size_t payload, size_t copies)
{
    struct pattern pattern = {.bytes = malloc((payload + FRAME_HEAD_MAX) * copies)};
    if (!pattern.bytes)
        return pattern;
    for (size_t i = 0; i < copies; i++)
        pattern.message_len =
            frame_build(pattern.bytes + i * pattern.message_len, mark, payload, (uint32_t)i);
    pattern.len = pattern.message_len * copies;
    return pattern;
}

int connection_start(struct connection *connection, const struct options *options, int epoll,
                     size_t index)
{
    connection->is_slow = index >= options->clients - options->slow && index < options->clients;
    connection->socket = open_socket(index, connection->is_slow);
    if (connection->socket < 0)
        return -1;
    connection->topic = options->topics > 0 ? index % options->topics : 0;
    connection->epoll = epoll;
    connection->state = CONNECTION_CONNECTING;
    connection->request_sent = false;
    /* One of several senders has to tell its own messages by what they begin with. */
    connection->offers_compression =
        options->compress &&
        (options->mode == MODE_ECHO || options->senders == 1 || index >= options->senders);
    connection->pattern_at = 0;
    connection->owed = 0;
    connection->reader = (struct frame_reader){0};
    connection->head_len = 0;
    connection->head = malloc(HEAD_MAX + 1);
    if (options->tls)
        connection->tls = tls_begin(options->tls, connection->socket,
                                    options->resume ? connection->session : NULL);
    if (!connection->head || (options->tls && !connection->tls) ||
        (connect(connection->socket, (const struct sockaddr *)&options->server,
                 sizeof options->server) < 0 &&
         errno != EINPROGRESS) ||
        watch(connection, EPOLL_CTL_ADD, true) < 0) {
        int saved = errno;
        connection_reset(connection);
        errno = saved;
        return -1;
    }
    return 0;
}

/* As browsers write it. */
#define COMPRESSION_OFFER "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

static ssize_t send_bytes(struct connection *connection, const void *data, size_t len)
{
    return connection->tls ? tls_send(connection->tls, data, len)
                           : send(connection->socket, data, len, MSG_NOSIGNAL);
}

static ssize_t receive_bytes(struct connection *connection, void *data, size_t len)
{
    return connection->tls ? tls_receive(connection->tls, data, len)
                           : recv(connection->socket, data, len, 0);
}

static int send_request(struct connection *connection, const struct options *options)
{
    char request[512];
    char topic[32] = "";
    if (options->topics > 0)
        snprintf(topic, sizeof topic, "?topic=t%zu", connection->topic);
    int len = snprintf(request, sizeof request,
                       "GET %s%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\n"
                       "Sec-WebSocket-Version: 13\r\n%s\r\n",
                       options->path, topic, options->authority,
                       connection->offers_compression ? COMPRESSION_OFFER : "");
    ssize_t sent = send_bytes(connection, request, (size_t)len);
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return 0;
    connection->request_sent = sent == len;
    return connection->request_sent ? watch(connection, EPOLL_CTL_MOD, false) : -1;
}

/* Looks at the response head. Returns 1 if it is complete and good, 0 if not yet complete. */
static int check_head(struct connection *connection, struct frame_count *count, const char **why)
{
    connection->head[connection->head_len] = '\0';
    char *end = strstr(connection->head, "\r\n\r\n");
    if (!end) {
        *why = "the response head is too long";
        return connection->head_len < HEAD_MAX ? 0 : -1;
    }
    if (strncmp(connection->head, "HTTP/1.1 101 ", 13) != 0) {
        *why = "the server did not answer with 101";
        return -1;
    }
    if (!strstr(connection->head, ACCEPT)) {
        *why = "Sec-WebSocket-Accept is missing or wrong";
        return -1;
    }
    size_t used = (size_t)(end + 4 - connection->head);
    frame_reader_feed(&connection->reader, (const uint8_t *)connection->head + used,
                      connection->head_len - used, connection->mark, count);
    free(connection->head);
    connection->head = NULL;
    connection->state = CONNECTION_OPEN;
    return 1;
}

int connection_advance(struct connection *connection, const struct options *options,
                       struct frame_count *count, const char **why)
{
    if (!connection->request_sent) {
        *why = "the connection was refused";
        return send_request(connection, options);
    }
    int open = 0;
    while (open == 0) {
        ssize_t got = receive_bytes(connection, connection->head + connection->head_len,
                                    HEAD_MAX - connection->head_len);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got <= 0) {
            *why = "the server closed the connection during the handshake";
            return -1;
        }
        connection->head_len += (size_t)got;
        open = check_head(connection, count, why);
    }
    if (open > 0 && connection->is_slow)
        epoll_ctl(connection->epoll, EPOLL_CTL_DEL, connection->socket, NULL);
    else if (open > 0 && connection->tls) /* OpenSSL may hold more than that */
        open = connection_receive(connection, count) < 0 ? -1 : 1;
    else if (open > 0 && connection->head_len == HEAD_MAX) /* more than fitted: ask to be told */
        watch(connection, EPOLL_CTL_MOD, false);
    return open;
}

int connection_send(struct connection *connection, uint64_t messages)
{
    const struct pattern *pattern = connection->pattern;
    connection->owed += messages * pattern->message_len;
    while (connection->owed > 0) {
        uint64_t len = pattern->len - connection->pattern_at;
        if (len > connection->owed)
            len = connection->owed;
        ssize_t sent = send_bytes(connection, pattern->bytes + connection->pattern_at, (size_t)len);
        if (sent < 0 && errno != EAGAIN)
            return -1;
        if (sent < 0)
            break;
        connection->owed -= (uint64_t)sent;
        connection->pattern_at = (connection->pattern_at + (size_t)sent) % pattern->len;
    }
    bool wants_write = connection->owed > 0;
    return wants_write == connection->wants_write ? 0
                                                  : watch(connection, EPOLL_CTL_MOD, wants_write);
}

int connection_receive(struct connection *connection, struct frame_count *count)
{
    ssize_t got;
    do {
        got = receive_bytes(connection, scratch, sizeof scratch);
        if (got < 0 && errno == EAGAIN)
            return 0;
        if (got <= 0)
            return -1;
        frame_reader_feed(&connection->reader, scratch, (size_t)got, connection->mark, count);
    } while ((size_t)got == sizeof scratch || connection->tls); /* less: the socket is empty */
    return count->closed ? -1 : 0;
}

int connection_write(struct connection *connection, const uint8_t *data, size_t len)
{
    return send_bytes(connection, data, len) == (ssize_t)len ? 0 : -1;
}

void connection_reset(struct connection *connection)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (connection->tls) {
        SSL_SESSION_free(connection->session);
        connection->session = tls_end(connection->tls);
        connection->tls = NULL;
    }
    if (connection->socket >= 0) {
        setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close(connection->socket);
    }
    free(connection->head);
    connection->head = NULL;
    connection->socket = -1;
    connection->state = CONNECTION_NONE;
}

void connection_deinit(struct connection *connection)
{
    connection_reset(connection);
    SSL_SESSION_free(connection->session);
    connection->session = NULL;
}
