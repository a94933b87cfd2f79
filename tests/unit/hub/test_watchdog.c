/* core/hub/watchdog.c with a thread of the test's for what hangs. */
#include "hub/watchdog.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "config/config.h"
#include "failing_memory.h"
#include "hub/hub.h"
#include "unit.h"

#include <poll.h>
#include <string.h>

#define PATIENCE (20 * NS_PER_S) /* for what takes milliseconds: busy machines are slow */
#define LOOP 1u                  /* that the test's thread says it is */

static const struct crash_subject subject = {.plugin = "foo",
                                             .version = "1.2.0",
                                             .file = "/plugins/foo.so",
                                             .instance = "foo#2",
                                             .endpoint = "/ws"};
static struct shard shards[2];
static struct hub hub;
static struct config config;
static struct watchdog *watchdog;
static struct watchdog_status status;

static int set_up(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    memset(shards, 0, sizeof shards);
    hub.set.shards = shards;
    hub.set.count = 2;
    config = (struct config){.watchdog_warn = 1, .watchdog_unready = 0};
    watched_begin(WATCHED_LOOP, LOOP);
    assert_int_equal(watchdog_create(&config, &watchdog), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    crash_leave();
    watchdog_destroy(watchdog);
    watched_end();
    return 0;
}

static bool hangs(void)
{
    return status.stuck[WATCHED_LOOP] > 0;
}

static bool goes_on(void)
{
    return status.stuck[WATCHED_LOOP] == 0;
}

static bool is_unready(void)
{
    return status.is_unready;
}

static bool is_ready(void)
{
    return !status.is_unready;
}

/* Looks until the watchdog has noticed. */
static void wait_until(bool (*is_so)(void))
{
    int64_t deadline = clock_monotonic() + PATIENCE;
    do {
        poll(NULL, 0, 1);
        watchdog_read(watchdog, &status);
    } while (!is_so() && clock_monotonic() < deadline);
    assert_true(is_so());
}

static void what_hangs_is_named_until_it_goes_on(void **state)
{
    (void)state;
    watchdog_use_hub(watchdog, &hub);
    crash_about(7);
    crash_enter(&subject, "on_message");
    wait_until(hangs);
    assert_int_equal(status.stuck[WATCHED_WORKER] + status.stuck[WATCHED_MAIN], 0);
    assert_int_equal(status.stuck_total, 1);
    assert_true(status.oldest > 0);
    assert_string_equal(status.what,
                        "loop-1: hook on_message of plugin 'foo' 1.2.0 (instance foo#2 "
                        "of endpoint /ws, client 7)");
    assert_false(status.is_unready); /* It is to be never. */
    crash_leave();
    wait_until(goes_on);
    assert_int_equal(status.stuck_total, 1); /* Since the start. */
    assert_int_equal(status.oldest, 0);
    assert_string_equal(status.what, "");
}

static void newcomers_are_kept_from_a_loop_that_hangs(void **state)
{
    (void)state;
    watchdog_use_hub(watchdog, &hub);
    crash_enter(&subject, "on_message");
    wait_until(hangs);
    assert_true(shards[LOOP].is_stuck);
    assert_false(shards[0].is_stuck);
    crash_leave();
    wait_until(goes_on);
    assert_false(shards[LOOP].is_stuck);
}

static void a_hub_that_is_not_there_is_not_marked(void **state)
{
    (void)state;
    watchdog_use_hub(watchdog, &hub);
    watchdog_use_hub(watchdog, NULL); /* It is about to be destroyed. */
    crash_enter(&subject, "destroy");
    wait_until(hangs);
    assert_false(shards[LOOP].is_stuck);
}

static void the_server_is_not_ready_while_something_hangs_for_too_long(void **state)
{
    (void)state;
    config.watchdog_unready = 1;
    watchdog_configure(watchdog, &config); /* As a reload does. */
    crash_enter(&subject, "on_message");
    wait_until(is_unready);
    config.watchdog_unready = 0;
    watchdog_configure(watchdog, &config);
    wait_until(is_ready);
    assert_true(hangs());
}

static void without_memory_there_is_none(void **state)
{
    struct watchdog *other = NULL;
    (void)state;
    fail_allocation(1);
    assert_int_equal(watchdog_create(&config, &other), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    assert_null(other);
    watchdog_destroy(NULL);
}

#define watchdog_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        watchdog_test(what_hangs_is_named_until_it_goes_on),
        watchdog_test(newcomers_are_kept_from_a_loop_that_hangs),
        watchdog_test(a_hub_that_is_not_there_is_not_marked),
        watchdog_test(the_server_is_not_ready_while_something_hangs_for_too_long),
        watchdog_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
