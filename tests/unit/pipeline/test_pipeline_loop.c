#include "pipeline/pipeline_loop.h"
#include "pipeline/rig.h"

static void knows_its_loop_and_pipeline(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RIG_LOOPS; i++) {
        assert_ptr_equal(rig.pipeline_loops[i].loop, &rig.loops[i]);
        assert_int_equal(rig.pipeline_loops[i].index, i);
        assert_ptr_equal(rig.pipeline_loops[i].pipeline, &rig.pipeline);
        assert_null(rig.pipeline_loops[i].running.stage);
    }
}

static void keeps_one_message_for_the_next(void **state)
{
    struct pipeline_loop *loop = &rig.pipeline_loops[0];
    struct message *first = message_take(loop), *second = message_take(loop);
    (void)state;
    assert_ptr_not_equal(first, second);
    message_put_back(loop, first);
    message_put_back(loop, second); /* One is enough. */
    assert_ptr_equal(message_take(loop), first);
    assert_null(loop->spare_message);
    message_put_back(loop, first); /* Freed with the loop. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(knows_its_loop_and_pipeline),
        rig_test(keeps_one_message_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
