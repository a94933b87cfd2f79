#include "workbench.h"

static int begin(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    return 0;
}

static const struct sl_host *host;

static int take_host(struct sl_instance *self)
{
    host = self->host;
    return 0;
}

static void the_table_has_every_function_of_the_contract(void **state)
{
    struct fake_instance *instance = instance_with((struct sl_plugin){.create = take_host});
    (void)state;
    assert_int_equal(host->struct_size, sizeof *host);
    assert_int_equal(host->abi_minor, SL_ABI_MINOR);
    const void *const *function = (const void *const *)&host->log_enabled;
    const void *const *end = (const void *const *)(host + 1);
    while (function < end)
        assert_non_null(*function++);
    fake_instance_destroy(instance);
}

static void the_clocks_stand_still_until_they_are_moved(void **state)
{
    struct fake_instance *instance = instance_with((struct sl_plugin){.create = take_host});
    (void)state;
    int64_t monotonic = host->time_monotonic(), wall = host->time_wall();
    assert_int_equal(host->time_monotonic(), monotonic);
    fake_advance(1500);
    assert_int_equal(host->time_monotonic(), monotonic + 1500);
    assert_int_equal(host->time_wall(), wall + 1500);
    fake_advance(-500);
    assert_int_equal(host->time_monotonic(), monotonic + 1000);
    fake_rewind();
    assert_int_equal(host->time_monotonic(), monotonic);
    fake_instance_destroy(instance);
}

static void a_mode_can_be_chosen(void **state)
{
    (void)state;
    struct fake_instance *tested = instance_with((struct sl_plugin){.create = take_host});
    assert_int_equal(host->mode(fake_instance_seen(tested)), SL_MODE_TEST);
    fake_instance_destroy(tested);
    fake_set_mode(SL_MODE_SHADOW);
    struct fake_instance *watching = instance_with((struct sl_plugin){.create = take_host});
    assert_int_equal(host->mode(fake_instance_seen(watching)), SL_MODE_SHADOW);
    fake_instance_destroy(watching);
    fake_set_mode(SL_MODE_REPLAY);
    struct fake_instance *replayed = instance_with((struct sl_plugin){.create = take_host});
    assert_int_equal(host->mode(fake_instance_seen(replayed)), SL_MODE_REPLAY);
    fake_instance_destroy(replayed);
    fake_set_mode(SL_MODE_TEST);
}

static void be_unready_without_a_reason(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct fake_instance *instance = instance_with((struct sl_plugin){.create = take_host});
    host->set_unready(fake_instance_seen(instance), NULL);
    host->set_unready(fake_instance_seen(instance), "");
}

static void being_unready_needs_a_sentence(void **state)
{
    (void)state;
    assert_fails(be_unready_without_a_reason, NULL, "host->set_unready needs a sentence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_every_function_of_the_contract),
        cmocka_unit_test(the_clocks_stand_still_until_they_are_moved),
        cmocka_unit_test(a_mode_can_be_chosen),
        cmocka_unit_test(being_unready_needs_a_sentence),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
