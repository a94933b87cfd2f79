#include "cli/admin_client.h"

#include "base/clock.h"
#include "cli/admin_target.h"
#include "cli/cli_error.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)16 * 1024 * 1024)

/* -- connecting -- */

static int try_connect(const struct sockaddr *address, socklen_t len)
{
    struct timeval patience = {.tv_sec = ADMIN_CLIENT_TIMEOUT};
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    /* With a timeout a signal interrupts it even if its handler restarts calls (signal(7)). Linux
     * goes on with the same connection. */
    int failed;
    do
        failed = connect(fd, address, len);
    while (failed != 0 && errno == EINTR);
    if (failed == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Who listens there: root, ourselves, or whoever owns the folder, if nobody else may write to it.
 * Others could only be there because somebody let them. */
static bool is_trusted_peer(int fd, const char *path)
{
    char folder[sizeof((struct admin_target *)NULL)->address];
    struct ucred peer;
    struct stat found;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    if (peer.uid == 0 || peer.uid == geteuid())
        return true;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path) + 1, path);
    return stat(folder, &found) == 0 && found.st_uid == peer.uid &&
           (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int open_unix(const struct admin_target *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, target->address, strlen(target->address) + 1);
    int fd = try_connect((const struct sockaddr *)&address, sizeof address);
    if (fd < 0) {
        cli_error(target->options, "unreachable", "no server answers on unix:%s (%s): %s (%s)",
                  target->address, target->source,
                  errno == EACCES ? "you may not open it" : "is it running?", strerror(errno));
        return -1;
    }
    if (is_trusted_peer(fd, target->address))
        return fd;
    cli_error(target->options, "not_trusted",
              "unix:%s (%s) belongs to another user, who is neither root nor you: not asked",
              target->address, target->source);
    close(fd);
    return -1;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                   IN_CLASSA_NSHIFT ==
               IN_LOOPBACKNET;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void warn_of_clear_text(const struct admin_target *target, const struct sockaddr *address)
{
    if (target->token[0] != '\0' && !is_loopback(address))
        fprintf(
            stderr,
            "sluice: warning: the token travels to %s in clear text; ask on the server's machine, "
            "or through a tunnel\n",
            target->address);
}

static int open_tcp(const struct admin_target *target)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1;
    int error = getaddrinfo(target->host, target->port, &hints, &found);
    for (struct addrinfo *at = found; error == 0 && at != NULL && fd < 0; at = at->ai_next)
        if ((fd = try_connect(at->ai_addr, at->ai_addrlen)) >= 0)
            warn_of_clear_text(target, at->ai_addr);
    if (fd < 0)
        cli_error(target->options, "unreachable",
                  "no server answers on %s (%s): is it running? (%s)", target->address,
                  target->source, error != 0 ? gai_strerror(error) : strerror(errno));
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}

static int open_connection(const struct admin_target *target)
{
    return target->is_unix ? open_unix(target) : open_tcp(target);
}

/* -- one request -- */

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* What the server has no use for may be answered before it is sent: then the answer counts. */
static bool send_request(int fd, const struct admin_target *target,
                         const struct admin_client_request *request)
{
    char head[ADMIN_TOKEN_MAX + 1024];
    size_t body_len = request->json != NULL ? strlen(request->json) : 0;
    int len =
        snprintf(head, sizeof head,
                 "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s"
                 "Content-Length: %zu\r\n%s%s%s\r\n",
                 request->method, request->path, target->is_unix ? "localhost" : target->address,
                 request->json != NULL ? "Content-Type: application/json\r\n" : "", body_len,
                 target->token[0] != '\0' ? "Authorization: Bearer " : "", target->token,
                 target->token[0] != '\0' ? "\r\n" : "");
    if (len < 0 || (size_t)len >= sizeof head || !send_all(fd, head, (size_t)len))
        return false;
    return body_len == 0 || send_all(fd, request->json, body_len) || errno == EPIPE;
}

static void set_patience(int fd, int64_t ns)
{
    struct timeval patience = {.tv_sec = ns / NS_PER_S, .tv_usec = ns % NS_PER_S / 1000};
    if (ns > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static bool read_answer(int fd, struct buffer *answer)
{
    char piece[4096];
    ssize_t got;
    while ((got = recv(fd, piece, sizeof piece, 0)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0 && buffer_append(answer, piece, (size_t)got) != OK)
            return false;
    return got == 0 && buffer_append(answer, "", 1) == OK;
}

/* What the head, which ends at `end`, says of the body's length; 0 if it says nothing. */
static unsigned long long announced_length(const char *head, const char *end)
{
    static const char name[] = "\r\nContent-Length:";
    const char *field = strcasestr(head, name);
    return field != NULL && field < end ? strtoull(field + sizeof name - 1, NULL, 10) : 0;
}

/* Splits "HTTP/1.1 200 OK ... body". Returns the status, or -1. */
static int parse_answer(const struct buffer *answer, struct buffer *body)
{
    const char *text = (const char *)answer->data;
    const char *end = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || end == NULL ||
        strlen(end + 4) < announced_length(text, end) ||
        buffer_append(body, end + 4, strlen(end + 4) + 1) != OK)
        return -1;
    return atoi(text + 9);
}

static int exchange(int fd, const struct admin_target *target,
                    const struct admin_client_request *request, struct buffer *body)
{
    struct buffer answer;
    int status = -1;
    buffer_init(&answer, ANSWER_MAX);
    set_patience(fd, request->patience);
    if (send_request(fd, target, request) && read_answer(fd, &answer))
        status = parse_answer(&answer, body);
    if (status < 0 && errno == EAGAIN)
        cli_error(target->options, "no_answer",
                  "the server on %s has not answered yet, and may still do what it was asked for",
                  target->address);
    else if (status < 0)
        cli_error(target->options, "no_answer",
                  "the server on %s gave no answer that could be understood%s%s", target->address,
                  errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    buffer_release(&answer);
    return status;
}

int admin_client_ask(const struct cli_options *options, const struct admin_client_request *request,
                     struct buffer *body)
{
    struct admin_target target;
    int status = -1;
    int fd = admin_target_find(options, &target) ? open_connection(&target) : -1;
    if (fd >= 0) {
        errno = 0;
        status = exchange(fd, &target, request, body);
        close(fd);
    }
    explicit_bzero(target.token, sizeof target.token);
    return status;
}
