/*
 * A hub, a front and an admin listener on loopback, and questions to it.
 */
#ifndef SLUICE_TESTS_ADMIN_ADMIN_FIXTURE_H
#define SLUICE_TESTS_ADMIN_ADMIN_FIXTURE_H

#include "hub/serving.h"

#include "admin/admin.h"
#include "admin/admin_internal.h"
#include "base/event_ring.h"
#include "front/front.h"
#include "front/http_fixture.h"
#include "hub/reload.h"
#include "hub/watchdog.h"

#include <cjson/cJSON.h>

#define ADMIN_ON_LOOPBACK "admin: {listen: '127.0.0.1:0'}\n"

struct admin_fixture {
    struct serving serving;
    struct front *front;
    struct watchdog *watchdog;
    struct event_ring *events;
    struct admin *admin;
    char answer[1 << 18]; /* the last one, with its head */
};

/* `yaml` has `endpoints` and `admin`. `reload` may be NULL. */
static inline void start_admin(struct admin_fixture *fixture, const char *yaml,
                               int (*reload)(void *context, struct reload_order *order))
{
    struct diagnostics diagnostics;
    fixture->serving = serve(yaml);
    diagnostics_init(&diagnostics);
    struct config *config = fixture->serving.config;
    assert_int_equal(front_create(config, fixture->serving.hub, &diagnostics, &fixture->front), OK);
    assert_int_equal(watchdog_create(config, &fixture->watchdog), OK);
    assert_int_equal(event_ring_create(&fixture->events), OK);
    struct admin_parts parts = {.hub = fixture->serving.hub,
                                .front = fixture->front,
                                .watchdog = fixture->watchdog,
                                .events = fixture->events,
                                .reload = reload,
                                .reload_context = fixture};
    assert_int_equal(admin_create(config, &parts, &diagnostics, &fixture->admin), OK);
    diagnostics_deinit(&diagnostics);
}

static inline void stop_admin(struct admin_fixture *fixture)
{
    admin_destroy(fixture->admin);
    front_destroy(fixture->front);
    watchdog_destroy(fixture->watchdog);
    event_ring_destroy(fixture->events);
    end_serving(&fixture->serving);
}

static inline unsigned admin_port(const struct admin_fixture *fixture)
{
    return fixture->admin->listeners[0].address.port;
}

/* Waits until no request of a network peer holds a slot. Its worker gives it back when the answer
 * has been read, and perhaps a moment later. */
static inline void await_free_slots(const struct admin_fixture *fixture)
{
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    for (unsigned kind = 0; kind < REQUEST_KINDS; kind++)
        while (atomic_load(&fixture->admin->listeners[0].slots.taken[kind]) > 0) {
            assert_true(clock_monotonic() < deadline);
            poll(NULL, 0, 1);
        }
}

/* Sends a request with a JSON body (NULL: none) and more headers, which are complete lines. Returns
 * the status. */
static inline int ask_admin(struct admin_fixture *fixture, const char *line, const char *headers,
                            const char *body)
{
    char request[8192];
    int len = body == NULL
                  ? snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                             line, headers)
                  : snprintf(request, sizeof request,
                             "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                             "Content-Length: %zu\r\n%s\r\n%s",
                             line, strlen(body), headers, body);
    assert_true(len > 0 && (size_t)len < sizeof request);
    int status, tries = 1000;
    do /* A request counts until its worker is through, which may be after its answer has come. */
        status = exchange(admin_port(fixture), request, fixture->answer, sizeof fixture->answer);
    while (status == 503 && strstr(fixture->answer, "(admin.requests)") != NULL && tries-- > 0);
    return status;
}

/* The body of the last answer; the caller deletes it. */
static inline cJSON *answered_json(const struct admin_fixture *fixture)
{
    cJSON *value = cJSON_Parse(body_of(fixture->answer));
    assert_non_null(value);
    return value;
}

/* Asks with GET; the answer is JSON with status 200. */
static inline cJSON *get_json(struct admin_fixture *fixture, const char *path)
{
    char line[512];
    snprintf(line, sizeof line, "GET %s", path);
    assert_int_equal(ask_admin(fixture, line, "", NULL), 200);
    assert_non_null(strstr(fixture->answer, "\r\nContent-Type: application/json\r\n"));
    return answered_json(fixture);
}

static inline double number_in(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static inline const char *string_in(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    assert_non_null(text);
    return text;
}

/* -- the fixture of a test program; its start is its own -- */

static struct admin_fixture fixture;

static inline int stop_fixture(void **state)
{
    (void)state;
    stop_admin(&fixture);
    return 0;
}

#endif
