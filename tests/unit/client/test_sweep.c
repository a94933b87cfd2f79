#include "client/sweep.h"

#include "client/clients.h"

#define MANY (3 * SWEEP_VISITS + 10)

static struct client added[MANY];
static unsigned visited[MANY];

/* A sweep that counts its visits. */
struct counting {
    struct sweep sweep; /* first */
    unsigned visits;
    unsigned ends;
    int64_t takes;         /* ns that a visit takes */
    struct client *leaves; /* the shard with the first visit; NULL: nobody */
};

static bool count_visit(struct sweep *sweep, struct client *client)
{
    struct counting *counting = (struct counting *)sweep;
    int64_t until = clock_monotonic() + counting->takes;
    counting->visits++;
    visited[client - added]++;
    while (clock_monotonic() < until)
        continue;
    if (counting->leaves != NULL)
        shard_remove(&clients.shards[0], counting->leaves);
    counting->leaves = NULL;
    return (client - added) % 2 == 0;
}

static void count_end(struct sweep *sweep, struct shard *shard)
{
    (void)shard;
    ((struct counting *)sweep)->ends++;
}

static struct counting make_counting(uint32_t quota)
{
    memset(visited, 0, sizeof visited);
    return (struct counting){.sweep = {.visit = count_visit, .end = count_end, .quota = quota}};
}

static void add_clients(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        assert_int_equal(shard_add(&clients.shards[0], &added[i]), OK);
}

static void remove_clients(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        shard_remove(&clients.shards[0], &added[i]);
}

static void a_small_shard_is_done_at_once(void **state)
{
    struct counting counting = make_counting(SWEEP_WITHOUT_QUOTA);
    (void)state;
    add_clients(0, 10);
    sweep_begin(&clients.shards[0], &counting.sweep);
    assert_int_equal(counting.visits, 10);
    assert_int_equal(counting.ends, 1);
    assert_false(sweep_go_on(&clients.shards[0]));
    remove_clients(0, 10);
}

static void a_large_one_is_done_in_portions_and_each_client_is_visited_once(void **state)
{
    struct counting counting = make_counting(SWEEP_WITHOUT_QUOTA);
    struct shard *shard = &clients.shards[0];
    unsigned portions = 1;
    (void)state;
    add_clients(0, MANY);
    sweep_begin(shard, &counting.sweep);
    assert_in_range(counting.visits, 1, SWEEP_VISITS);
    for (unsigned before = counting.visits; counting.ends == 0; before = counting.visits) {
        bool has_more = sweep_go_on(shard);
        assert_int_equal(has_more, counting.ends == 0);
        assert_true(counting.visits - before <= SWEEP_VISITS);
        portions++;
    }
    assert_true(portions >= 4);
    assert_int_equal(counting.ends, 1);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(visited[i], 1);
    remove_clients(0, MANY);
}

static void the_end_of_an_iteration_does_a_portion_and_the_loop_does_not_sleep(void **state)
{
    struct counting counting = make_counting(SWEEP_WITHOUT_QUOTA);
    struct loop *loop = clients_loop(0);
    (void)state;
    add_clients(0, MANY);
    sweep_begin(&clients.shards[0], &counting.sweep);
    while (loop->on_iteration_end(loop))
        assert_int_equal(counting.ends, 0);
    assert_int_equal(counting.ends, 1);
    assert_int_equal(counting.visits, MANY);
    remove_clients(0, MANY);
}

static void a_portion_ends_when_its_time_is_over(void **state)
{
    struct counting counting = make_counting(SWEEP_WITHOUT_QUOTA);
    (void)state;
    counting.takes = SWEEP_TIME / 2;
    add_clients(0, 10);
    sweep_begin(&clients.shards[0], &counting.sweep);
    assert_in_range(counting.visits, 1, 2);
    counting.takes = 0;
    while (sweep_go_on(&clients.shards[0]))
        continue;
    assert_int_equal(counting.visits, 10);
    remove_clients(0, 10);
}

static void who_leaves_meanwhile_is_not_visited_and_who_comes_later_need_not_be(void **state)
{
    struct counting counting = make_counting(SWEEP_WITHOUT_QUOTA);
    struct shard *shard = &clients.shards[0];
    (void)state;
    add_clients(0, SWEEP_VISITS);
    counting.leaves = &added[SWEEP_VISITS - 1];
    counting.takes = SWEEP_TIME; /* One visit, to begin with. */
    sweep_begin(shard, &counting.sweep);
    assert_int_equal(counting.visits, 1);
    counting.takes = 0;
    add_clients(SWEEP_VISITS, MANY); /* The table grows. */
    while (sweep_go_on(shard))
        continue;
    assert_int_equal(counting.ends, 1);
    for (unsigned i = 0; i < SWEEP_VISITS - 1; i++)
        assert_int_equal(visited[i], 1);
    assert_int_equal(visited[SWEEP_VISITS - 1], 0);
    remove_clients(0, SWEEP_VISITS - 1);
    remove_clients(SWEEP_VISITS, MANY);
}

static void visits_that_count_wait_for_their_quota(void **state)
{
    struct counting counting = make_counting(3);
    struct shard *shard = &clients.shards[0];
    (void)state;
    add_clients(0, 10); /* Every second one counts. */
    sweep_begin(shard, &counting.sweep);
    assert_int_equal(counting.visits, 5);
    assert_false(sweep_go_on(shard)); /* Nothing to do at once. */
    assert_int_equal(counting.visits, 5);
    counting.sweep.quota += 3;
    assert_false(sweep_go_on(shard));
    assert_int_equal(counting.visits, 10);
    assert_int_equal(counting.ends, 1);
    remove_clients(0, 10);
}

static void several_go_on_beside_each_other(void **state)
{
    struct counting waiting = make_counting(1);
    struct counting other = make_counting(SWEEP_WITHOUT_QUOTA);
    struct shard *shard = &clients.shards[0];
    (void)state;
    add_clients(0, MANY);
    sweep_begin(shard, &waiting.sweep);
    sweep_begin(shard, &other.sweep);
    while (sweep_go_on(shard))
        continue;
    assert_int_equal(other.ends, 1);
    assert_int_equal(other.visits, MANY);
    assert_int_equal(waiting.ends, 0);
    sweep_end_all(shard);
    assert_int_equal(waiting.ends, 1);
    assert_int_equal(waiting.visits, 1);
    remove_clients(0, MANY);
}

static void a_loop_that_is_about_to_end_visits_nobody(void **state)
{
    struct counting counting = make_counting(SWEEP_WITHOUT_QUOTA);
    (void)state;
    add_clients(0, 10);
    atomic_store(&clients.set.is_stopping, true);
    sweep_begin(&clients.shards[0], &counting.sweep);
    atomic_store(&clients.set.is_stopping, false);
    assert_int_equal(counting.visits, 0);
    assert_int_equal(counting.ends, 1);
    remove_clients(0, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(a_small_shard_is_done_at_once),
        clients_test(a_large_one_is_done_in_portions_and_each_client_is_visited_once),
        clients_test(the_end_of_an_iteration_does_a_portion_and_the_loop_does_not_sleep),
        clients_test(a_portion_ends_when_its_time_is_over),
        clients_test(who_leaves_meanwhile_is_not_visited_and_who_comes_later_need_not_be),
        clients_test(visits_that_count_wait_for_their_quota),
        clients_test(several_go_on_beside_each_other),
        clients_test(a_loop_that_is_about_to_end_visits_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
