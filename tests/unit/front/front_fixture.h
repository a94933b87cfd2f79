/*
 * A hub and a front on loopback.
 */
#ifndef SLUICE_TESTS_FRONT_FRONT_FIXTURE_H
#define SLUICE_TESTS_FRONT_FRONT_FIXTURE_H

#include "hub/serving.h"

#include "front/front.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define ENDPOINT "endpoints: [{path: /ws}]\n"

/* A hub and a front, and the configuration that the front must not need any more. */
struct front_fixture {
    struct serving serving;
    struct front *front;
};

static inline struct config *configure(const char *listen)
{
    static const char yaml[] = "listen: [{address: '127.0.0.1:0'}]\n" ENDPOINT;
    struct config_override override = {.path = "listen", .value = listen};
    struct config *config;
    struct diagnostics diagnostics;
    char file[] = "/tmp/sluice-test-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, sizeof yaml - 1), sizeof yaml - 1);
    close(fd);
    diagnostics_init(&diagnostics);
    int error = config_load(file, &override, 1, &diagnostics, &config);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    unlink(file);
    assert_int_equal(error, OK);
    return config;
}

static inline struct front_fixture open_front(const char *listen)
{
    struct front_fixture fixture = {.serving = serve(ENDPOINT)};
    struct config *config = configure(listen);
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    assert_int_equal(front_create(config, fixture.serving.hub, &diagnostics, &fixture.front), OK);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    return fixture;
}

static inline void close_front(struct front_fixture *fixture)
{
    front_destroy(fixture->front);
    end_serving(&fixture->serving);
}

static inline unsigned port_of(const struct front_fixture *fixture, size_t index)
{
    char url[256];
    front_listener_url(fixture->front, index, url, sizeof url);
    return (unsigned)atoi(strrchr(url, ':') + 1);
}

static inline bool listens(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool accepted = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return accepted;
}

/* Prepares for other listeners; the configuration is gone when it returns. */
static inline int prepare_reload(struct front_fixture *fixture, const char *listen,
                                 struct diagnostics *diagnostics, struct front_reload **out)
{
    struct config *config = configure(listen);
    diagnostics_init(diagnostics);
    int error = front_reload_prepare(fixture->front, config, diagnostics, out);
    config_destroy(config);
    return error;
}

static inline void reload_front(struct front_fixture *fixture, const char *listen)
{
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    assert_int_equal(prepare_reload(fixture, listen, &diagnostics, &prepared), OK);
    assert_int_equal(front_reload_open(prepared, &diagnostics), OK);
    front_reload_commit(fixture->front, prepared);
    diagnostics_deinit(&diagnostics);
}

#endif
