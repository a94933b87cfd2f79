#include "workbench.h"

static uint64_t ids[8];
static uint32_t count;
static uint64_t cursor;

static void on_page(struct sl_instance *self, const struct sl_client_page *page, void *context)
{
    (void)self;
    assert_ptr_equal(context, ids);
    for (uint32_t i = 0; i < page->count; i++)
        ids[count++] = page->ids[i];
    cursor = page->cursor;
}

static void lists_come_when_work_is_run(void **state)
{
    struct sl_client *clients[3];
    struct sl_client_query query = {.struct_size = sizeof query, .max = 2};
    (void)state;
    fake_begin(NULL, false);
    struct fake_instance *instance = instance_with((struct sl_plugin){.flags = 0});
    struct sl_instance *self = fake_instance_seen(instance);
    for (int i = 0; i < 3; i++) {
        clients[i] = fake_client_create(NULL);
        fake_client_identify(clients[i], i == 1 ? "ann" : "bob");
        fake_open(instance, clients[i]);
    }
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), 0);
    assert_int_equal(count, 0);
    fake_run_offloaded();
    assert_int_equal(count, 2);
    query.cursor = cursor;
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), 0);
    fake_run_offloaded();
    assert_int_equal(count, 3);
    assert_int_equal(cursor, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ids[i], fake_client_number(clients[i]));
    query = (struct sl_client_query){.struct_size = sizeof query, .identity = {"ann", 3}};
    count = 0;
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), 0);
    fake_run_offloaded();
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], fake_client_number(clients[1]));
    query.identity.data = "\xff!!";
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), -1);
    query = (struct sl_client_query){.struct_size = sizeof query, .endpoint_cstr = "/nowhere"};
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), -1);
    query.endpoint_cstr = "*";
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), -1);
    for (int i = 0; i < 3; i++)
        fake_client_destroy(clients[i]);
    fake_instance_destroy(instance);
}

static void lists_name_no_client_of_another_endpoint(void **state)
{
    struct sl_client *here = fake_client_create(NULL), *there = fake_client_create(NULL);
    struct sl_client_query query = {.struct_size = sizeof query};
    (void)state;
    struct fake_instance *instance = instance_with((struct sl_plugin){.flags = 0});
    struct fake_instance *beside =
        fake_instance_create(plugin_with((struct sl_plugin){.flags = 0}), NULL, "/beside");
    struct sl_instance *self = fake_instance_seen(instance);
    fake_open(instance, here);
    fake_open(beside, there);
    count = 0;
    assert_int_equal(self->host->client_list(self, NULL, on_page, ids), 0);
    fake_run_offloaded();
    query.endpoint_cstr = "/beside";
    assert_int_equal(self->host->client_list(self, &query, on_page, ids), 0);
    fake_run_offloaded();
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], fake_client_number(here));
    assert_int_equal(ids[1], fake_client_number(there));
    fake_client_destroy(here);
    fake_client_destroy(there);
    fake_instance_destroy(beside);
    fake_instance_destroy(instance);
}

static void list_without_a_size(void *argument)
{
    const struct sl_client_query query = {.struct_size = 0};
    (void)argument;
    situation_begin_host();
    struct sl_instance *self = fake_instance_seen(instance_with((struct sl_plugin){.flags = 0}));
    self->host->client_list(self, &query, on_page, NULL);
}

static void a_query_has_a_size(void **state)
{
    (void)state;
    assert_fails(list_without_a_size, NULL, "set it to sizeof(struct sl_client_query)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_come_when_work_is_run),
        cmocka_unit_test(lists_name_no_client_of_another_endpoint),
        cmocka_unit_test(a_query_has_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
