#include "pipeline/worker_pool.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

struct counted {
    struct worker_job job;        /* first */
    struct worker_source *source; /* NULL: `common` */
    char **order;                 /* where `letter` is written, or NULL */
    char letter;
    atomic_uint *done;
    atomic_uint *abandoned; /* or NULL: it must not be */
    sem_t *gate;            /* waited for, or NULL */
};

static struct worker_source common;

static void count(struct worker_job *job)
{
    struct counted *counted = (struct counted *)job;
    if (counted->gate != NULL)
        sem_wait(counted->gate);
    if (counted->order != NULL)
        *(*counted->order)++ = counted->letter;
    atomic_fetch_add(counted->done, 1);
}

static void finish(struct worker_job *job)
{
    free((struct counted *)job);
}

static void abandon(struct worker_job *job)
{
    struct counted *counted = (struct counted *)job;
    assert_non_null(counted->abandoned);
    atomic_fetch_add(counted->abandoned, 1);
    free(counted);
}

static int create(unsigned threads, uint32_t queue, struct worker_pool **pool)
{
    const struct worker_limits limits = {threads, threads, queue, queue};
    common = (struct worker_source){.next = NULL};
    return worker_pool_create(&limits, pool);
}

static void wait_until_done(struct worker_pool *pool)
{
    struct worker_stats stats;
    do {
        sched_yield();
        worker_pool_read(pool, &stats);
    } while (stats.waiting + stats.running > 0);
}

static int post_as(struct worker_pool *pool, struct counted how)
{
    struct counted *counted = malloc(sizeof *counted);
    assert_non_null(counted);
    *counted = how;
    counted->job = (struct worker_job){.run = count, .finish = finish, .abandon = abandon};
    int error = worker_pool_post(pool, how.source != NULL ? how.source : &common, &counted->job);
    if (error != OK)
        free(counted);
    return error;
}

static int post(struct worker_pool *pool, atomic_uint *done, sem_t *gate)
{
    return post_as(pool, (struct counted){.done = done, .gate = gate});
}

static void runs_every_job_once(void **state)
{
    (void)state;
    struct worker_pool *pool;
    struct worker_stats stats;
    atomic_uint done = 0;
    assert_int_equal(create(3, 10000, &pool), OK);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(post(pool, &done, NULL), OK);
    wait_until_done(pool);
    worker_pool_stop(pool);
    worker_pool_read(pool, &stats);
    assert_int_equal(done, 5000);
    assert_int_equal(stats.done, 5000);
    assert_int_equal(stats.waiting + stats.running, 0);
    worker_pool_destroy(pool);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct worker_pool *pool;
    struct worker_stats stats;
    atomic_uint done = 0;
    sem_t gate;
    sem_init(&gate, 0, 0);
    assert_int_equal(create(1, 2, &pool), OK);
    unsigned taken = 0;
    while (post(pool, &done, &gate) == OK && taken < 10)
        taken++;
    worker_pool_read(pool, &stats);
    assert_in_range(taken, 2, 3); /* One may run already. */
    assert_int_equal(stats.refused, 1);
    for (unsigned i = 0; i < taken; i++)
        sem_post(&gate);
    wait_until_done(pool);
    worker_pool_stop(pool);
    assert_int_equal(done, taken);
    assert_int_equal(post(pool, &done, NULL), ERR_CLOSED);
    worker_pool_destroy(pool);
    sem_destroy(&gate);
}

/* Lets the job that runs go when the others have been abandoned. */
static void *let_go(void *argument)
{
    const struct counted *how = argument;
    while (atomic_load(how->abandoned) < 49)
        sched_yield();
    sem_post(how->gate);
    return NULL;
}

static void stopping_abandons_what_has_not_begun(void **state)
{
    (void)state;
    struct worker_pool *pool;
    struct worker_stats stats;
    atomic_uint done = 0, abandoned = 0;
    sem_t gate;
    pthread_t helper;
    sem_init(&gate, 0, 0);
    assert_int_equal(create(1, 100, &pool), OK);
    struct counted how = {.done = &done, .abandoned = &abandoned, .gate = &gate};
    for (int i = 0; i < 50; i++)
        assert_int_equal(post_as(pool, how), OK);
    do {
        worker_pool_read(pool, &stats);
    } while (stats.running == 0);
    assert_int_equal(pthread_create(&helper, NULL, let_go, &how), 0);
    worker_pool_stop(pool);
    pthread_join(helper, NULL);
    assert_int_equal(done, 1);
    assert_int_equal(abandoned, 49);
    worker_pool_read(pool, &stats);
    assert_int_equal(stats.waiting + stats.running, 0);
    worker_pool_destroy(pool);
    sem_destroy(&gate);
}

static void needs_no_thread_without_a_job(void **state)
{
    (void)state;
    struct worker_pool *pool;
    assert_int_equal(create(4, 10, &pool), OK);
    worker_pool_stop(pool);
    worker_pool_stop(NULL);
    worker_pool_destroy(pool);
    worker_pool_destroy(NULL);
}

static void *post_many(void *argument)
{
    void **arguments = argument;
    for (int i = 0; i < 500; i++)
        assert_int_equal(post(arguments[0], arguments[1], NULL), OK);
    return NULL;
}

static void many_threads_post_at_once(void **state)
{
    (void)state;
    struct worker_pool *pool;
    atomic_uint done = 0;
    pthread_t threads[4];
    assert_int_equal(create(2, 10000, &pool), OK);
    void *arguments[] = {pool, &done};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, arguments), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    wait_until_done(pool);
    worker_pool_destroy(pool);
    assert_int_equal(done, 2000);
}

/* -- several sources -- */

static void wait_for_running(struct worker_pool *pool, uint32_t running)
{
    struct worker_stats stats;
    do {
        sched_yield();
        worker_pool_read(pool, &stats);
    } while (stats.running != running);
}

static void a_source_that_hangs_leaves_threads_to_the_others(void **state)
{
    static const struct worker_limits limits = {
        .threads = 3, .source_threads = 2, .queue = 100, .source_queue = 50};
    struct worker_source silent = {.next = NULL}, other = {.next = NULL}, found;
    struct worker_pool *pool;
    struct worker_stats stats;
    atomic_uint hung = 0, done = 0;
    sem_t gate;
    (void)state;
    sem_init(&gate, 0, 0);
    assert_int_equal(worker_pool_create(&limits, &pool), OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(
            post_as(pool, (struct counted){.source = &silent, .done = &hung, .gate = &gate}), OK);
    wait_for_running(pool, 2);
    for (int i = 0; i < 10; i++)
        assert_int_equal(post_as(pool, (struct counted){.source = &other, .done = &done}), OK);
    while (atomic_load(&done) < 10)
        sched_yield();
    wait_for_running(pool, 2);
    worker_pool_read_source(pool, &silent, &found);
    assert_int_equal(found.running, 2);
    assert_int_equal(found.waiting, 18);
    for (int i = 0; i < 20; i++)
        sem_post(&gate);
    wait_until_done(pool);
    worker_pool_read(pool, &stats);
    assert_int_equal(stats.done, 30);
    assert_int_equal(stats.waited.count, 30);
    worker_pool_destroy(pool);
    assert_int_equal(hung, 20);
    sem_destroy(&gate);
}

static void a_source_fills_its_own_share_of_the_queue_only(void **state)
{
    static const struct worker_limits limits = {
        .threads = 1, .source_threads = 1, .queue = 6, .source_queue = 4};
    struct worker_source greedy = {.next = NULL}, other = {.next = NULL}, found;
    struct worker_pool *pool;
    struct worker_stats stats;
    atomic_uint done = 0;
    sem_t gate;
    (void)state;
    sem_init(&gate, 0, 0);
    assert_int_equal(worker_pool_create(&limits, &pool), OK);
    struct counted how = {.source = &greedy, .done = &done, .gate = &gate};
    assert_int_equal(post_as(pool, how), OK);
    wait_for_running(pool, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(post_as(pool, how), OK);
    assert_int_equal(post_as(pool, how), ERR_LIMIT);
    how.source = &other;
    assert_int_equal(post_as(pool, how), OK);
    assert_int_equal(post_as(pool, how), OK);
    assert_int_equal(post_as(pool, how), ERR_LIMIT); /* all share the queue */
    worker_pool_read_source(pool, &greedy, &found);
    assert_int_equal(found.refused, 1);
    worker_pool_read(pool, &stats);
    assert_int_equal(stats.refused, 2);
    for (int i = 0; i < 7; i++)
        sem_post(&gate);
    wait_until_done(pool);
    worker_pool_destroy(pool);
    assert_int_equal(done, 7);
    sem_destroy(&gate);
}

static void sources_take_turns(void **state)
{
    static const struct worker_limits limits = {
        .threads = 1, .source_threads = 1, .queue = 100, .source_queue = 100};
    struct worker_source sources[3] = {{.next = NULL}, {.next = NULL}, {.next = NULL}};
    struct worker_pool *pool;
    atomic_uint done = 0;
    char order[10] = "";
    char *at = order;
    sem_t gate;
    (void)state;
    sem_init(&gate, 0, 0);
    assert_int_equal(worker_pool_create(&limits, &pool), OK);
    struct counted how = {.source = &sources[0], .done = &done, .gate = &gate};
    assert_int_equal(post_as(pool, how), OK);
    wait_for_running(pool, 1);
    how.gate = NULL;
    how.order = &at;
    for (const char *letter = "aaaabbc"; *letter != '\0'; letter++) {
        how.letter = *letter;
        how.source = &sources[*letter - 'a'];
        assert_int_equal(post_as(pool, how), OK);
    }
    sem_post(&gate);
    wait_until_done(pool);
    worker_pool_destroy(pool);
    assert_string_equal(order, "abcabaa");
    sem_destroy(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_job_once),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(stopping_abandons_what_has_not_begun),
        cmocka_unit_test(needs_no_thread_without_a_job),
        cmocka_unit_test(many_threads_post_at_once),
        cmocka_unit_test(a_source_that_hangs_leaves_threads_to_the_others),
        cmocka_unit_test(a_source_fills_its_own_share_of_the_queue_only),
        cmocka_unit_test(sources_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
