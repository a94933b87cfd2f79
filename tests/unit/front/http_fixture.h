/*
 * A CivetWeb context on loopback whose requests a test answers, and clients of any HTTP listener.
 */
#ifndef SLUICE_TESTS_FRONT_HTTP_FIXTURE_H
#define SLUICE_TESTS_FRONT_HTTP_FIXTURE_H

#include "unit.h"

#include "base/clock.h"
#include "front/civetweb_context.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HTTP_PATIENCE 20 /* seconds for what takes milliseconds */

struct http_fixture {
    struct civetweb_context civetweb;
    struct bind_address address;
};

static inline void start_http_with(struct http_fixture *fixture, struct request_handler handler,
                                   unsigned workers)
{
    struct config config = {.front_request_timeout = HTTP_PATIENCE * NS_PER_S,
                            .front_max_header = 4096};
    *fixture = (struct http_fixture){.civetweb = {.handler = handler, .workers = workers}};
    assert_int_equal(bind_address_parse(&fixture->address, "127.0.0.1:0", false), OK);
    assert_int_equal(civetweb_context_start(&fixture->civetweb, &config, &fixture->address), OK);
    assert_int_not_equal(fixture->address.port, 0);
}

static inline void start_http(struct http_fixture *fixture, struct request_handler handler)
{
    mg_init_library(MG_FEATURES_IPV6);
    start_http_with(fixture, handler, 2);
}

static inline void stop_http(struct http_fixture *fixture)
{
    civetweb_context_stop(&fixture->civetweb);
    mg_exit_library();
}

/* Connects to a port of loopback. */
static inline int connect_to_port(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = HTTP_PATIENCE};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return client;
}

/* Sends a request and reads the answer up to the connection's end. Returns its status. */
static inline int exchange(unsigned port, const char *request, char *answer, size_t size)
{
    int client = connect_to_port(port);
    size_t len = 0;
    ssize_t got;
    assert_int_equal(send(client, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    while ((got = recv(client, answer + len, size - 1 - len, 0)) > 0)
        len += (size_t)got;
    assert_int_equal(got, 0); /* not a reset, and it has fitted */
    answer[len] = '\0';
    close(client);
    assert_memory_equal(answer, "HTTP/1.1 ", 9);
    return atoi(answer + 9);
}

/* What stands behind the head of an answer. */
static inline const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

#endif
