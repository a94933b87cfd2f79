#include "pipeline/creation.h"
#include "pipeline/hook.h"
#include "pipeline/made_instance.h"

#include <pthread.h>

/* What create does with its ticket. */
static enum { DEFERS, COMPLETES, FAILS_LATER, DEFERS_AND_FAILS, STARTS_WORK } way;
static struct sl_ticket ticket;
static int second_ticket;
static int64_t at_its_end; /* of create */

/* Offloaded work that runs while create does. Returns whether it got a ticket. */
static void *work(void *argument)
{
    struct instance *instance = argument;
    struct sl_ticket none;
    hook_begin(instance, NULL, 0, "work");
    bool is_deferred = creation_runs_here(instance) || creation_defer(&instance->seen, &none) == 0;
    hook_end();
    return is_deferred ? argument : NULL;
}

static int create(struct sl_instance *self)
{
    struct sl_ticket another;
    if (way == STARTS_WORK) {
        pthread_t thread;
        void *result;
        assert_int_equal(pthread_create(&thread, NULL, work, self), 0);
        pthread_join(thread, &result);
        assert_null(result);
        assert_true(creation_runs_here((struct instance *)self));
    }
    assert_int_equal(creation_defer(self, &ticket), 0);
    second_ticket = creation_defer(self, &another);
    if (way == COMPLETES)
        assert_int_equal(creation_complete(ticket, NULL), 0);
    if (way == FAILS_LATER)
        assert_int_equal(creation_complete(ticket, "no database"), 0);
    at_its_end = clock_monotonic();
    return way == DEFERS_AND_FAILS ? SL_ERROR : 0;
}

static void destroy(struct sl_instance *self)
{
    (void)self;
    assert_int_equal(creation_complete(ticket, NULL), SL_GONE); /* Nobody waits any more. */
    note("destroy");
}

static const struct sl_plugin table = {SL_PLUGIN_HEADER, .name = "test", .version = "1",
                                       .create = create, .destroy = destroy};

static int set_up(void **state)
{
    way = DEFERS;
    return set_up_plugin(state, &table);
}

static int tear_down(void **state)
{
    rig_deliver();
    expect_notes("destroy");
    assert_null(rig.pipeline.creations.awaited);
    return tear_down_plugin(state);
}

static void count(void *context, const struct instance *instance)
{
    assert_string_equal(instance->name, "test#1");
    ++*(unsigned *)context;
}

static unsigned awaited(void)
{
    unsigned found = 0;
    creation_each(&rig.pipeline, count, &found);
    return found;
}

static void one_with_a_ticket_is_awaited_until_it_is_completed(void **state)
{
    struct instance *instance = made();
    (void)state;
    assert_int_equal(second_ticket, -1);
    assert_int_equal(creation_state_of(instance), CREATION_AWAITED);
    assert_int_equal(awaited(), 1);
    assert_int_equal(creation_complete(ticket, NULL), 0);
    assert_int_equal(creation_state_of(instance), CREATION_DONE);
    assert_int_equal(awaited(), 0);
    assert_int_equal(creation_complete(ticket, "again"), SL_GONE);
    assert_int_equal(creation_state_of(instance), CREATION_DONE);
    instance_unref(instance);
}

static void offloaded_work_gets_no_ticket_while_create_runs(void **state)
{
    (void)state;
    way = STARTS_WORK;
    struct instance *instance = made();
    assert_false(creation_runs_here(instance));
    assert_int_equal(creation_state_of(instance), CREATION_AWAITED); /* By create's own. */
    instance_unref(instance);
}

static void the_time_of_one_that_is_awaited_counts_from_when_create_has_returned(void **state)
{
    struct instance *instance = made();
    (void)state;
    assert_true(instance->creation.returned >= at_its_end);
    int64_t now = clock_monotonic();
    creation_count_anew(instance);
    assert_true(instance->creation.returned >= now);
    instance_unref(instance);
}

static void a_ticket_may_be_completed_in_create(void **state)
{
    (void)state;
    way = COMPLETES;
    struct instance *instance = made();
    assert_int_equal(creation_state_of(instance), CREATION_DONE);
    instance_unref(instance);
}

static void one_that_is_completed_with_an_error_is_destroyed_all_the_same(void **state)
{
    struct instance *instance = NULL;
    (void)state;
    way = FAILS_LATER;
    assert_int_equal(make(&instance), ERR_PLUGIN);
    assert_string_equal(diagnostics.items[0].text,
                        "plugin 'test' could not be set up: no database");
}

static void after_a_create_that_failed_nobody_is_awaited(void **state)
{
    struct instance *instance = NULL;
    (void)state;
    way = DEFERS_AND_FAILS;
    assert_int_equal(make(&instance), ERR_PLUGIN);
    assert_int_equal(awaited(), 0);
    assert_int_equal(creation_complete(ticket, NULL), SL_GONE);
    rig_deliver();
    expect_notes(""); /* destroy is owed after a create that returned 0 only. */
    note("destroy");
}

static void one_that_ends_while_it_is_awaited_is_destroyed_once(void **state)
{
    struct instance *instance = made();
    (void)state;
    instance_unref(instance);
    rig_deliver();
    assert_int_equal(awaited(), 0);
    assert_int_equal(creation_complete(ticket, NULL), SL_GONE);
}

/* Something that it has begun may hold it for a while, offloaded work for example. */
static void one_whose_chain_is_gone_is_not_awaited_though_it_is_there(void **state)
{
    const struct rig_stage stage = {.table = &table};
    struct chain *chain = rig_chain(&stage, 1);
    struct instance *instance = instance_ref(chain->stages[0].instance);
    (void)state;
    assert_int_equal(awaited(), 1);
    chain_destroy(chain);
    assert_int_equal(awaited(), 0);
    assert_int_equal(creation_complete(ticket, NULL), SL_GONE);
    instance_unref(instance);
}

static void there_are_no_tickets_outside_of_create(void **state)
{
    struct instance *instance = made();
    struct sl_ticket late = {0, NULL};
    (void)state;
    assert_int_equal(creation_defer(&instance->seen, &late), -1);
    assert_int_equal(creation_complete(late, NULL), SL_GONE);
    late = (struct sl_ticket){ticket.value + 1, ticket.owner};
    assert_int_equal(creation_complete(late, NULL), SL_GONE);
    instance_unref(instance);
}

static void *complete(void *result)
{
    *(int *)result = creation_complete(ticket, "a thread was first");
    return NULL;
}

static void of_several_threads_one_completes(void **state)
{
    struct instance *instance = made();
    pthread_t threads[4];
    int results[4], taken = 0;
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, complete, &results[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        taken += results[i] == 0;
    }
    assert_int_equal(taken, 1);
    assert_int_equal(creation_state_of(instance), CREATION_FAILED);
    assert_string_equal(creation_failure(instance), "a thread was first");
    instance_unref(instance);
}

#define creation_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        creation_test(one_with_a_ticket_is_awaited_until_it_is_completed),
        creation_test(offloaded_work_gets_no_ticket_while_create_runs),
        creation_test(the_time_of_one_that_is_awaited_counts_from_when_create_has_returned),
        creation_test(a_ticket_may_be_completed_in_create),
        creation_test(one_that_is_completed_with_an_error_is_destroyed_all_the_same),
        creation_test(after_a_create_that_failed_nobody_is_awaited),
        creation_test(one_that_ends_while_it_is_awaited_is_destroyed_once),
        creation_test(one_whose_chain_is_gone_is_not_awaited_though_it_is_there),
        creation_test(there_are_no_tickets_outside_of_create),
        creation_test(of_several_threads_one_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
