/*
 * A fake admin listener that gives canned answers, for the tests of commands that ask a running
 * server.
 */
#ifndef SLUICE_TESTS_CLI_FAKE_ADMIN_H
#define SLUICE_TESTS_CLI_FAKE_ADMIN_H

#include "printing.h"
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_ANSWERS_MAX 4

/* A listener for as many requests as there are answers. */
struct fake_admin {
    int fd;
    bool is_unix;
    char folder[32];
    char address[128];                         /* for --admin */
    const char *answers[FAKE_ANSWERS_MAX + 1]; /* whole HTTP answers; NULL ends them */
    char requests[FAKE_ANSWERS_MAX][8192];     /* as they came */
    pthread_t thread;
};

#define HTTP_ANSWER(status, body)                                                                  \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

/* Reads one request with its body. */
static inline void fake_admin_read(int fd, char *request, size_t size)
{
    size_t len = 0, wanted = SIZE_MAX;
    while (len < wanted && len < size - 1) {
        ssize_t got = recv(fd, request + len, size - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        request[len] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        if (end != NULL && length != NULL)
            wanted = (size_t)(end + 4 - request) + (size_t)atoi(length + 16);
    }
}

static inline void *fake_admin_run(void *argument)
{
    struct fake_admin *admin = argument;
    for (size_t i = 0; admin->answers[i] != NULL; i++) {
        int fd = accept(admin->fd, NULL, NULL);
        fake_admin_read(fd, admin->requests[i], sizeof admin->requests[i]);
        (void)!write(fd, admin->answers[i], strlen(admin->answers[i]));
        close(fd);
    }
    return NULL;
}

static inline void fake_admin_bind(struct fake_admin *admin)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    strcpy(admin->folder, "/tmp/sluice-cli-XXXXXX");
    assert_non_null(mkdtemp(admin->folder));
    snprintf(path.sun_path, sizeof path.sun_path, "%s/s", admin->folder);
    admin->fd = socket(admin->is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (admin->is_unix) {
        assert_int_equal(bind(admin->fd, (struct sockaddr *)&path, sizeof path), 0);
        snprintf(admin->address, sizeof admin->address, "unix:%s", path.sun_path);
    } else {
        assert_int_equal(bind(admin->fd, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(getsockname(admin->fd, (struct sockaddr *)&any, &len), 0);
        snprintf(admin->address, sizeof admin->address, "127.0.0.1:%d", ntohs(any.sin_port));
    }
}

static inline void fake_admin_listen(struct fake_admin *admin)
{
    fake_admin_bind(admin);
    assert_int_equal(listen(admin->fd, 8), 0);
}

/* Starts it; `answers` and `is_unix` are set. */
static inline void fake_admin_start(struct fake_admin *admin)
{
    fake_admin_listen(admin);
    assert_int_equal(pthread_create(&admin->thread, NULL, fake_admin_run, admin), 0);
}

/* Ends it once all answers have been given. */
static inline void fake_admin_end(struct fake_admin *admin)
{
    pthread_join(admin->thread, NULL);
    close(admin->fd);
    if (admin->is_unix)
        unlink(admin->address + strlen("unix:"));
    assert_int_equal(rmdir(admin->folder), 0);
}

#endif
