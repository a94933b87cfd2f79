#include "hub/serving.h"

#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"

#define FOUR_LOOPS "loops: 4\nendpoints:\n- {path: /a}\n"

static void a_counter_is_added_up_over_all_shards(void **state)
{
    struct serving serving = serve(FOUR_LOOPS);
    struct buffer text;
    struct metrics_writer writer = {.out = &text};
    (void)state;
    assert_int_equal(metrics_sum(serving.hub, METRICS_IN_SHARD(stats.pings)), 0);
    for (unsigned i = 0; i < 4; i++)
        counter_add(&serving.hub->set.shards[i].stats.pings, 1u << i);
    assert_int_equal(metrics_sum(serving.hub, METRICS_IN_SHARD(stats.pings)), 15);
    assert_int_equal(metrics_sum(serving.hub, METRICS_IN_SHARD(stats.input_pauses)), 0);
    buffer_init(&text, 1000);
    metrics_put_sum(&writer, "a{b=\"%s\"}", serving.hub, METRICS_IN_SHARD(stats.pings));
    assert_int_equal(text.len, strlen("a{b=\"%s\"} 15\n"));
    assert_memory_equal(text.data, "a{b=\"%s\"} 15\n", text.len);
    buffer_release(&text);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_added_up_over_all_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
