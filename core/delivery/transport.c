#include "delivery/transport.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/tls_stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* libc's struct tcp_info ends before the counters of bytes */
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS_RECORD_MAX (16u * 1024)

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* What a failed SSL_read or SSL_write means for us. */
static ssize_t tls_result(const struct receiver *receiver, int result)
{
    int error = SSL_get_error(receiver->tls, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : ERR_CLOSED;
}

static ssize_t tls_read(struct receiver *receiver, uint8_t *data, size_t size)
{
    size_t total = 0;
    tls_stream_begin_turn(receiver->tls);
    while (total < size) {
        size_t got = 0;
        int result = SSL_read_ex(receiver->tls, data + total, size - total, &got);
        if (result <= 0) {
            ssize_t outcome = tls_result(receiver, result);
            return total > 0 ? (ssize_t)total : outcome; /* A failure is met again. */
        }
        total += got;
    }
    return (ssize_t)total;
}

ssize_t transport_read(struct receiver *receiver, void *data, size_t size)
{
    counter_add(&receiver->loop->stats.reads, 1);
    ssize_t got;
    if (receiver->tls != NULL) {
        got = tls_read(receiver, data, size);
    } else {
        got = recv(receiver->socket, data, size, MSG_DONTWAIT);
        if (got < 0)
            got = would_block() ? 0 : ERR_CLOSED;
        else if (got == 0)
            got = ERR_CLOSED;
    }
    if (got > 0)
        counter_add(&receiver->audience->bytes_in, (uint64_t)got);
    return got;
}

size_t transport_pending(const struct receiver *receiver)
{
    return receiver->tls != NULL ? (size_t)SSL_pending(receiver->tls) : 0;
}

bool transport_has_input(const struct receiver *receiver)
{
    char byte;
    return recv(receiver->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool transport_ask_delivery(const struct receiver *receiver, struct transport_delivery *delivery)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    const size_t needed =
        offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
    int outstanding;
    if (getsockopt(receiver->socket, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || len < needed ||
        ioctl(receiver->socket, SIOCOUTQ, &outstanding) != 0)
        return false;
    delivery->acknowledged = (uint32_t)info.tcpi_bytes_acked;
    delivery->outstanding = (size_t)outstanding;
    return true;
}

bool transport_ask_traffic(const struct receiver *receiver, uint64_t *in, uint64_t *out)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    const size_t needed =
        offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
    if (getsockopt(receiver->socket, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || len < needed)
        return false;
    *in = info.tcpi_bytes_received;
    *out = info.tcpi_bytes_acked;
    return true;
}

/* A record of its own for each small piece would cost more than copying them together. */
static size_t collect_record(uint8_t record[TLS_RECORD_MAX], const struct iovec *pieces,
                             size_t count, size_t skip)
{
    size_t len = 0;
    for (size_t i = 0; i < count && len < TLS_RECORD_MAX; i++) {
        if (skip >= pieces[i].iov_len) {
            skip -= pieces[i].iov_len;
            continue;
        }
        size_t take = pieces[i].iov_len - skip;
        if (take > TLS_RECORD_MAX - len)
            take = TLS_RECORD_MAX - len;
        memcpy(record + len, (const uint8_t *)pieces[i].iov_base + skip, take);
        len += take;
        skip = 0;
    }
    return len;
}

static ssize_t tls_write(struct receiver *receiver, const struct iovec *pieces, size_t count)
{
    uint8_t record[TLS_RECORD_MAX];
    size_t total = 0;
    for (;;) {
        size_t len = collect_record(record, pieces, count, total);
        size_t written = 0;
        if (len == 0)
            return (ssize_t)total;
        int result = SSL_write_ex(receiver->tls, record, len, &written);
        if (result <= 0) {
            ssize_t outcome = tls_result(receiver, result);
            receiver->tls_retry = (uint32_t)len;
            return outcome < 0 ? outcome : (ssize_t)total;
        }
        receiver->tls_retry = 0;
        total += written;
    }
}

static ssize_t plain_write(struct receiver *receiver, const struct iovec *pieces, size_t count)
{
    ssize_t sent;
    if (count == 1) {
        sent =
            send(receiver->socket, pieces->iov_base, pieces->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
        struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
        sent = sendmsg(receiver->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (sent < 0)
        return would_block() ? 0 : ERR_CLOSED;
    return sent;
}

ssize_t transport_send(struct receiver *receiver, const struct iovec *pieces, size_t count)
{
    counter_add(&receiver->loop->stats.writes, 1);
    return plain_write(receiver, pieces, count);
}

ssize_t transport_write(struct receiver *receiver, const struct iovec *pieces, size_t count)
{
    counter_add(&receiver->loop->stats.writes, 1);
    ssize_t sent = receiver->tls != NULL ? tls_write(receiver, pieces, count)
                                         : plain_write(receiver, pieces, count);
    if (sent > 0)
        counter_add(&receiver->audience->bytes_out, (uint64_t)sent);
    if (receiver->has_rest)
        receiver->has_rest = receiver_rest(receiver) > 0;
    return sent;
}

/* -- records that are collected -- */

bool transport_encrypt(struct receiver *receiver, const struct iovec *pieces, size_t count,
                       struct tls_sink *sink)
{
    struct tls_output *output = tls_stream_output(receiver->tls);
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += pieces[i].iov_len;
    output->sink = sink;
    ssize_t encrypted = tls_write(receiver, pieces, count);
    output->sink = NULL;
    return encrypted >= 0 && (size_t)encrypted == len;
}

int transport_keep_rest(struct receiver *receiver, const void *bytes, size_t len)
{
    int error = tls_output_keep(tls_stream_output(receiver->tls), bytes, len,
                                &receiver->loop->delivery->queued);
    receiver->has_rest = error == OK;
    return error;
}

int transport_send_rest(struct receiver *receiver)
{
    counter_add(&receiver->loop->stats.writes, 1);
    int error = tls_output_send_rest(tls_stream_output(receiver->tls), receiver->socket);
    receiver->has_rest = receiver_rest(receiver) > 0;
    return error;
}

/* -- the end -- */

void transport_shutdown(struct receiver *receiver)
{
    if (receiver->tls != NULL) {
        SSL_shutdown(receiver->tls);
        ERR_clear_error();
    }
    shutdown(receiver->socket, SHUT_WR);
}

void transport_close(struct receiver *receiver)
{
    SSL_free(receiver->tls);
    receiver->has_rest = false;
    receiver->tls = NULL;
    if (receiver->socket >= 0)
        close(receiver->socket);
    receiver->socket = -1;
}
