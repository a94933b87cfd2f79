#include "workbench.h"

static struct fake_instance *instance;
static const struct sl_instance *self;

static const struct sl_host *begin(void)
{
    situation_begin_host();
    instance = instance_with((struct sl_plugin){.flags = 0});
    self = fake_instance_seen(instance);
    return self->host;
}

static void use_tables(void *argument)
{
    (void)argument;
    const struct sl_host *host = begin();
    struct sl_string key = sl_string_of("key"), one = sl_string_of("1");
    struct sl_storage_cursor cursor = {0};
    struct sl_storage_entry entry = {.struct_size = sizeof entry};
    int64_t sum;
    REQUIRE(host->storage_set(self, SL_STORAGE_INSTANCE, key, one, 5) == 0);
    REQUIRE(host->storage_get(self, SL_STORAGE_ENDPOINT, key, NULL, 0) == SL_STORAGE_NONE);
    REQUIRE(host->storage_add(self, SL_STORAGE_ENDPOINT, key, 2, 0, &sum) == 0 && sum == 2);
    REQUIRE(host->storage_replace(self, SL_STORAGE_INSTANCE, key, &one, &key, 5) == 0);
    REQUIRE(host->storage_next(self, SL_STORAGE_INSTANCE, &cursor, &entry) == 0);
    REQUIRE(entry.age == 5 && entry.len == 3);
    REQUIRE(fake_stored_bytes() > 0);
    fake_advance(5);
    REQUIRE(host->storage_get(self, SL_STORAGE_INSTANCE, key, NULL, 0) == SL_STORAGE_NONE);
    REQUIRE(host->storage_delete(self, SL_STORAGE_ENDPOINT, key) == 0);
    fake_instance_destroy(instance);
}

static void tables_are_the_servers_and_their_clock_is_the_tests(void **state)
{
    (void)state;
    assert_passes(use_tables, NULL);
}

static void write_without_memory(void *argument)
{
    (void)argument;
    const struct sl_host *host = begin();
    struct sl_string key = sl_string_of("key");
    fake_fail_allocation(1);
    REQUIRE(host->storage_set(self, SL_STORAGE_INSTANCE, key, key, 0) == SL_STORAGE_FAILED);
    fake_fail_allocation(1);
    REQUIRE(host->storage_add(self, SL_STORAGE_INSTANCE, key, 1, 0, NULL) == SL_STORAGE_FAILED);
    fake_fail_allocation(1);
    REQUIRE(host->storage_replace(self, SL_STORAGE_INSTANCE, key, NULL, &key, 0) ==
            SL_STORAGE_FAILED);
    fake_fail_allocation(0);
    REQUIRE(host->storage_get(self, SL_STORAGE_INSTANCE, key, NULL, 0) == SL_STORAGE_NONE);
}

static void writes_may_find_no_memory(void **state)
{
    (void)state;
    assert_passes(write_without_memory, NULL);
}

static void begin_anew(void *argument)
{
    (void)argument;
    const struct sl_host *host = begin();
    struct sl_string key = sl_string_of("key");
    REQUIRE(host->storage_set(self, SL_STORAGE_ENDPOINT, key, key, 0) == 0);
    fake_instance_destroy(instance);
    instance = instance_with((struct sl_plugin){.flags = 0});
    self = fake_instance_seen(instance);
    REQUIRE(host->storage_get(self, SL_STORAGE_ENDPOINT, key, NULL, 0) == SL_STORAGE_NONE);
}

static void tables_end_with_the_last_instance(void **state)
{
    (void)state;
    assert_passes(begin_anew, NULL);
}

static void ask_for_no_table(void *argument)
{
    (void)argument;
    begin()->storage_get(self, (enum sl_storage_scope)0, sl_string_of("key"), NULL, 0);
}

static void give_a_negative_age(void *argument)
{
    (void)argument;
    begin()->storage_add(self, SL_STORAGE_INSTANCE, sl_string_of("key"), 1, -1, NULL);
}

static void give_no_size(void *argument)
{
    struct sl_storage_cursor cursor = {0};
    struct sl_storage_entry entry = {0};
    (void)argument;
    begin()->storage_next(self, SL_STORAGE_INSTANCE, &cursor, &entry);
}

static void wrong_uses_are_failures(void **state)
{
    (void)state;
    assert_fails(ask_for_no_table, NULL, "host->storage_get was given the scope 0");
    assert_fails(give_a_negative_age, NULL, "host->storage_add was given a negative age");
    assert_fails(give_no_size, NULL, "without its struct_size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_the_servers_and_their_clock_is_the_tests),
        cmocka_unit_test(writes_may_find_no_memory),
        cmocka_unit_test(tables_end_with_the_last_instance),
        cmocka_unit_test(wrong_uses_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
