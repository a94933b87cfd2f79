#include "host/host_list.h"
#include "host/calling.h"

static unsigned pages;
static int context;

static int set_up(void **state)
{
    start_calling(state);
    pages = 0;
    return 0;
}

static struct sl_instance *self(void)
{
    return &calling.instance->seen;
}

static void on_page(struct sl_instance *by, const struct sl_client_page *page, void *given)
{
    assert_ptr_equal(by, self());
    assert_ptr_equal(given, &context);
    assert_int_equal(page->struct_size, sizeof *page);
    assert_int_equal(page->count, 0);
    assert_int_equal(page->cursor, 0);
    pages++;
}

static int list(struct sl_client_query query)
{
    return host_client_list(self(), &query, on_page, &context);
}

#define QUERY                                                                                      \
    (struct sl_client_query)                                                                       \
    {                                                                                              \
        .struct_size = sizeof(struct sl_client_query)                                              \
    }

static void what_is_no_query_is_refused(void **state)
{
    struct sl_client_query query = QUERY;
    (void)state;
    assert_int_equal(host_client_list(self(), &query, NULL, &context), -1);
    query.endpoint_cstr = "/nowhere";
    assert_int_equal(list(query), -1);
    query = QUERY;
    query.identity = (struct sl_string){"\xff", 1};
    assert_int_equal(list(query), -1);
    query = QUERY;
    query.cursor = UINT64_C(1) << 32; /* There is one loop. */
    assert_int_equal(list(query), -1);
    query = QUERY;
    query.struct_size = 8;
    assert_int_equal(list(query), -1);
    end_calling(&calling);
    assert_int_equal(pages, 0);
}

/* The loops do not run, so nothing is answered before the end. */
static void each_list_that_was_begun_gets_its_page(void **state)
{
    struct sl_client_query query = QUERY;
    (void)state;
    query.endpoint_cstr = "/other";
    query.max = UINT32_MAX;
    assert_int_equal(list(query), 0);
    assert_int_equal(host_client_list(self(), NULL, on_page, &context), 0);
    assert_int_equal(pages, 0);
    end_calling(&calling);
    assert_int_equal(pages, 2);
}

static void an_instance_has_so_many_under_way(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(list(QUERY), 0);
    assert_int_equal(list(QUERY), -1);
    end_calling(&calling);
    assert_int_equal(pages, 16);
}

static void a_server_that_stops_begins_no_list(void **state)
{
    (void)state;
    assert_int_equal(list(QUERY), 0);
    atomic_store(&calling.hub->set.is_stopping, true);
    assert_int_equal(list(QUERY), -1);
    end_calling(&calling);
    assert_int_equal(pages, 1);
}

#define list_test(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_test(what_is_no_query_is_refused),
        list_test(each_list_that_was_begun_gets_its_page),
        list_test(an_instance_has_so_many_under_way),
        list_test(a_server_that_stops_begins_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
