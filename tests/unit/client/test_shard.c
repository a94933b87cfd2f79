#include "client/shard.h"

#include "client/remotes.h"
#include "failing_memory.h"

#define LARGE (1024 * 1024) /* bytes of a message; the socket takes only its beginning */

/* -- ids -- */

static void an_id_names_a_client_as_long_as_it_is_there(void **state)
{
    struct remote remote = remote_join(0);
    uint64_t id = remote.client->seen.id;
    struct shard *shard = &clients.shards[0];
    (void)state;
    assert_ptr_equal(shard_find(shard, id), remote.client);
    assert_int_equal(client_id_loop(id), 0);
    client_abort(remote.client);
    assert_null(shard_find(shard, id)); /* Though it is not freed yet. */
    clients_settle();
    assert_null(shard_find(shard, id));
    close(remote.socket);
    remote = remote_join(0); /* In the same slot. */
    assert_int_equal((uint32_t)remote.client->seen.id, (uint32_t)id);
    assert_int_not_equal(remote.client->seen.id, id);
    assert_null(shard_find(shard, id));
    assert_ptr_equal(shard_find(shard, remote.client->seen.id), remote.client);
    close(remote.socket);
}

static void ids_that_never_were_name_nobody(void **state)
{
    struct remote remote = remote_join(0);
    struct shard *shard = &clients.shards[0];
    uint64_t id = remote.client->seen.id;
    (void)state;
    assert_null(shard_find(shard, 0));
    assert_null(shard_find(shard, UINT64_MAX));
    assert_null(shard_find(shard, id + (1u << 8)));           /* A slot that is free. */
    assert_null(shard_find(shard, id + (100000u << 8)));      /* One that is not there. */
    assert_null(shard_find(shard, id + (UINT64_C(1) << 32))); /* A client to come. */
    close(remote.socket);
}

static void each_shard_has_ids_of_its_own(void **state)
{
    uint64_t ids[SHARDS_MAX];
    struct remote remotes[SHARDS_MAX];
    (void)state;
    clients_open(SHARDS_MAX);
    for (unsigned i = 0; i < SHARDS_MAX; i++) {
        remotes[i] = remote_join(i);
        ids[i] = remotes[i].client->seen.id;
        assert_int_equal(client_id_loop(ids[i]), i);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(ids[i], ids[j]);
    }
    for (unsigned i = 0; i < SHARDS_MAX; i++)
        close(remotes[i].socket);
    clients_close();
}

static void the_table_grows_or_says_that_there_is_no_memory(void **state)
{
    static struct client added[200];
    struct shard *shard = &clients.shards[0];
    unsigned count = 0, refused = 0;
    (void)state;
    for (; count < 200; count++) {
        fail_allocation(1);
        int error = shard_add(shard, &added[count]);
        if (end_failing_allocations()) {
            assert_int_equal(error, ERR_NO_MEMORY);
            refused++;
            error = shard_add(shard, &added[count]);
        }
        assert_int_equal(error, OK);
    }
    assert_in_range(refused, 2, 4);
    for (unsigned i = 0; i < count; i++) {
        assert_ptr_equal(shard_find(shard, added[i].seen.id), &added[i]);
        shard_remove(shard, &added[i]);
    }
}

/* -- age -- */

static void a_client_ages_from_when_it_came(void **state)
{
    struct shard *shard = &clients.shards[0];
    struct client first = {0}, second = {0};
    int64_t begin = shard->loop.now;
    (void)state;
    assert_int_equal(shard_add(shard, &first), OK);
    assert_int_equal(shard_age_of(shard, &first), 0);
    shard->loop.now = begin + 10 * NS_PER_S;
    assert_int_equal(shard_add(shard, &second), OK);
    shard->loop.now += INT64_C(365) * 86400 * NS_PER_S;
    assert_in_range(shard_age_of(shard, &first) / NS_PER_MS, INT64_C(365) * 86400000 + 9982,
                    INT64_C(365) * 86400000 + 10018);
    assert_in_range(shard_age_of(shard, &second) / NS_PER_MS, INT64_C(365) * 86400000 - 18,
                    INT64_C(365) * 86400000 + 18);
    shard_remove(shard, &first);
    shard_remove(shard, &second);
    assert_int_equal(shard_add(shard, &second), OK); /* in the place of one that is gone */
    assert_int_equal(shard_age_of(shard, &second), 0);
    shard_remove(shard, &second);
    shard->loop.now = begin;
}

/* -- the end of an iteration -- */

/* The beginning of a frame is on its way: giving up the queue keeps the rest of the frame. */
static void send_more_than_the_socket_takes(struct client *client)
{
    static char text[LARGE];
    assert_int_equal(client_send(client, OPCODE_BINARY, text, sizeof text), OK);
    clients_settle();
    assert_true(client->receiver.outbox.queued > 0);
}

/* What happens in a timer is followed by the iteration's end and no event's. */
static void want_relief(struct loop *loop, struct timer *timer)
{
    (void)timer;
    shard_of(loop)->wants_relief = true;
}

/* It is told to close first; that frees too little, so it is ended, with a close frame that has not
 * been sent yet. */
static void who_is_given_up_twice_at_the_end_of_an_iteration_is_freed_once(void **state)
{
    struct timer timer = {.fire = want_relief};
    (void)state;
    clients.how.queue_bytes = 8 * LARGE;
    clients_set_up();
    struct remote remote = remote_join(0);
    send_more_than_the_socket_takes(remote.client);
    delivery_set_limit(&clients.set.delivery, 1);
    timer_start(&clients_loop(0)->timers, &timer, clients_loop(0)->now);
    clients_pass(0);
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_drops(DROP_QUEUE_TOTAL), 2);
    assert_int_equal(memory_account_bytes(&clients.set.delivery.queued), 0);
    close(remote.socket);
    remote = remote_join(0); /* The loop goes on. */
    close(remote.socket);
}

static void an_iteration_goes_on_while_close_hooks_make_work(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    struct loop *loop = clients_loop(0);
    (void)state;
    assert_false(loop->on_iteration_end(loop));
    assert_int_equal(client_send(other.client, OPCODE_TEXT, "x", 1), OK);
    client_abort(remote.client);
    assert_false(loop->on_iteration_end(loop));
    assert_int_equal(clients.left, 1);
    remote_expect_text(&other, "x");
    close(remote.socket);
    close(other.socket);
}

static void a_loop_that_ends_takes_its_clients_with_it(void **state)
{
    struct remote remote = remote_join(0);
    struct loop *loop = clients_loop(0);
    (void)state;
    loop->on_stop(loop);
    assert_int_equal(clients.left, 1);
    expect_notes("close:1006:server:");
    remote_expect_gone(&remote);
}

/* -- life -- */

static struct shard_set other_set;
static struct shard other;

static int init_shard(void *context)
{
    (void)context;
    int error = shard_init(&other, &other_set, 0);
    if (error == OK)
        shard_deinit(&other);
    return error;
}

static void without_memory_a_shard_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(delivery_init(&other_set.delivery, 1), OK);
    assert_true(survive_failing_allocations(init_shard, NULL) > 0);
    delivery_deinit(&other_set.delivery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(an_id_names_a_client_as_long_as_it_is_there),
        clients_test(ids_that_never_were_name_nobody),
        cmocka_unit_test(each_shard_has_ids_of_its_own),
        clients_test(the_table_grows_or_says_that_there_is_no_memory),
        clients_test(a_client_ages_from_when_it_came),
        clients_test(who_is_given_up_twice_at_the_end_of_an_iteration_is_freed_once),
        clients_test(an_iteration_goes_on_while_close_hooks_make_work),
        clients_test(a_loop_that_ends_takes_its_clients_with_it),
        cmocka_unit_test(without_memory_a_shard_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
