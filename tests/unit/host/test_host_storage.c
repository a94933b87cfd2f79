#include "host/host_storage.h"
#include "host/calling.h"

static const struct sl_string key = {"key", 3};

static void instances_of_an_endpoint_share_one_table_and_have_one_each(void **state)
{
    const struct sl_instance *self = &calling.instance->seen;
    const struct sl_instance *other = &calling.shadow->seen;
    char found[8];
    (void)state;
    assert_int_equal(host_storage_set(self, SL_STORAGE_INSTANCE, key, sl_string_of("own"), 0), 0);
    assert_int_equal(host_storage_set(self, SL_STORAGE_ENDPOINT, key, sl_string_of("all's"), 0), 0);
    assert_int_equal(host_storage_get(other, SL_STORAGE_INSTANCE, key, found, sizeof found),
                     SL_STORAGE_NONE);
    assert_int_equal(host_storage_get(other, SL_STORAGE_ENDPOINT, key, found, sizeof found), 5);
    assert_memory_equal(found, "all's", 5);
    assert_int_equal(host_storage_delete(self, SL_STORAGE_INSTANCE, key), 0);
    assert_int_equal(host_storage_delete(self, SL_STORAGE_INSTANCE, key), SL_STORAGE_NONE);
}

static void an_instance_in_shadow_mode_changes_its_own_table_only(void **state)
{
    const struct sl_instance *self = &calling.instance->seen;
    const struct sl_instance *shadow = &calling.shadow->seen;
    struct sl_string value = sl_string_of("seen");
    int64_t sum = 0;
    (void)state;
    assert_int_equal(host_storage_set(shadow, SL_STORAGE_ENDPOINT, key, value, 0), 0);
    assert_int_equal(host_storage_replace(shadow, SL_STORAGE_ENDPOINT, key, NULL, &value, 0), 0);
    assert_int_equal(host_storage_add(shadow, SL_STORAGE_ENDPOINT, key, 3, 0, &sum), 0);
    assert_int_equal(sum, 3);
    assert_int_equal(host_storage_get(self, SL_STORAGE_ENDPOINT, key, NULL, 0), SL_STORAGE_NONE);
    assert_int_equal(host_storage_add(shadow, SL_STORAGE_INSTANCE, key, 3, 0, &sum), 0);
    assert_int_equal(host_storage_add(shadow, SL_STORAGE_INSTANCE, key, 3, 0, &sum), 0);
    assert_int_equal(sum, 6);
    assert_int_equal(host_storage_replace(self, SL_STORAGE_ENDPOINT, key, NULL, &value, 0), 0);
    assert_int_equal(host_storage_delete(shadow, SL_STORAGE_ENDPOINT, key), 0);
    assert_int_equal(host_storage_get(self, SL_STORAGE_ENDPOINT, key, NULL, 0), 4);
}

static void a_cursor_meets_each_entry(void **state)
{
    const struct sl_instance *self = &calling.instance->seen;
    struct sl_storage_cursor cursor = {0};
    struct sl_storage_entry entry = {.struct_size = sizeof entry};
    (void)state;
    assert_int_equal(host_storage_set(self, SL_STORAGE_INSTANCE, key, sl_string_of("v"), 0), 0);
    assert_int_equal(host_storage_next(self, SL_STORAGE_INSTANCE, &cursor, &entry), 0);
    assert_memory_equal(entry.key, "key", 3);
    assert_int_equal(host_storage_next(self, SL_STORAGE_INSTANCE, &cursor, &entry),
                     SL_STORAGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(instances_of_an_endpoint_share_one_table_and_have_one_each,
                                        start_calling, stop_calling),
        cmocka_unit_test_setup_teardown(an_instance_in_shadow_mode_changes_its_own_table_only,
                                        start_calling, stop_calling),
        cmocka_unit_test_setup_teardown(a_cursor_meets_each_entry, start_calling, stop_calling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
