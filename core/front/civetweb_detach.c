/*
 * CivetWeb as one translation unit with what it needs besides. Upstream's source stays unmodified;
 * this file is compiled as CivetWeb is, without our warnings.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

/* How long a thread of CivetWeb may take to notice that it is to stop, in milliseconds. */
#define SOCKET_TIMEOUT_QUANTUM 200

/* Threads read the flag that stops them atomically, and so see all that came before it. */
#define STOP_FLAG_NEEDS_LOCK

/* It compares and swaps, starting from a plain read, which is harmless: a stale value means one
 * more round. The thread sanitizer cannot know that. */
static void STOP_FLAG_ASSIGN(volatile ptrdiff_t *flag, volatile ptrdiff_t value)
    __attribute__((no_sanitize("thread")));

/* Pause after an accept that failed for lack of descriptors or memory, in milliseconds. */
#define ACCEPT_PAUSE 50

/* How long the kernel keeps a connection that says nothing from us, in seconds. */
#define SILENCE_MAX 5

/* CivetWeb takes an old EINTR or EAGAIN in errno for a poll without a result when two or more
 * listeners are ready at once, and would then never accept from either. */
static int poll_clearing_errno(struct pollfd *fds, nfds_t count, int milliseconds)
{
    int ready = poll(fds, count, milliseconds);
    if (ready > 0)
        errno = 0;
    return ready;
}

/* A connection that cannot be accepted stays in the backlog and keeps its listener ready; without a
 * pause the accepting thread would spin until somebody leaves. */
static int accept_pausing(int listener, struct sockaddr *address, socklen_t *len)
{
    int accepted = accept(listener, address, len);
    if (accepted < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        (void)poll(NULL, 0, ACCEPT_PAUSE);
    return accepted;
}

/* A worker waits for the request head of the connection that it has, so a connection is better left
 * with the kernel until its first bytes are there. Where the kernel cannot do it, nothing is lost.
 */
static int listen_for_data(int listener, int backlog)
{
    int seconds = SILENCE_MAX;
    (void)setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
    return listen(listener, backlog);
}

#define poll poll_clearing_errno
#define accept accept_pausing
#define listen listen_for_data

#include "civetweb.c"

/* CivetWeb redirects these for its own use; the early bytes are freed by others. */
#undef malloc
#undef poll
#undef accept
#undef listen

#include "front/civetweb_detach.h"

static int copy_early(const struct mg_connection *conn, struct mg_detached *out)
{
    int len = conn->data_len - conn->request_len;
    if (len <= 0)
        return 0;
    out->early = malloc((size_t)len);
    if (out->early == NULL)
        return -1;
    memcpy(out->early, conn->buf + conn->request_len, (size_t)len);
    out->early_len = (size_t)len;
    return 0;
}

int mg_detach_connection(struct mg_connection *conn, struct mg_detached *out)
{
    *out = (struct mg_detached){.socket = conn->client.sock, .ssl = conn->ssl};
    if (copy_early(conn, out) != 0)
        return -1;
    set_non_blocking_mode(out->socket);
    /* CivetWeb stored the connection there for its callbacks, but serves the next one with it. */
    if (out->ssl != NULL)
        SSL_set_app_data(out->ssl, NULL);
    conn->client.sock = INVALID_SOCKET;
    conn->ssl = NULL;
    conn->must_close = 1;
    return 0;
}

const struct sockaddr *mg_peer_address(const struct mg_connection *conn)
{
    return &conn->client.rsa.sa;
}

bool mg_request_head_is_complete(const struct mg_connection *conn)
{
    const struct mg_request_info *info = &conn->request_info;
    if (info->num_headers <= 0)
        return true;
    /* The parser has put zeros where it cut; behind the last value there are only line ends. */
    const char *at = info->http_headers[info->num_headers - 1].value;
    const char *end = conn->buf + conn->request_len;
    for (at += strlen(at); at < end; at++) {
        if (*at != '\0' && *at != '\r' && *at != '\n')
            return false;
    }
    return true;
}

enum mg_head_fault mg_request_head_fault(const struct mg_connection *conn)
{
    if (conn->request_len > 0 || get_http_header_len(conn->buf, conn->data_len) != 0)
        return MG_HEAD_MALFORMED;
    return conn->data_len >= conn->buf_size ? MG_HEAD_TOO_LARGE : MG_HEAD_INCOMPLETE;
}
