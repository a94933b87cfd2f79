#include "hub/client_list.h"
#include "hub/serving.h"

#define CLIENTS 7u

static struct serving serving;
static int sockets[CLIENTS];
static sem_t done;

static void on_done(struct client_list *list)
{
    assert_ptr_equal(loop_current(), list->home);
    sem_post(&done);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(sem_init(&done, 0, 0), 0);
    serving = serve("loops: 3\nendpoints: [{path: /ws}, {path: /other}]\n");
    for (unsigned i = 0; i < CLIENTS; i++)
        sockets[i] = join(serving.hub, "/ws");
    wait_for_clients(serving.hub, NULL, CLIENTS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++)
        close(sockets[i]);
    end_serving(&serving);
    sem_destroy(&done);
    return 0;
}

static struct client_list *make_list(const char *path, uint32_t max)
{
    struct client_list *list = calloc(1, sizeof *list + max * sizeof list->ids[0]);
    assert_non_null(list);
    list->hub = serving.hub;
    list->home = &serving.hub->set.shards[1].loop;
    list->filter.endpoint = hub_find_endpoint(serving.hub, path);
    list->done = on_done;
    list->max = max;
    return list;
}

/* The next page: the list's own ids and count, and its cursor. */
static void ask_for_page(struct client_list *list)
{
    list->count = 0;
    client_list_begin(list);
    while (sem_wait(&done) != 0)
        continue;
}

static void pages_have_each_client_once(void **state)
{
    uint64_t seen[CLIENTS];
    unsigned count = 0;
    (void)state;
    struct client_list *list = make_list("/ws", 2);
    do {
        ask_for_page(list);
        assert_true(list->count <= 2);
        for (uint32_t i = 0; i < list->count; i++) {
            assert_true(count < CLIENTS);
            for (unsigned j = 0; j < count; j++)
                assert_true(seen[j] != list->ids[i]);
            seen[count++] = list->ids[i];
        }
    } while (list->cursor != 0);
    assert_int_equal(count, CLIENTS);
    free(list);
}

static void one_page_has_all_for_which_there_is_room(void **state)
{
    (void)state;
    struct client_list *list = make_list("/ws", CLIENTS + 1);
    ask_for_page(list);
    assert_int_equal(list->count, CLIENTS);
    assert_int_equal(list->cursor, 0);
    free(list);
}

static void others_are_not_listed(void **state)
{
    (void)state;
    struct client_list *list = make_list("/other", 2);
    ask_for_page(list);
    assert_int_equal(list->count, 0);
    free(list);
    list = make_list("/ws", 2);
    snprintf(list->filter.identity, sizeof list->filter.identity, "ann");
    ask_for_page(list);
    assert_int_equal(list->count, 0);
    assert_int_equal(list->cursor, 0);
    free(list);
}

static void a_cursor_names_a_loop_that_there_is(void **state)
{
    (void)state;
    assert_true(client_list_is_cursor(serving.hub, 0));
    assert_true(client_list_is_cursor(serving.hub, UINT64_C(2) << 32 | 99));
    assert_false(client_list_is_cursor(serving.hub, UINT64_C(3) << 32));
    struct client_list *list = make_list("/ws", 2);
    list->cursor = UINT64_C(2) << 32 | UINT32_MAX; /* Behind everybody. */
    ask_for_page(list);
    assert_int_equal(list->count, 0);
    assert_int_equal(list->cursor, 0);
    free(list);
}

static void a_server_that_stops_gives_an_empty_page(void **state)
{
    (void)state;
    struct client_list *list = make_list("/ws", CLIENTS);
    atomic_store(&serving.hub->set.is_stopping, true);
    ask_for_page(list);
    atomic_store(&serving.hub->set.is_stopping, false);
    assert_int_equal(list->count, 0);
    assert_int_equal(list->cursor, 0);
    free(list);
}

#define list_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        list_test(pages_have_each_client_once),
        list_test(one_page_has_all_for_which_there_is_room),
        list_test(others_are_not_listed),
        list_test(a_cursor_names_a_loop_that_there_is),
        list_test(a_server_that_stops_gives_an_empty_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
