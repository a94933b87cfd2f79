#include "cli/admin_client.h"

#include "admin/token_file.h"
#include "config/listen_address.h"

#include <errno.h>
#include <limits.h>
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

#define TOKEN_MAX 1024
#define ANSWER_MAX ((size_t)16 * 1024 * 1024)

/* Whom to ask. */
struct target {
    char address[256]; /* "127.0.0.1:9090", or the path of a Unix socket */
    bool is_unix;
    char host[256];
    char port[16];
    char token[TOKEN_MAX]; /* empty: none */
    char source[PATH_MAX]; /* where the address is from */
};

/* -- whom -- */

static bool read_token(const char *path, struct target *target)
{
    char why[512];
    ssize_t len =
        token_file_read_line(path, target->token, sizeof target->token, NULL, why, sizeof why);
    if (len < 0)
        fprintf(stderr, "sluice: cannot read the admin token from %s: %s\n", path, why);
    return len >= 0;
}

static bool take_path(const char *path, struct target *target)
{
    if (path[0] != '/' || strlen(path) > LISTEN_UNIX_PATH_MAX) {
        fprintf(stderr,
                "sluice: '%s' is not the absolute path of a Unix socket (%d bytes at most)\n", path,
                LISTEN_UNIX_PATH_MAX);
        return false;
    }
    snprintf(target->address, sizeof target->address, "%s", path);
    target->is_unix = true;
    return true;
}

/* "unix:/run/sluice/admin.sock", "/run/sluice/admin.sock", "http://127.0.0.1:9090/",
 * "127.0.0.1:9090", "[::1]:9090"; the whole machine means this machine.
 */
static bool parse_address(const char *text, struct target *target)
{
    const char *path = listen_unix_path(text);
    if (path != NULL || text[0] == '/')
        return take_path(path != NULL ? path : text, target);
    if (strncmp(text, "http://", 7) == 0)
        text += 7;
    snprintf(target->address, sizeof target->address, "%s", text);
    target->address[strcspn(target->address, "/")] = '\0';
    const char *colon = strrchr(target->address, ':');
    if (colon == NULL || colon == target->address) {
        fprintf(stderr, "sluice: '%s' is not an address with a port, like 127.0.0.1:9090\n", text);
        return false;
    }
    snprintf(target->port, sizeof target->port, "%s", colon + 1);
    snprintf(target->host, sizeof target->host, "%.*s", (int)(colon - target->address),
             target->address);
    if (target->host[0] == '[') {
        memmove(target->host, target->host + 1, strlen(target->host));
        target->host[strcspn(target->host, "]")] = '\0';
    }
    if (strcmp(target->host, "*") == 0 || strcmp(target->host, "0.0.0.0") == 0)
        snprintf(target->host, sizeof target->host, "127.0.0.1");
    return true;
}

/* What the file says, as far as it can be read: a server may run from what stood there before. Only
 * where that does not say where the server is, the mistakes matter. */
static struct config *load_config(const struct cli_options *options)
{
    char path[PATH_MAX];
    struct diagnostics diagnostics;
    struct config *config = NULL;
    diagnostics_init(&diagnostics);
    int error = config_load_broken(cli_config_file(options, path, sizeof path), options->overrides,
                                   options->override_count, &diagnostics, &config);
    if (error != OK && (config == NULL || config->admin_listen == NULL)) {
        diagnostics_print(&diagnostics);
        config_destroy(config);
        config = NULL;
    }
    diagnostics_deinit(&diagnostics);
    return config;
}

/* A Unix socket, which needs no token, before an address that anybody may listen on. */
static const char *best_address(const struct config *config)
{
    for (size_t i = 0; i < config->admin_listen_count; i++)
        if (listen_unix_path(config->admin_listen[i]) != NULL)
            return config->admin_listen[i];
    return config->admin_listen[0];
}

static bool find_target(const struct cli_options *options, struct target *target)
{
    *target = (struct target){.token = ""};
    snprintf(target->source, sizeof target->source, "--admin");
    if (options->admin != NULL)
        return parse_address(options->admin, target) &&
               (options->token_file == NULL || target->is_unix ||
                read_token(options->token_file, target));
    struct config *config = load_config(options);
    if (config == NULL)
        return false;
    bool good = config->admin_listen_count > 0;
    if (!good)
        fprintf(stderr,
                "%s: there is no admin.listen, so a server with this configuration cannot "
                "be asked; send it SIGHUP, or use --admin\n",
                config->file);
    const char *token_file =
        options->token_file != NULL ? options->token_file : config->admin_token_file;
    good = good && parse_address(best_address(config), target) &&
           (token_file == NULL || target->is_unix || read_token(token_file, target));
    snprintf(target->source, sizeof target->source, "admin.listen in %s", config->file);
    config_destroy(config);
    return good;
}

/* -- asking -- */

static int try_connect(const struct sockaddr *address, socklen_t len)
{
    struct timeval patience = {.tv_sec = ADMIN_CLIENT_TIMEOUT};
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address, len) == 0)
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
    char folder[sizeof((struct target *)NULL)->address];
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

static int open_unix(const struct target *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, target->address, strlen(target->address) + 1);
    int fd = try_connect((const struct sockaddr *)&address, sizeof address);
    if (fd < 0) {
        fprintf(stderr, "sluice: no server answers on unix:%s (%s): %s (%s)\n", target->address,
                target->source, errno == EACCES ? "you may not open it" : "is it running?",
                strerror(errno));
        return -1;
    }
    if (is_trusted_peer(fd, target->address))
        return fd;
    fprintf(
        stderr,
        "sluice: unix:%s (%s) belongs to another user, who is neither root nor you: not asked\n",
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

static void warn_of_clear_text(const struct target *target, const struct sockaddr *address)
{
    if (target->token[0] != '\0' && !is_loopback(address))
        fprintf(
            stderr,
            "sluice: warning: the token travels to %s in clear text; ask on the server's machine, "
            "or through a tunnel\n",
            target->address);
}

static int open_tcp(const struct target *target)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1;
    int error = getaddrinfo(target->host, target->port, &hints, &found);
    for (struct addrinfo *at = found; error == 0 && at != NULL && fd < 0; at = at->ai_next)
        if ((fd = try_connect(at->ai_addr, at->ai_addrlen)) >= 0)
            warn_of_clear_text(target, at->ai_addr);
    if (fd < 0)
        fprintf(stderr, "sluice: no server answers on %s (%s): is it running? (%s)\n",
                target->address, target->source,
                error != 0 ? gai_strerror(error) : strerror(errno));
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}

static int open_connection(const struct target *target)
{
    return target->is_unix ? open_unix(target) : open_tcp(target);
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* What the server has no use for may be answered before it is sent: then the answer counts. */
static bool send_request(int fd, const struct target *target,
                         const struct admin_client_request *request)
{
    char head[TOKEN_MAX + 1024];
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

static bool read_answer(int fd, struct buffer *answer)
{
    char piece[4096];
    ssize_t got;
    while ((got = recv(fd, piece, sizeof piece, 0)) > 0)
        if (buffer_append(answer, piece, (size_t)got) != OK)
            return false;
    return got == 0 && buffer_append(answer, "", 1) == OK;
}

/* Splits "HTTP/1.1 200 OK ... body". Returns the status, or -1. */
static int parse_answer(const struct buffer *answer, struct buffer *body)
{
    const char *text = (const char *)answer->data;
    const char *end = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || end == NULL ||
        buffer_append(body, end + 4, strlen(end + 4) + 1) != OK)
        return -1;
    return atoi(text + 9);
}

static int ask(int fd, const struct target *target, const struct admin_client_request *request,
               struct buffer *body)
{
    struct buffer answer;
    int status = -1;
    buffer_init(&answer, ANSWER_MAX);
    if (send_request(fd, target, request) && read_answer(fd, &answer))
        status = parse_answer(&answer, body);
    if (status < 0)
        fprintf(stderr, "sluice: the server on %s gave no answer that could be understood%s%s\n",
                target->address, errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    buffer_release(&answer);
    return status;
}

int admin_client_ask(const struct cli_options *options, const struct admin_client_request *request,
                     struct buffer *body)
{
    struct target target;
    if (!find_target(options, &target))
        return -1;
    int fd = open_connection(&target);
    if (fd < 0)
        return -1;
    errno = 0;
    int status = ask(fd, &target, request, body);
    close(fd);
    explicit_bzero(target.token, sizeof target.token);
    return status;
}
