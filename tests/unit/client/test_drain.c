#include "client/drain.h"

#include "client/remotes.h"
#include "failing_memory.h"

#define MANY 200u
#define AT_LEAST 64u
#define REASON "reconnect"

static struct remote remotes[MANY];

static void join_many(unsigned index)
{
    for (unsigned i = 0; i < MANY; i++)
        remotes[i] = remote_join(index);
}

static void leave_many(void)
{
    for (unsigned i = 0; i < MANY; i++)
        close(remotes[i].socket);
    clients_settle();
}

static unsigned count_in_state(enum client_state wanted)
{
    unsigned count = 0;
    for (unsigned i = 0; i < MANY; i++)
        count += remotes[i].client->state == wanted;
    return count;
}

static uint64_t count_closes(void)
{
    return clients_closes(CLOSE_SERVICE_RESTART);
}

static struct drain_scope *server_scope(void)
{
    return &clients.set.drain;
}

/* Of all clients of the set, in as many ns from the loops' time on. */
static void begin(int64_t from, int64_t until, uint32_t at_least)
{
    int64_t now = clients_loop(0)->now;
    const struct drain_plan plan = {.scope = server_scope(),
                                    .from = now + from,
                                    .until = now + until,
                                    .at_least = at_least,
                                    .reason = REASON};
    assert_int_equal(drain_begin(&clients.set, &plan), OK);
    for (unsigned i = 0; i < clients.set.count; i++)
        clients_iterate(i);
}

/* What is to be closed now is closed in portions, which have a limit in time too. */
static void finish_portions(void)
{
    const struct shard *shard = &clients.shards[0];
    for (unsigned i = 0; i < 2 * MANY && shard->sweeps != NULL && shard->sweeps->quota > 0; i++)
        clients_iterate(0);
}

static void expect_nothing_under_way(void)
{
    for (unsigned i = 0; i < clients.set.count; i++) {
        assert_null(clients.shards[i].drains);
        assert_null(clients.shards[i].sweeps);
    }
}

static void everybody_is_closed_with_1012_and_that_is_spread(void **state)
{
    unsigned closed = 0;
    (void)state;
    join_many(0);
    begin(0, 2 * DRAIN_TICK, 0);
    finish_portions();
    while (closed < MANY) {
        unsigned now = count_in_state(CLIENT_CLOSING);
        assert_true(now > closed);
        assert_true(now - closed <= (MANY + 1) / 2);
        closed = now;
        clients_pass(DRAIN_TICK);
        finish_portions();
    }
    for (unsigned i = 0; i < MANY; i++)
        remote_expect_close(&remotes[i], CLOSE_SERVICE_RESTART, REASON);
    assert_int_equal(count_closes(), MANY);
    assert_int_equal(server_scope()->closed, MANY);
    assert_int_equal(clients.endpoint->drained, MANY);
    expect_nothing_under_way();
    leave_many();
}

static void few_clients_are_spread_over_a_long_time(void **state)
{
    unsigned closed = 0;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        remotes[i] = remote_join(0);
    begin(0, 10 * NS_PER_S, 0);
    assert_int_equal(count_closes(), 0);
    while (closed < 5) {
        clients_pass(2 * NS_PER_S);
        assert_int_equal(count_closes(), ++closed);
    }
    for (unsigned i = 0; i < 5; i++)
        close(remotes[i].socket);
}

static void with_a_least_number_few_clients_do_not_take_their_time(void **state)
{
    (void)state;
    join_many(0);
    begin(0, 3600 * NS_PER_S, AT_LEAST);
    finish_portions();
    assert_int_equal(count_in_state(CLIENT_CLOSING), AT_LEAST);
    clients_pass(DRAIN_TICK);
    finish_portions();
    assert_int_equal(count_in_state(CLIENT_CLOSING), 2 * AT_LEAST);
    leave_many();
}

static void a_loop_is_not_held_up(void **state)
{
    struct remote more[MANY];
    (void)state;
    join_many(0);
    memcpy(more, remotes, sizeof more);
    join_many(0);
    begin(-1, -1, 0);
    unsigned closed = 2 * SWEEP_VISITS;
    while (count_closes() < 2 * MANY) {
        assert_true(count_closes() <= closed);
        closed += SWEEP_VISITS;
        clients_iterate(0);
    }
    for (unsigned i = 0; i < MANY; i++)
        close(more[i].socket);
    leave_many();
}

static void past_its_time_everybody_is_closed_at_once(void **state)
{
    (void)state;
    join_many(0);
    begin(-2, -1, 0);
    finish_portions();
    assert_int_equal(count_in_state(CLIENT_CLOSING), MANY);
    leave_many();
}

static void nobody_is_closed_before_the_time_and_who_comes_until_then_is_closed_too(void **state)
{
    (void)state;
    begin(NS_PER_S, NS_PER_S, 0);
    join_many(0);
    clients_pass(NS_PER_S - 2 * DRAIN_TICK);
    assert_int_equal(count_closes(), 0);
    clients_pass(2 * DRAIN_TICK);
    finish_portions();
    assert_int_equal(count_in_state(CLIENT_CLOSING), MANY);
    leave_many();
}

static void all_loops_close_their_own(void **state)
{
    struct remote there[SHARDS_MAX];
    (void)state;
    clients_open(SHARDS_MAX);
    for (unsigned i = 0; i < SHARDS_MAX; i++)
        there[i] = remote_join(i);
    begin(0, 0, 0);
    clients_settle();
    for (unsigned i = 0; i < SHARDS_MAX; i++) {
        remote_expect_close(&there[i], CLOSE_SERVICE_RESTART, REASON);
        close(there[i].socket);
    }
    expect_nothing_under_way();
    clients_settle();
    clients_close();
}

static void one_that_is_stopped_closes_nobody_any_more(void **state)
{
    (void)state;
    join_many(0);
    begin(0, 10 * DRAIN_TICK, 0);
    finish_portions();
    uint64_t closed = count_closes();
    assert_true(closed > 0 && closed < MANY);
    assert_true(drain_is_on(server_scope()));
    drain_stop(server_scope());
    assert_false(drain_is_on(server_scope()));
    clients_pass(NS_PER_S);
    assert_int_equal(count_closes(), closed);
    expect_nothing_under_way();
    begin(NS_PER_S, NS_PER_S, 0); /* Stopped before it begins. */
    drain_stop(server_scope());
    clients_pass(DRAIN_TICK);
    expect_nothing_under_way();
    clients_pass(2 * NS_PER_S);
    assert_int_equal(count_closes(), closed);
    leave_many();
}

static void a_second_one_takes_the_place_of_the_first(void **state)
{
    (void)state;
    join_many(0);
    begin(0, 3600 * NS_PER_S, 0);
    assert_int_equal(count_closes(), 0);
    begin(0, 0, 0);
    finish_portions();
    clients_pass(DRAIN_TICK);
    finish_portions();
    assert_int_equal(count_closes(), MANY);
    assert_int_equal(server_scope()->closed, MANY);
    expect_nothing_under_way();
    leave_many();
}

static void one_of_an_endpoint_leaves_others_alone(void **state)
{
    struct endpoint other = {.path = NULL};
    struct audience audiences[1] = {{.count = 100}};
    struct remote remote = remote_join(0);
    (void)state;
    other.path = (char[]){"/other"};
    other.fanout.audiences = audiences;
    struct drain_plan plan = {.scope = &other.drain, .endpoint = &other, .reason = REASON};
    assert_int_equal(drain_begin(&clients.set, &plan), OK);
    clients_settle();
    assert_int_equal(count_closes(), 0);
    plan.scope = &clients.endpoint->drain;
    plan.endpoint = clients.endpoint;
    assert_int_equal(drain_begin(&clients.set, &plan), OK);
    clients_settle();
    remote_expect_close(&remote, CLOSE_SERVICE_RESTART, REASON);
    assert_int_equal(clients.endpoint->drain.closed, 1);
    assert_false(drain_is_on(server_scope()));
    close(remote.socket);
}

static void new_clients_are_refused_from_its_beginning_until_it_is_stopped(void **state)
{
    struct drain_scope scope = {.number = 0};
    (void)state;
    assert_false(drain_refuses(&scope));
    struct drain_plan plan = {.scope = &scope, .from = INT64_MAX, .until = INT64_MAX};
    assert_int_equal(drain_begin(&clients.set, &plan), OK);
    assert_false(drain_refuses(&scope));
    plan.from = plan.until = clock_monotonic();
    assert_int_equal(drain_begin(&clients.set, &plan), OK);
    assert_true(drain_refuses(&scope));
    drain_stop(&scope);
    assert_false(drain_refuses(&scope));
    clients_settle();
    expect_nothing_under_way();
}

static void a_loop_that_ends_takes_its_drains_with_it(void **state)
{
    (void)state;
    clients_open(2);
    begin(3600 * NS_PER_S, 3600 * NS_PER_S, 0); /* Waits. */
    struct remote remote = remote_join(0);
    const struct drain_plan closing = {.scope = &clients.endpoint->drain,
                                       .endpoint = clients.endpoint,
                                       .from = clients_loop(0)->now,
                                       .until = INT64_MAX,
                                       .reason = REASON};
    assert_int_equal(drain_begin(&clients.set, &closing), OK);
    clients_iterate(0); /* The other loop's is in its mailbox. */
    assert_non_null(clients.shards[0].drains);
    close(remote.socket);
    clients_close(); /* Which the sanitizer looks at. */
}

static int begin_without_memory(void *context)
{
    const struct drain_plan plan = {.scope = server_scope(), .reason = REASON};
    (void)context;
    return drain_begin(&clients.set, &plan);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    fail_allocation(1);
    int error = begin_without_memory(NULL);
    assert_true(end_failing_allocations());
    assert_int_equal(error, ERR_NO_MEMORY);
    assert_false(drain_is_on(server_scope()));
    expect_nothing_under_way();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(everybody_is_closed_with_1012_and_that_is_spread),
        clients_test(few_clients_are_spread_over_a_long_time),
        clients_test(with_a_least_number_few_clients_do_not_take_their_time),
        clients_test(a_loop_is_not_held_up),
        clients_test(past_its_time_everybody_is_closed_at_once),
        clients_test(nobody_is_closed_before_the_time_and_who_comes_until_then_is_closed_too),
        cmocka_unit_test(all_loops_close_their_own),
        clients_test(one_that_is_stopped_closes_nobody_any_more),
        clients_test(a_second_one_takes_the_place_of_the_first),
        clients_test(one_of_an_endpoint_leaves_others_alone),
        clients_test(new_clients_are_refused_from_its_beginning_until_it_is_stopped),
        cmocka_unit_test(a_loop_that_ends_takes_its_drains_with_it),
        clients_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
