#include "unit.h"

#include "base/crash.h"
#include "base/watched.h"

#include <stdio.h>
#include <string.h>

#define LIMIT 100

static const struct crash_subject subject = {.plugin = "foo",
                                             .version = "1.2.0",
                                             .file = "/plugins/foo.so",
                                             .instance = "foo#2",
                                             .endpoint = "/ws"};

static char ended_text[WATCHED_TEXT_MAX];
static int64_t ended_age;

static void note_end(void *context, enum watched_kind kind, unsigned index, int64_t age,
                     const char *what)
{
    (void)context;
    assert_int_equal(kind, WATCHED_LOOP);
    assert_int_equal(index, 3);
    ended_age = age;
    snprintf(ended_text, sizeof ended_text, "%s", what);
}

static struct watched_call calls[4];

/* Looks at the one thread that there is: this one. Returns how many calls were found. */
static size_t look_at(int64_t now, int64_t paused)
{
    struct watched_look look = {
        .now = now, .paused = paused, .limit = LIMIT, .calls = calls, .max = 4, .ended = note_end};
    watched_look(&look);
    return look.count;
}

static int set_up(void **state)
{
    (void)state;
    ended_text[0] = '\0';
    watched_begin(WATCHED_LOOP, 3);
    look_at(0, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    crash_leave();
    crash_busy(false);
    crash_load(NULL);
    watched_end();
    return 0;
}

static void enter_as(uint64_t client)
{
    crash_about(client);
    crash_enter(&subject, "on_message");
}

static void call_is_found_when_it_goes_on_for_the_limit(void **state)
{
    (void)state;
    enter_as(7);
    assert_int_equal(look_at(10, 0), 0);
    assert_int_equal(look_at(10 + LIMIT - 1, 0), 0);
    assert_int_equal(look_at(10 + LIMIT, 0), 1);
    assert_string_equal(
        calls[0].what,
        "hook on_message of plugin 'foo' 1.2.0 (instance foo#2 of endpoint /ws, client 7)");
    assert_string_equal(calls[0].file, "/plugins/foo.so");
    assert_int_equal(calls[0].age, LIMIT);
    assert_true(calls[0].is_first_report);
    assert_int_equal(look_at(10 + 2 * LIMIT, 0), 1);
    assert_false(calls[0].is_first_report);
}

static void one_call_after_the_other_is_no_long_call(void **state)
{
    (void)state;
    for (int64_t now = 10; now < 10 * LIMIT; now += LIMIT) {
        enter_as(0);
        assert_int_equal(look_at(now, 0), 0);
        crash_leave();
    }
    assert_string_equal(ended_text, "");
}

static void end_is_told_once_with_its_age(void **state)
{
    (void)state;
    enter_as(0);
    look_at(10, 0);
    assert_int_equal(look_at(10 + LIMIT, 0), 1);
    crash_leave();
    assert_int_equal(look_at(10 + 3 * LIMIT, 0), 0);
    assert_int_equal(ended_age, 3 * LIMIT);
    assert_non_null(strstr(ended_text, "instance foo#2 of endpoint /ws)"));
    ended_text[0] = '\0';
    look_at(10 + 4 * LIMIT, 0);
    assert_string_equal(ended_text, "");
}

static void loop_that_waits_is_not_busy(void **state)
{
    (void)state;
    crash_busy(false);
    look_at(10, 0);
    assert_int_equal(look_at(10 + 5 * LIMIT, 0), 0);
    crash_busy(true);
    look_at(20 + 5 * LIMIT, 0);
    assert_int_equal(look_at(20 + 6 * LIMIT, 0), 1);
    assert_string_equal(calls[0].what, "the server's own code");
}

static void file_that_is_being_loaded_is_named(void **state)
{
    (void)state;
    crash_load("/plugins/slow.so");
    look_at(10, 0);
    assert_int_equal(look_at(10 + LIMIT, 0), 1);
    assert_string_equal(calls[0].what, "the loading of plugin file /plugins/slow.so");
    assert_string_equal(calls[0].file, "/plugins/slow.so");
}

static void pause_of_everything_does_not_count(void **state)
{
    (void)state;
    enter_as(0);
    look_at(10, 0);
    assert_int_equal(look_at(1000 * LIMIT, 999 * LIMIT), 0);
    assert_int_equal(look_at(1002 * LIMIT, 0), 1);
}

static void tell(void *context, const char *thread, const char *what)
{
    assert_string_equal(thread, "loop-3");
    snprintf(context, WATCHED_TEXT_MAX, "%s", what);
}

static void what_runs_is_told_at_once(void **state)
{
    char text[WATCHED_TEXT_MAX] = "";
    (void)state;
    watched_tell(tell, text);
    assert_string_equal(text, "");
    enter_as(9);
    watched_tell(tell, text);
    assert_non_null(strstr(text, "client 9"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(call_is_found_when_it_goes_on_for_the_limit),
        TEST(one_call_after_the_other_is_no_long_call),
        TEST(end_is_told_once_with_its_age),
        TEST(loop_that_waits_is_not_busy),
        TEST(file_that_is_being_loaded_is_named),
        TEST(pause_of_everything_does_not_count),
        TEST(what_runs_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
