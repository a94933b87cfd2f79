#include "connect/stream.h"

#include "base/clock.h"
#include "cli/interruption.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is done now, for those who wait and for those who complain. */
struct opening {
    struct stream *stream;
    const struct url *url;
    const struct stream_tls *tls;
    int64_t deadline;
    char *why;
    size_t size;
};

static bool __attribute__((format(printf, 2, 3))) failed(const struct opening *opening,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(opening->why, opening->size, format, arguments);
    va_end(arguments);
    return false;
}

/* Waits for the socket. Returns whether it is ready; a sentence is written if not. */
static bool wait_for_socket(const struct opening *opening, short events)
{
    struct pollfd socket = {.fd = opening->stream->fd, .events = events};
    for (;;) {
        int64_t left = opening->deadline - clock_monotonic();
        if (interruption_came())
            return failed(opening, "interrupted");
        if (left <= 0)
            return failed(opening, "the time is over");
        if (interruption_poll(&socket, 1, left) > 0)
            return true;
    }
}

/* -- TCP -- */

static bool connect_socket(const struct opening *opening, const struct addrinfo *address)
{
    int on = 1, error = 0;
    socklen_t len = sizeof error;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(opening, "%s", strerror(errno));
    opening->stream->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS && errno != EINTR)
        return failed(opening, "%s", strerror(errno));
    if (!wait_for_socket(opening, POLLOUT))
        return false;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    return error == 0 || failed(opening, "%s", strerror(error));
}

static void close_socket(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

/* Tries an address of which `left` are left, itself included: a silent one has no more than its
 * share of the time. */
static bool try_address(const struct opening *opening, const struct addrinfo *address, int64_t left)
{
    struct opening one = *opening;
    int64_t now = clock_monotonic();
    one.deadline = now + (opening->deadline - now) / left;
    return connect_socket(&one, address);
}

static bool open_tcp(const struct opening *opening)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    bool is_open = false;
    int64_t left = 0;
    int error = getaddrinfo(opening->url->host, opening->url->port, &hints, &found);
    if (error != 0)
        return failed(opening, "%s: %s", opening->url->host,
                      error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
        left++;
    for (const struct addrinfo *at = found; at != NULL && !is_open; at = at->ai_next) {
        close_socket(opening->stream);
        is_open = try_address(opening, at, left--);
    }
    freeaddrinfo(found);
    return is_open;
}

/* -- TLS -- */

/* OpenSSL's first complaint, or `otherwise`. Leaves its queue empty. */
static const char *openssl_reason(const char *otherwise)
{
    unsigned long error = ERR_get_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    ERR_clear_error();
    return reason != NULL ? reason : otherwise;
}

static bool load_own_certificate(const struct opening *opening, SSL_CTX *context)
{
    const struct stream_tls *tls = opening->tls;
    const char *key = tls->key != NULL ? tls->key : tls->certificate;
    if (tls->certificate == NULL)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1)
        return failed(opening, "cannot use the certificate in %s: %s", tls->certificate,
                      openssl_reason("it is none"));
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return failed(opening, "cannot use the key in %s: %s", key,
                      openssl_reason("it is not the certificate's"));
    return true;
}

static bool load_trusted(const struct opening *opening, SSL_CTX *context)
{
    const char *ca = opening->tls->ca;
    if (opening->tls->is_insecure)
        return true;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (ca == NULL)
        SSL_CTX_set_default_verify_paths(context);
    else if (SSL_CTX_load_verify_file(context, ca) != 1)
        return failed(opening, "cannot use the certificates in %s: %s", ca,
                      openssl_reason("there are none"));
    return true;
}

/* The name, or the address, that the server's certificate has to be for. */
static bool name_server(const struct opening *opening, SSL *ssl)
{
    const char *host = opening->url->host;
    struct in6_addr address;
    bool is_address =
        inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    int result = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                            : SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host);
    return result == 1 || failed(opening, "'%s' cannot be the name of a server", host);
}

static bool set_up_tls(const struct opening *opening)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    struct stream *stream = opening->stream;
    stream->context = SSL_CTX_new(TLS_client_method());
    if (stream->context == NULL)
        return failed(opening, "out of memory");
    SSL_CTX_set_min_proto_version(stream->context, TLS1_2_VERSION);
    SSL_CTX_set_mode(stream->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!load_trusted(opening, stream->context) || !load_own_certificate(opening, stream->context))
        return false;
    stream->ssl = SSL_new(stream->context);
    if (stream->ssl == NULL || SSL_set_fd(stream->ssl, stream->fd) != 1 ||
        SSL_set_alpn_protos(stream->ssl, protocols, sizeof protocols - 1) != 0)
        return failed(opening, "out of memory");
    return name_server(opening, stream->ssl);
}

/* The poll event that OpenSSL waits for after `result`, or 0: none. */
static short event_wanted(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return POLLIN;
    case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
    default:
        return 0;
    }
}

static bool complain_of_tls(const struct opening *opening)
{
    long verified = SSL_get_verify_result(opening->stream->ssl);
    if (verified != X509_V_OK && !opening->tls->is_insecure)
        return failed(opening,
                      "the server's certificate is not good: %s; --ca FILE names whom to trust, "
                      "--insecure takes any certificate",
                      X509_verify_cert_error_string(verified));
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER)
        return failed(opening, "the server does not speak TLS there: is it ws://?");
    return failed(opening, "TLS: %s", openssl_reason("the connection ended"));
}

static bool negotiate_tls(const struct opening *opening)
{
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(opening->stream->ssl);
        if (result == 1)
            return true;
        short events = event_wanted(opening->stream->ssl, result);
        if (events == 0)
            return complain_of_tls(opening);
        if (!wait_for_socket(opening, events))
            return false;
    }
}

/* -- the stream -- */

bool stream_open(struct stream *stream, const struct url *url, const struct stream_tls *tls,
                 int64_t deadline, char *why, size_t size)
{
    const struct opening opening = {stream, url, tls, deadline, why, size};
    *stream = (struct stream){.fd = -1, .read_wants = POLLIN, .write_wants = POLLOUT};
    bool is_open =
        open_tcp(&opening) && (!url->is_tls || (set_up_tls(&opening) && negotiate_tls(&opening)));
    if (!is_open)
        stream_close(stream);
    return is_open;
}

static ssize_t result_of_call(struct stream *stream, ssize_t result)
{
    if (result >= 0)
        return result;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return STREAM_AGAIN;
    stream->failure = errno == ECONNRESET || errno == EPIPE ? "it was reset" : "it broke down";
    return STREAM_FAILED;
}

/* What a call of OpenSSL's has come to. Sets *wants if it is to be repeated. */
static ssize_t result_of_tls(struct stream *stream, int result, short otherwise, short *wants)
{
    *wants = otherwise;
    if (result > 0)
        return result;
    short events = event_wanted(stream->ssl, result);
    if (events != 0) {
        *wants = events;
        return STREAM_AGAIN;
    }
    /* Many servers end the connection without ending TLS. After a close frame that does not matter,
     * and without one it is reported in any case. */
    if (SSL_get_error(stream->ssl, result) == SSL_ERROR_ZERO_RETURN ||
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return 0;
    stream->failure = openssl_reason("it was reset");
    return STREAM_FAILED;
}

ssize_t stream_read(struct stream *stream, void *data, size_t size)
{
    if (stream->ssl == NULL)
        return result_of_call(stream, recv(stream->fd, data, size, 0));
    ERR_clear_error();
    return result_of_tls(stream, SSL_read(stream->ssl, data, size < INT_MAX ? (int)size : INT_MAX),
                         POLLIN, &stream->read_wants);
}

ssize_t stream_write(struct stream *stream, const void *data, size_t len)
{
    if (stream->ssl == NULL)
        return result_of_call(stream, send(stream->fd, data, len, MSG_NOSIGNAL));
    ERR_clear_error();
    ssize_t result =
        result_of_tls(stream, SSL_write(stream->ssl, data, len < INT_MAX ? (int)len : INT_MAX),
                      POLLOUT, &stream->write_wants);
    return result == 0 ? STREAM_FAILED : result;
}

short stream_events(const struct stream *stream, bool has_output)
{
    return (short)(stream->read_wants | (has_output ? stream->write_wants : 0));
}

bool stream_has_input(const struct stream *stream)
{
    return stream->ssl != NULL && SSL_pending(stream->ssl) > 0;
}

void stream_close(struct stream *stream)
{
    if (stream->ssl != NULL && SSL_is_init_finished(stream->ssl))
        SSL_shutdown(stream->ssl);
    ERR_clear_error();
    SSL_free(stream->ssl);
    SSL_CTX_free(stream->context);
    stream->ssl = NULL;
    stream->context = NULL;
    close_socket(stream);
}
