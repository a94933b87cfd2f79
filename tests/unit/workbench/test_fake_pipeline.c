#include "workbench.h"

#include "pipeline/pipeline.h"
#include "workbench/fake_internal.h"

static int begin(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    return 0;
}

static void *take_loop(void *argument)
{
    struct pipeline_loop **loop = argument;
    *loop = fake_loop();
    return *loop == fake_loop() ? argument : NULL;
}

static void each_thread_has_a_loop_of_its_own(void **state)
{
    struct pipeline_loop *other;
    pthread_t thread;
    void *result;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, take_loop, &other), 0);
    pthread_join(thread, &result);
    assert_non_null(result);
    assert_ptr_not_equal(fake_loop(), other);
}

static void all_loops_have_the_same_time(void **state)
{
    const struct pipeline *pipeline = fake_pipeline();
    (void)state;
    fake_set_now(42);
    for (unsigned i = 0; i < pipeline->loop_count; i++)
        assert_int_equal(pipeline->loops[i]->loop->now, 42);
    fake_rewind();
}

static void a_client_is_of_the_loop_of_its_thread(void **state)
{
    struct sl_client *client = fake_client_create(NULL);
    (void)state;
    assert_int_equal(client_id_loop(client->id), fake_loop()->index);
    fake_client_destroy(client);
}

static bool is_destroyed;

static void destroy(struct sl_instance *self)
{
    (void)self;
    is_destroyed = true;
}

static void an_instance_ends_when_nobody_refers_to_it(void **state)
{
    (void)state;
    struct fake_instance *pipeline = instance_with((struct sl_plugin){.destroy = destroy});
    struct instance *instance = instance_ref(pipeline->chain->stages[0].instance);
    fake_instance_destroy(pipeline);
    assert_false(is_destroyed);
    instance_unref(instance);
    fake_destroy_instances();
    assert_true(is_destroyed);
}

static void *use_a_loop(void *argument)
{
    fake_loop();
    return argument;
}

static void use_too_many(void *argument)
{
    (void)argument;
    situation_begin_host();
    for (int i = 0; i <= FAKE_LOOPS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, use_a_loop, NULL);
        pthread_join(thread, NULL);
    }
}

static void there_are_not_more_threads_than_loops(void **state)
{
    (void)state;
    assert_fails(use_too_many, NULL, "hooks run on more than 32 threads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_has_a_loop_of_its_own),
        cmocka_unit_test(all_loops_have_the_same_time),
        cmocka_unit_test(a_client_is_of_the_loop_of_its_thread),
        cmocka_unit_test(an_instance_ends_when_nobody_refers_to_it),
        cmocka_unit_test(there_are_not_more_threads_than_loops),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
