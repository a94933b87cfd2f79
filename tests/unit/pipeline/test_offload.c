#include "pipeline/offload.h"
#include "failing_memory.h"
#include "pipeline/hook.h"
#include "pipeline/rig.h"
#include "pipeline/worker_pool.h"

static const struct sl_plugin worker = {SL_PLUGIN_HEADER, .name = "worker", .version = "1"};
static const struct sl_plugin other = {SL_PLUGIN_HEADER, .name = "other", .version = "1"};

static struct chain *chain;
static struct rig_client client;
static struct option_set *read_first, *read_second;

static void work(struct sl_instance *self, void *context)
{
    struct instance *instance = (struct instance *)self;
    assert_ptr_equal(hook_instance(), instance);
    *(const char **)context = "worked";
    read_first = offload_options(instance);
    read_second = offload_options(instance);
}

static void done(struct sl_instance *self, struct sl_client *seen, void *context)
{
    const char *text = *(const char **)context;
    assert_ptr_equal(hook_instance(), self);
    assert_int_equal(hook_stage() != NULL, seen != NULL);
    note(text);
    note(seen != NULL ? "client" : "nobody");
}

static int set_up(void **state)
{
    static const struct worker_limits limits = {
        .threads = 1, .source_threads = 1, .queue = 4, .source_queue = 4};
    const struct rig_stage stage = {.table = &worker};
    rig_set_up(state);
    assert_int_equal(worker_pool_create(&limits, &rig.pipeline.workers), OK);
    chain = rig_chain(&stage, 1);
    rig_client_init(&client, chain, 1);
    rig.findable = &client.seen;
    return 0;
}

static int tear_down(void **state)
{
    worker_pool_stop(rig.pipeline.workers);
    rig_deliver();
    chain_destroy(chain);
    rig_deliver();
    worker_pool_destroy(rig.pipeline.workers);
    return rig_tear_down(state);
}

static struct instance *instance(void)
{
    return chain->stages[0].instance;
}

/* Waits for the work, and delivers what has come back. */
static void finish_work(void)
{
    struct worker_stats stats;
    do
        worker_pool_read(rig.pipeline.workers, &stats);
    while (stats.waiting + stats.running > 0);
    rig_deliver();
}

static void the_result_comes_back_to_the_client(void **state)
{
    const char *context = "nothing";
    (void)state;
    assert_int_equal(offload_post(instance(), client.seen.id, work, done, &context), OK);
    finish_work();
    expect_notes("worked client");
    assert_int_equal(atomic_load(&instance()->references), 1);
}

static void work_about_no_client_comes_back_to_the_instance(void **state)
{
    const char *context = "nothing";
    (void)state;
    assert_int_equal(offload_post(instance(), 0, work, done, &context), OK);
    finish_work();
    expect_notes("worked nobody");
}

static void a_client_that_is_gone_is_nobody(void **state)
{
    const char *context = "nothing";
    (void)state;
    rig.findable = NULL;
    assert_int_equal(offload_post(instance(), client.seen.id, work, done, &context), OK);
    finish_work();
    expect_notes("worked nobody");
}

static void a_client_that_has_left_the_instance_is_nobody(void **state)
{
    const struct rig_stage stage = {.table = &other};
    struct chain *next = rig_chain(&stage, 1);
    const char *context = "nothing";
    (void)state;
    client.seen.chain = next;
    assert_int_equal(offload_post(instance(), client.seen.id, work, done, &context), OK);
    finish_work();
    expect_notes("worked nobody");
    client.seen.chain = NULL;
    assert_int_equal(offload_post(instance(), client.seen.id, work, done, &context), OK);
    finish_work();
    expect_notes("worked nobody");
    chain_destroy(next);
}

static void done_may_be_left_out(void **state)
{
    const char *context = "nothing";
    (void)state;
    assert_int_equal(offload_post(instance(), 0, work, NULL, &context), OK);
    finish_work();
    assert_string_equal(context, "worked");
    assert_int_equal(atomic_load(&instance()->references), 1);
}

static void work_reads_one_set_of_options(void **state)
{
    const char *context = "nothing";
    (void)state;
    assert_int_equal(offload_post(instance(), 0, work, NULL, &context), OK);
    finish_work();
    assert_non_null(read_first);
    assert_ptr_equal(read_first, read_second);
    assert_ptr_equal(read_first, instance_options_in_hook(&instance()->options));
}

static void refuses_what_cannot_be_done(void **state)
{
    (void)state;
    assert_int_equal(offload_post(instance(), 0, NULL, done, NULL), ERR_INVALID);
    worker_pool_stop(rig.pipeline.workers);
    assert_int_equal(offload_post(instance(), 0, work, done, NULL), ERR_CLOSED);
    assert_int_equal(atomic_load(&instance()->references), 1);
    expect_notes("");
}

static void without_memory_nothing_is_called(void **state)
{
    (void)state;
    fail_allocation(1);
    assert_int_equal(offload_post(instance(), 0, work, done, NULL), ERR_NO_MEMORY);
    fail_allocation(0);
    finish_work();
    expect_notes("");
}

#define offload_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        offload_test(the_result_comes_back_to_the_client),
        offload_test(work_about_no_client_comes_back_to_the_instance),
        offload_test(a_client_that_is_gone_is_nobody),
        offload_test(a_client_that_has_left_the_instance_is_nobody),
        offload_test(done_may_be_left_out),
        offload_test(work_reads_one_set_of_options),
        offload_test(refuses_what_cannot_be_done),
        offload_test(without_memory_nothing_is_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
