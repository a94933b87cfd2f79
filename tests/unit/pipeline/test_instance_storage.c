#include "pipeline/instance_storage.h"
#include "pipeline/rig.h"

static const struct sl_plugin table = {.name = "keeper", .version = "1.0.0"};
static struct instance *instance;

static int64_t read_clock(void)
{
    return NS_PER_S;
}

static int set_up(void **state)
{
    const struct rig_stage stage = {.table = &table};
    int error = rig_set_up(state);
    storage_set_limits(&rig.pipeline.storage, 8 << 20, 10);
    instance = rig_instance(&stage, 1, 0, 0);
    return error;
}

static int tear_down(void **state)
{
    instance_unref(instance);
    return rig_tear_down(state);
}

static struct storage_call call_with(enum sl_storage_scope scope, bool is_dry)
{
    return (struct storage_call){
        .instance = instance, .scope = scope, .clock = read_clock, .is_dry = is_dry};
}

static void own_table_and_that_of_the_endpoint_are_two(void **state)
{
    const struct storage_call own = call_with(SL_STORAGE_INSTANCE, false);
    const struct storage_call shared = call_with(SL_STORAGE_ENDPOINT, false);
    struct sl_string key = sl_string_of("key");
    char found[8];
    (void)state;
    assert_int_equal(instance_storage_set(&own, key, sl_string_of("own"), 0), 0);
    assert_int_equal(instance_storage_get(&shared, key, found, sizeof found), SL_STORAGE_NONE);
    assert_int_equal(instance_storage_set(&shared, key, sl_string_of("all's"), 0), 0);
    assert_int_equal(instance_storage_get(&own, key, found, sizeof found), 3);
    assert_memory_equal(found, "own", 3);
    assert_int_equal(instance_storage_delete(&own, key), 0);
    assert_int_equal(instance_storage_delete(&own, key), SL_STORAGE_NONE);
    assert_int_equal(instance_storage_get(&shared, key, found, sizeof found), 5);
}

static void what_is_not_valid_is_refused(void **state)
{
    struct storage_call call = call_with(SL_STORAGE_INSTANCE, false);
    struct sl_string empty = sl_string_of("");
    static char long_key[SL_STORAGE_KEY_MAX + 1];
    static char long_value[SL_STORAGE_VALUE_MAX + 1];
    const struct sl_string key = {long_key, SL_STORAGE_KEY_MAX};
    const struct sl_string most = {long_value, SL_STORAGE_VALUE_MAX};
    const struct sl_string too_long = {long_value, sizeof long_value};
    struct sl_storage_cursor cursor = {0};
    struct sl_storage_entry entry = {.struct_size = sizeof entry - 1};
    (void)state;
    assert_int_equal(instance_storage_set(&call, key, most, 0), 0);
    assert_int_equal(instance_storage_get(&call, key, NULL, 0), SL_STORAGE_VALUE_MAX);
    assert_int_equal(instance_storage_get(&call, key, NULL, 1), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_set(&call, key, too_long, 0), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_set(&call, key, most, -1), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_set(&call, empty, most, 0), SL_STORAGE_FAILED);
    assert_int_equal(
        instance_storage_set(&call, (struct sl_string){long_key, sizeof long_key}, empty, 0),
        SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_set(&call, key, (struct sl_string){NULL, 1}, 0),
                     SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_replace(&call, key, &too_long, &most, 0), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_replace(&call, key, NULL, &too_long, 0), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_add(&call, key, 1, -1, NULL), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_delete(&call, empty), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_next(&call, &cursor, &entry), SL_STORAGE_FAILED);
    call.scope = (enum sl_storage_scope)3;
    assert_int_equal(instance_storage_get(&call, key, NULL, 0), SL_STORAGE_FAILED);
    assert_int_equal(instance_storage_next(&call, &cursor, &entry), SL_STORAGE_FAILED);
}

static void replacing_compares_and_may_delete(void **state)
{
    const struct storage_call call = call_with(SL_STORAGE_INSTANCE, false);
    struct sl_string key = sl_string_of("key"), one = sl_string_of("1"), two = sl_string_of("2");
    (void)state;
    assert_int_equal(instance_storage_replace(&call, key, NULL, NULL, 0), 0);
    assert_int_equal(instance_storage_replace(&call, key, &one, NULL, 0), SL_STORAGE_DIFFERS);
    assert_int_equal(instance_storage_replace(&call, key, NULL, &one, 0), 0);
    assert_int_equal(instance_storage_replace(&call, key, NULL, &two, 0), SL_STORAGE_DIFFERS);
    assert_int_equal(instance_storage_replace(&call, key, NULL, NULL, 0), SL_STORAGE_DIFFERS);
    assert_int_equal(instance_storage_replace(&call, key, &one, &two, 0), 0);
    assert_int_equal(instance_storage_replace(&call, key, &two, NULL, 0), 0);
    assert_int_equal(instance_storage_get(&call, key, NULL, 0), SL_STORAGE_NONE);
}

static void what_only_watches_changes_nothing(void **state)
{
    const struct storage_call wet = call_with(SL_STORAGE_ENDPOINT, false);
    const struct storage_call dry = call_with(SL_STORAGE_ENDPOINT, true);
    struct sl_string key = sl_string_of("n"), text = sl_string_of("text");
    int64_t sum = 0;
    (void)state;
    assert_int_equal(instance_storage_add(&dry, key, 4, 0, &sum), 0);
    assert_int_equal(sum, 4);
    assert_int_equal(instance_storage_add(&wet, key, 1, 0, NULL), 0);
    assert_int_equal(instance_storage_add(&dry, key, INT64_MAX, 0, &sum), 0);
    assert_int_equal(sum, INT64_MAX);
    assert_int_equal(instance_storage_set(&dry, key, text, 0), 0);
    assert_int_equal(instance_storage_replace(&dry, key, &text, &text, 0), 0);
    assert_int_equal(instance_storage_delete(&dry, key), 0);
    assert_int_equal(instance_storage_add(&wet, key, 1, 0, &sum), 0);
    assert_int_equal(sum, 2);
    assert_int_equal(instance_storage_set(&wet, text, text, 0), 0);
    assert_int_equal(instance_storage_add(&dry, text, 1, 0, NULL), SL_STORAGE_DIFFERS);
}

static void a_cursor_meets_the_entries(void **state)
{
    const struct storage_call call = call_with(SL_STORAGE_INSTANCE, false);
    struct sl_storage_cursor cursor = {0};
    struct sl_storage_entry entry = {.struct_size = sizeof entry};
    (void)state;
    assert_int_equal(instance_storage_set(&call, sl_string_of("key"), sl_string_of("long"), 0), 0);
    assert_int_equal(instance_storage_next(&call, &cursor, &entry), 0);
    assert_int_equal(entry.key_len, 3);
    assert_int_equal(entry.len, 4);
    assert_int_equal(instance_storage_next(&call, &cursor, &entry), SL_STORAGE_NONE);
}

#define storage_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        storage_test(own_table_and_that_of_the_endpoint_are_two),
        storage_test(what_is_not_valid_is_refused),
        storage_test(replacing_compares_and_may_delete),
        storage_test(what_only_watches_changes_nothing),
        storage_test(a_cursor_meets_the_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
