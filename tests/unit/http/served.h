/*
 * An HTTP server on loopback for unit tests, with a thread of its own, that answers as the path
 * says:
 *
 *   /ok          200, "X-Seen: yes", and the request itself as the body
 *   /never       nothing
 *   /unavailable 503
 *   /large       200 and 100,000 bytes, of which it says the number
 *   /endless     200 and 100,000 bytes of a body without a length
 *   /head        200 and a head of 100,000 bytes
 *   /redirect    302 to /ok
 *   /circle      302 to /circle
 *   /moved       302 to /ok, with a body of 100,000 bytes
 *   /trailers    200, "X-Seen: yes", no body, and a trailer "X-Late: yes"
 *   /interim     103 with "X-Early: yes", and then as /trailers
 *   /status      a status of the number that follows
 *   /close       the end of the connection
 *   /half        a part of the body that was announced, and the end of the connection
 */
#ifndef SLUICE_TESTS_HTTP_SERVED_H
#define SLUICE_TESTS_HTTP_SERVED_H

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVED_MAX 200
#define SERVED_MUCH 100000

struct served {
    int listener;
    int stop;
    unsigned port;
    pthread_t thread;
    atomic_uint requests;
    atomic_uint connections;
    struct {
        int fd;
        size_t len;
        char text[8192];
    } peers[SERVED_MAX];
    size_t count;
};

static inline void served_send(int fd, const char *data, size_t len)
{
    while (len > 0) { /* The test's side may have closed it. */
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        data += sent;
        len -= (size_t)sent;
    }
}

static inline void served_say(int fd, const char *text)
{
    served_send(fd, text, strlen(text));
}

static inline void served_say_much(int fd)
{
    static char much[SERVED_MUCH];
    memset(much, 'x', sizeof much);
    served_send(fd, much, sizeof much);
}

/* What is answered in full whatever was asked, by the path's beginning. */
static const struct {
    const char *path;
    const char *answer;
    bool much; /* is followed by SERVED_MUCH bytes */
} served_answers[] = {
    {"/unavailable", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", false},
    {"/endless", "HTTP/1.1 200 OK\r\n\r\n", true},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", false},
    {"/circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n", false},
    {"/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 100000\r\n\r\n", true},
    {"/trailers",
     "HTTP/1.1 200 OK\r\nX-Seen: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\nX-Late: yes\r\n\r\n",
     false},
    {"/interim",
     "HTTP/1.1 103 Early\r\nX-Early: yes\r\n\r\n"
     "HTTP/1.1 200 OK\r\nX-Seen: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\nX-Late: yes\r\n\r\n",
     false},
    {"/half", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false},
};

static inline bool served_begins(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

static inline void served_answer_by_table(int fd, const char *path)
{
    for (size_t i = 0; i < sizeof served_answers / sizeof *served_answers; i++) {
        if (!served_begins(path, served_answers[i].path))
            continue;
        served_say(fd, served_answers[i].answer);
        if (served_answers[i].much)
            served_say_much(fd);
    }
}

/* Answers one request. Returns whether the connection stays. */
static inline bool served_answer(int fd, const char *request, size_t len)
{
    char head[256];
    const char *path = strchr(request, ' ') + 1;
    bool with_body = !served_begins(request, "HEAD");
    if (served_begins(path, "/ok")) {
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nX-Seen:  yes \r\nContent-Length: %zu\r\n\r\n", len);
        served_say(fd, head);
        if (with_body)
            served_send(fd, request, len);
    } else if (served_begins(path, "/large")) {
        served_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        if (with_body)
            served_say_much(fd);
    } else if (served_begins(path, "/head")) {
        for (int i = 0; i < SERVED_MUCH / 20; i++)
            served_say(fd, i == 0 ? "HTTP/1.1 200 OK\r\n" : "X-Header: 123456789\r\n");
        served_say(fd, "Content-Length: 0\r\n\r\n");
    } else if (served_begins(path, "/status")) {
        snprintf(head, sizeof head, "HTTP/1.1 %.3s X\r\nContent-Length: 0\r\n\r\n", path + 7);
        served_say(fd, head);
    } else {
        served_answer_by_table(fd, path);
    }
    return !served_begins(path, "/half") && !served_begins(path, "/close");
}

/* Returns whether the connection stays. */
static inline bool served_read(struct served *served, size_t i)
{
    char *text = served->peers[i].text;
    size_t *len = &served->peers[i].len;
    ssize_t got =
        recv(served->peers[i].fd, text + *len, sizeof served->peers[i].text - 1 - *len, 0);
    if (got <= 0)
        return false;
    *len += (size_t)got;
    text[*len] = '\0';
    if (strstr(text, "\r\n\r\n") == NULL)
        return true;
    size_t request = *len;
    *len = 0;
    atomic_fetch_add(&served->requests, 1);
    return served_answer(served->peers[i].fd, text, request);
}

static inline void served_accept(struct served *served)
{
    int fd = accept4(served->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    atomic_fetch_add(&served->connections, 1);
    served->peers[served->count].fd = fd;
    served->peers[served->count++].len = 0;
}

static inline void *served_run(void *argument)
{
    struct served *served = argument;
    struct pollfd watched[SERVED_MAX + 2];
    for (;;) {
        size_t count = served->count;
        watched[0] = (struct pollfd){.fd = served->stop, .events = POLLIN};
        watched[1] =
            (struct pollfd){.fd = count < SERVED_MAX ? served->listener : -1, .events = POLLIN};
        for (size_t i = 0; i < count; i++)
            watched[2 + i] = (struct pollfd){.fd = served->peers[i].fd, .events = POLLIN};
        poll(watched, 2 + count, -1);
        if (watched[0].revents != 0)
            break;
        for (size_t i = count; i-- > 0;) {
            if (watched[2 + i].revents == 0 || served_read(served, i))
                continue;
            close(served->peers[i].fd);
            served->peers[i] = served->peers[--served->count];
        }
        if (watched[1].revents != 0)
            served_accept(served);
    }
    while (served->count > 0)
        close(served->peers[--served->count].fd);
    return NULL;
}

static inline void served_begin(struct served *served)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    served->count = 0;
    atomic_init(&served->requests, 0);
    atomic_init(&served->connections, 0);
    served->stop = eventfd(0, EFD_CLOEXEC);
    served->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(served->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(served->listener, SERVED_MAX), 0);
    assert_int_equal(getsockname(served->listener, (struct sockaddr *)&address, &len), 0);
    served->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&served->thread, NULL, served_run, served), 0);
}

static inline void served_end(struct served *served)
{
    eventfd_write(served->stop, 1);
    pthread_join(served->thread, NULL);
    close(served->listener);
    close(served->stop);
}

#endif
