/*
 * An accept queue with one listener on loopback, and clients of it.
 */
#ifndef SLUICE_TESTS_FRONT_QUEUE_FIXTURE_H
#define SLUICE_TESTS_FRONT_QUEUE_FIXTURE_H

#include "unit.h"

#include "base/address.h"
#include "base/clock.h"
#include "front/accept_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"
#define MAX_HEAD 256
#define LONG (60 * NS_PER_S)
#define HEADER_LEN 28 /* of those below */

/* An accept queue with one listener. */
struct served_queue {
    bool is_plain;
    struct accept_queue *queue;
    struct trust trust; /* nobody is trusted, until a test says otherwise */
    struct accept_queue_stats stats;
    struct pollfd listener;
    struct sockaddr_in address;
};

/* Opens a queue with these limits, of which max_head is set here; `tls` may be NULL. */
static inline void open_queue_with(struct served_queue *fixture, struct accept_queue_limits limits,
                                   SSL_CTX *tls)
{
    socklen_t len = sizeof fixture->address;
    *fixture = (struct served_queue){.is_plain = tls == NULL, .address = {.sin_family = AF_INET}};
    trust_init(&fixture->trust);
    fixture->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fixture->listener = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    assert_int_equal(bind(fixture->listener.fd, (struct sockaddr *)&fixture->address, len), 0);
    assert_int_equal(listen(fixture->listener.fd, 128), 0);
    assert_int_equal(getsockname(fixture->listener.fd, (struct sockaddr *)&fixture->address, &len),
                     0);
    limits.max_head = MAX_HEAD;
    assert_int_equal(
        accept_queue_create(&limits, tls, &fixture->trust, &fixture->stats, &fixture->queue), OK);
}

static inline void open_queue(struct served_queue *fixture, int64_t timeout, size_t max_pending,
                              size_t per_address)
{
    struct accept_queue_limits limits = {
        .timeout = timeout, .max_pending = max_pending, .max_pending_per_address = per_address};
    open_queue_with(fixture, limits, NULL);
}

static inline void close_queue(struct served_queue *fixture)
{
    accept_queue_destroy(fixture->queue);
    trust_deinit(&fixture->trust);
    close(fixture->listener.fd);
}

static inline int connect_and_send(const struct served_queue *fixture, const char *text)
{
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(client, (const struct sockaddr *)&fixture->address, sizeof fixture->address), 0);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

static inline void trust_loopback(struct served_queue *fixture)
{
    char *texts[] = {"127.0.0.1"};
    struct trusted_proxies *proxies;
    assert_int_equal(trusted_proxies_create(texts, 1, &proxies), OK);
    trust_change(&fixture->trust, proxies);
}

/* Writes a PROXY header that says that 198.51.100.`last`:4711 has connected. */
static inline void make_header(char header[HEADER_LEN], int last)
{
    memcpy(header, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\0\x7f\0\0\x01\x12\x67\0\x50",
           HEADER_LEN);
    header[19] = (char)last;
}

/* As connect_and_send, with a header in front. */
static inline int connect_from(const struct served_queue *fixture, int last, const char *text)
{
    char header[HEADER_LEN];
    int client = connect_and_send(fixture, "");
    make_header(header, last);
    assert_int_equal(send(client, header, HEADER_LEN, MSG_NOSIGNAL), HEADER_LEN);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

static inline void wait_for_drops(struct served_queue *fixture, enum pending_drop reason,
                                  unsigned long long count)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (atomic_load(&fixture->stats.dropped[reason]) < count && clock_monotonic() < deadline)
        assert_int_equal(accept_queue_poll(fixture->queue, &fixture->listener, 1, 10), 0);
    assert_int_equal(atomic_load(&fixture->stats.dropped[reason]), count);
}

/* Polls until `count` are pending and none is ready. */
static inline void wait_for_pending(struct served_queue *fixture, size_t count)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    do {
        assert_int_equal(accept_queue_poll(fixture->queue, &fixture->listener, 1, 10), 0);
    } while (atomic_load(&fixture->stats.pending) != count && clock_monotonic() < deadline);
    assert_int_equal(atomic_load(&fixture->stats.pending), count);
}

/* Polls until a connection is ready, and takes it; claims it if it is plain. */
static inline int accept_from(struct served_queue *fixture, struct address *from)
{
    struct sockaddr_storage peer;
    struct pending_tls none;
    socklen_t len = sizeof peer;
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (accept_queue_poll(fixture->queue, &fixture->listener, 1, 100) == 0)
        assert_true(clock_monotonic() < deadline);
    assert_int_equal(fixture->listener.revents, POLLIN);
    int socket =
        accept_queue_take(fixture->queue, fixture->listener.fd, (struct sockaddr *)&peer, &len);
    assert_true(socket >= 0);
    if (fixture->is_plain) {
        assert_true(accept_queue_claim(fixture->queue, socket, &none));
        assert_null(none.ssl);
    }
    assert_true(len <= sizeof(struct sockaddr_in6)); /* CivetWeb has no more room. */
    address_from_sockaddr(from, (struct sockaddr *)&peer);
    return socket;
}

static inline int accept_ready(struct served_queue *fixture)
{
    struct address from;
    return accept_from(fixture, &from);
}

static inline void assert_from(const struct address *from, const char *expected)
{
    char text[ADDRESS_TEXT_MAX];
    address_text(from, text);
    assert_string_equal(text, expected);
}

static inline void assert_reads(int socket, const char *text)
{
    char got[MAX_HEAD + 1] = "";
    assert_int_equal(recv(socket, got, MAX_HEAD, 0), strlen(text));
    assert_string_equal(got, text);
}

#endif
