#include "host/host_service.h"

#include "host/calling.h"
#include "pipeline/creation.h"
#include "pipeline/hook.h"

static void ignore_event(struct sl_instance *self, struct sl_client *client,
                         const struct sl_event *event)
{
    (void)self;
    (void)client;
    (void)event;
}

/* How services are provided and found is in tests/unit/pipeline/test_instance_services.c. */
static void outside_of_create_nothing_is_provided_found_or_listened_to(void **state)
{
    static const struct {
        uint32_t struct_size;
    } table = {.struct_size = sizeof table};
    struct sl_instance *self = &calling.instance->seen;
    (void)state;
    assert_int_equal(host_service_provide(self, "late", 1, 0, &table), SL_ERROR);
    assert_null(host_service_find(self, "late", 1, 0));
    assert_int_equal(host_event_listen(self, sl_string_of("late")), SL_ERROR);
    calling.instance->is_created = false;
    hook_begin(calling.instance, NULL, 0, "on_timer"); /* While create runs on another thread. */
    assert_int_equal(host_service_provide(self, "late", 1, 0, &table), SL_ERROR);
    assert_null(host_service_find(self, "late", 1, 0));
    assert_int_equal(host_event_listen(self, sl_string_of("late")), SL_ERROR);
    hook_end();
    calling.instance->is_created = true;
    hook_begin(calling.instance, NULL, 0, "on_reload");
    assert_int_equal(host_service_provide(self, "late", 1, 0, &table), SL_ERROR);
    assert_null(host_service_find(self, "late", 1, 0));
    assert_int_equal(host_event_listen(self, sl_string_of("late")), SL_ERROR);
    hook_end();
    assert_null(calling.instance->services);
    assert_null(calling.instance->event_names);
    assert_null(calling.instance->failure);
}

/* What comes of a valid name is in tests/unit/pipeline/test_chain_events.c. */
static void names_of_events_are_text_of_up_to_255_bytes(void **state)
{
    struct instance *instance = calling.instance;
    struct sl_instance *self = &instance->seen;
    char name[256];
    (void)state;
    memset(name, 'n', sizeof name);
    instance->plugin->table.on_event = ignore_event;
    creation_begin(instance);
    assert_int_equal(host_event_listen(self, (struct sl_string){name, 255}), 0);
    assert_int_equal(host_event_listen(self, (struct sl_string){name, 256}), SL_ERROR);
    assert_string_equal(instance->failure, "an event's name is 1 to 255 bytes of UTF-8");
    assert_int_equal(host_event_listen(self, sl_string_of("")), SL_ERROR);
    assert_int_equal(host_event_listen(self, sl_string_of("\xff")), SL_ERROR);
    assert_int_equal(host_event_listen(self, (struct sl_string){"a\0b", 3}), SL_ERROR);
    assert_int_equal(creation_end(instance, 0), CREATION_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_of_create_nothing_is_provided_found_or_listened_to),
        cmocka_unit_test(names_of_events_are_text_of_up_to_255_bytes),
    };
    return cmocka_run_group_tests(tests, start_calling, stop_calling);
}
