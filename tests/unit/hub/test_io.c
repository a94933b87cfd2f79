#include "hub/io.h"

#include "delivery/ring.h"
#include "hub/serving.h"

#define AUTO "io: auto\n"
#define TWO_LOOPS "loops: 2\nendpoints: [{path: /ws}]\n"

/* Ring number `refused_from`, counted from 0, and those behind it are refused. */
static unsigned refused_from = UINT_MAX;
static unsigned rings;
static bool is_built_in = true;

bool __wrap_ring_is_built_in(void);
int __real_ring_create(unsigned entries, struct ring **out, const char **reason);
int __wrap_ring_create(unsigned entries, struct ring **out, const char **reason);

bool __wrap_ring_is_built_in(void)
{
    return is_built_in;
}

int __wrap_ring_create(unsigned entries, struct ring **out, const char **reason)
{
    if (rings++ < refused_from)
        return __real_ring_create(entries, out, reason);
    *reason = "the test refuses it";
    return ERR_SYSTEM;
}

/* A hub whose loops do not run. */
static struct hub *create(const char *yaml, int expected, struct diagnostics *diagnostics)
{
    struct hub *hub = NULL;
    struct config *config = load_config(yaml);
    rings = 0;
    diagnostics_init(diagnostics);
    assert_int_equal(hub_create(config, host_table(), SL_MODE_SERVE, diagnostics, &hub), expected);
    config_destroy(config);
    return hub;
}

static void expect(const char *yaml, unsigned warnings, unsigned submitting, const char *text)
{
    struct diagnostics diagnostics;
    char said[IO_TEXT_MAX];
    struct hub *hub = create(yaml, OK, &diagnostics);
    io_describe(hub, said);
    assert_string_equal(said, text);
    assert_int_equal(io_count_submitting(hub), submitting);
    assert_int_equal(diagnostics.warning_count, warnings);
    if (warnings > 0)
        assert_non_null(strstr(diagnostics.warnings[0].text, "the test refuses it"));
    hub_destroy(hub);
    diagnostics_deinit(&diagnostics);
}

static void need_ring(void)
{
    struct ring *ring;
    const char *reason;
    if (__real_ring_create(1, &ring, &reason) != OK) {
        print_message("no io_uring here: %s\n", reason);
        skip();
    }
    ring_destroy(ring);
}

static void epoll_asks_for_no_ring(void **state)
{
    (void)state;
    expect("io: epoll\n" TWO_LOOPS, 0, 0, "epoll");
    assert_int_equal(rings, 0);
}

static void each_loop_gets_a_ring_where_there_are_some(void **state)
{
    (void)state;
    need_ring();
    expect(AUTO TWO_LOOPS, 0, 2, "io_uring");
    assert_int_equal(rings, 2);
    expect("io: io_uring\n" TWO_LOOPS, 0, 2, "io_uring");
}

static void auto_goes_on_without_and_says_why(void **state)
{
    (void)state;
    refused_from = 0;
    expect(AUTO TWO_LOOPS, 0, 0, "epoll; no io_uring: the test refuses it");
    assert_int_equal(rings, 1);
    refused_from = UINT_MAX;
}

static void who_asks_for_io_uring_and_does_not_get_it_is_warned(void **state)
{
    (void)state;
    refused_from = 0;
    expect("io: io_uring\n" TWO_LOOPS, 1, 0, "epoll; no io_uring: the test refuses it");
    refused_from = UINT_MAX;
}

static void loops_that_have_a_ring_keep_it(void **state)
{
    (void)state;
    need_ring();
    refused_from = 1;
    expect("io: io_uring\n" TWO_LOOPS, 1, 1, "io_uring on 1 of 2 loops (the test refuses it)");
    refused_from = UINT_MAX;
}

static void a_loop_that_has_lost_its_ring_is_counted(void **state)
{
    struct diagnostics diagnostics;
    char said[IO_TEXT_MAX];
    (void)state;
    need_ring();
    struct hub *hub = create(AUTO TWO_LOOPS, OK, &diagnostics);
    delivery_use_submission(&hub->set.shards[1].delivery, NULL);
    io_describe(hub, said);
    assert_string_equal(said, "io_uring on 1 of 2 loops (it has failed on the others)");
    hub_destroy(hub);
    diagnostics_deinit(&diagnostics);
}

static void a_program_without_it_says_so_where_it_was_asked_for(void **state)
{
    struct diagnostics diagnostics;
    (void)state;
    is_built_in = false;
    assert_null(create("io: io_uring\n" TWO_LOOPS, ERR_CONFIG, &diagnostics));
    is_built_in = true;
    assert_int_equal(diagnostics.count, 1);
    assert_non_null(strstr(diagnostics.items[0].text, "built without liburing"));
    assert_int_equal(diagnostics.items[0].position.line, 3);
    diagnostics_deinit(&diagnostics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epoll_asks_for_no_ring),
        cmocka_unit_test(each_loop_gets_a_ring_where_there_are_some),
        cmocka_unit_test(auto_goes_on_without_and_says_why),
        cmocka_unit_test(who_asks_for_io_uring_and_does_not_get_it_is_warned),
        cmocka_unit_test(loops_that_have_a_ring_keep_it),
        cmocka_unit_test(a_loop_that_has_lost_its_ring_is_counted),
        cmocka_unit_test(a_program_without_it_says_so_where_it_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
