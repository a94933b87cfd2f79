#include "client/budget.h"

#include "client/remotes.h"

#include <limits.h>

#define SIZES 4u

/* A client on the nth shard that holds `bytes` of what it has sent. */
static struct remote join_with_input(unsigned index, size_t bytes)
{
    static uint8_t frame[UINT16_MAX + 14];
    static char text[UINT16_MAX];
    struct remote remote = remote_join(index);
    remote_write(&remote, frame, encode(frame, 0x02, text, bytes));
    clients_settle();
    assert_true(remote.client->input_held >= bytes);
    return remote;
}

/* A client on the nth shard that has not taken `bytes`, whole messages. */
static struct remote join_with_queue(unsigned index, size_t bytes)
{
    static char text[UINT16_MAX];
    struct remote remote = remote_join(index);
    int size = 1; /* The kernel has a minimum. */
    assert_int_equal(
        setsockopt(remote.client->receiver.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    while (remote.client->receiver.outbox.queued == 0) {
        assert_int_equal(client_send(remote.client, OPCODE_BINARY, text, 1000), OK);
        clients_settle();
    }
    assert_int_equal(client_send(remote.client, OPCODE_BINARY, text, bytes), OK);
    clients_settle();
    assert_true(remote.client->receiver.outbox.held >= bytes);
    return remote;
}

/* What differs between the two budgets. */
struct kind {
    struct remote (*join)(unsigned index, size_t bytes);
    void (*relieve)(struct shard *shard);
    struct memory_account *account;
    enum drop_reason reason;
};
static const struct kind input = {join_with_input, budget_relieve_input, &clients.set.input,
                                  DROP_INPUT_TOTAL};
static const struct kind queue = {join_with_queue, budget_relieve_queue,
                                  &clients.set.delivery.queued, DROP_QUEUE_TOTAL};

static void relieve(const struct kind *kind, unsigned index)
{
    current_loop = clients_loop(index);
    kind->relieve(&clients.shards[index]);
    current_loop = NULL;
    clients_settle();
}

/* Clients with 4, 8, 16 and 32 KiB on the last shards, for whose memory there is not enough.
 * Returns what they hold. */
static size_t join_sizes(const struct kind *kind, struct remote remotes[SIZES])
{
    for (unsigned i = 0; i < SIZES; i++)
        remotes[i] = kind->join((clients.set.count - 1 + i) % clients.set.count, 4096u << i);
    return memory_account_bytes(kind->account);
}

static void leave_all(struct remote remotes[SIZES])
{
    for (unsigned i = 0; i < SIZES; i++)
        close(remotes[i].socket);
}

/* A client that has ended is freed, so it is looked for before it is looked at. */
static bool is_still_open(const struct client *client)
{
    for (unsigned i = 0; i < clients.set.count; i++)
        for (uint32_t slot = 0; slot < clients.shards[i].slot_count; slot++)
            if (clients.shards[i].slots[slot].client == client)
                return client->state == CLIENT_OPEN;
    return false;
}

/* -- both budgets -- */

static void the_largest_goes_wherever_it_is(const struct kind *kind)
{
    for (unsigned count = 1; count <= SHARDS_MAX; count = count == 1 ? 2 : count * 4) {
        struct remote remotes[SIZES];
        clients_open(count);
        size_t held = join_sizes(kind, remotes);
        memory_account_set_limit(kind->account, held - 1);
        relieve(kind, 0);
        assert_false(is_still_open(remotes[SIZES - 1].client));
        for (unsigned i = 0; i < SIZES - 1; i++)
            assert_true(is_still_open(remotes[i].client));
        assert_int_equal(clients_drops(kind->reason), 1);
        assert_int_equal(clients_closes(CLOSE_TRY_AGAIN_LATER), 1);
        assert_true(memory_account_bytes(kind->account) <= (held - 1) / 8 * 7);
        leave_all(remotes);
        clients_close();
    }
}

static void several_go_until_an_eighth_is_free(const struct kind *kind)
{
    for (unsigned count = 1; count <= SHARDS_MAX; count = count == 1 ? 2 : count * 4) {
        struct remote remotes[SIZES];
        clients_open(count);
        size_t held = join_sizes(kind, remotes);
        size_t limit = held / 4;
        memory_account_set_limit(kind->account, limit);
        for (unsigned i = 0; i < count; i++)
            relieve(kind, i);
        assert_true(memory_account_bytes(kind->account) <= limit - limit / 8);
        assert_true(is_still_open(remotes[0].client));
        assert_false(is_still_open(remotes[SIZES - 1].client));
        assert_false(is_still_open(remotes[SIZES - 2].client));
        leave_all(remotes);
        clients_close();
    }
}

static unsigned class_of(const struct kind *kind, const struct client *client)
{
    return kind == &input ? client->input_class : client->receiver.queue_class;
}

/* What is missing takes the holders of several classes, and none of a lower class before. */
static void of_many_sizes_the_largest_go(const struct kind *kind)
{
    enum { MANY = 13 };
    struct remote remotes[MANY];
    unsigned classes[MANY], lowest_ended = UINT_MAX, highest_open = 0;
    size_t size = 2000;
    clients_open(1);
    for (unsigned i = 0; i < MANY; i++, size = size * 13 / 10)
        remotes[i] = kind->join(0, i % 2 == 0 ? size : 62000 - size);
    size_t held = memory_account_bytes(kind->account), limit = held / 2;
    for (unsigned i = 0; i < MANY; i++)
        classes[i] = class_of(kind, remotes[i].client);
    memory_account_set_limit(kind->account, limit);
    relieve(kind, 0);
    assert_true(memory_account_bytes(kind->account) <= limit - limit / 8);
    for (unsigned i = 0; i < MANY; i++) {
        if (is_still_open(remotes[i].client) && classes[i] > highest_open)
            highest_open = classes[i];
        if (!is_still_open(remotes[i].client) && classes[i] < lowest_ended)
            lowest_ended = classes[i];
        close(remotes[i].socket);
    }
    assert_true(highest_open > 0 && highest_open <= lowest_ended);
    clients_close();
}

static void nobody_goes_while_there_is_room(const struct kind *kind)
{
    struct remote remotes[SIZES];
    clients_open(2);
    size_t held = join_sizes(kind, remotes);
    memory_account_set_limit(kind->account, held);
    relieve(kind, 0);
    relieve(kind, 1);
    for (unsigned i = 0; i < SIZES; i++)
        assert_true(is_still_open(remotes[i].client));
    assert_int_equal(clients_drops(kind->reason), 0);
    leave_all(remotes);
    clients_close();
}

/* A loop that hangs must not make the others fill the memory. */
static void far_over_the_limit_a_loop_does_not_wait_for_others(const struct kind *kind)
{
    clients_open(2);
    struct remote large = kind->join(1, 40000), small = kind->join(0, 4000);
    memory_account_set_limit(kind->account, memory_account_bytes(kind->account) / 2);
    current_loop = clients_loop(0);
    kind->relieve(&clients.shards[0]); /* The other loop does not run. */
    assert_false(is_still_open(small.client));
    assert_true(is_still_open(large.client));
    clients_settle();
    assert_false(is_still_open(large.client)); /* It was asked all the same. */
    close(large.socket);
    close(small.socket);
    clients_close();
}

static void a_loop_is_asked_once_at_a_time(const struct kind *kind)
{
    clients_open(2);
    struct remote large = kind->join(1, 40000), small = kind->join(0, 4000);
    memory_account_set_limit(kind->account, memory_account_bytes(kind->account) - 1);
    for (unsigned i = 0; i < 3; i++) {
        kind->relieve(&clients.shards[0]);
        assert_true(clients.shards[1].is_asked_to_relieve);
    }
    assert_ptr_equal(atomic_load(&clients_loop(1)->mailbox.newest),
                     &clients.shards[1].relieve_mail);
    assert_null(clients.shards[1].relieve_mail.next);
    clients_settle();
    assert_false(clients.shards[1].is_asked_to_relieve);
    assert_false(is_still_open(large.client));
    assert_true(is_still_open(small.client));
    close(large.socket);
    close(small.socket);
    clients_close();
}

#define both(name)                                                                                 \
    static void input_##name(void **state)                                                         \
    {                                                                                              \
        (void)state;                                                                               \
        name(&input);                                                                              \
    }                                                                                              \
    static void queue_##name(void **state)                                                         \
    {                                                                                              \
        (void)state;                                                                               \
        name(&queue);                                                                              \
    }

both(the_largest_goes_wherever_it_is);
both(several_go_until_an_eighth_is_free);
both(of_many_sizes_the_largest_go);
both(nobody_goes_while_there_is_room);
both(far_over_the_limit_a_loop_does_not_wait_for_others);
both(a_loop_is_asked_once_at_a_time);

/* On the thread that tears the server down nobody is left to be ended. */
static void a_request_to_a_loop_that_has_ended_asks_for_nothing(void **state)
{
    (void)state;
    clients_open(1);
    clients.shards[0].is_asked_to_relieve = true;
    loop_post(clients_loop(0), &clients.shards[0].relieve_mail);
    loop_deliver_rest(clients_loop(0));
    assert_false(clients.shards[0].is_asked_to_relieve);
    assert_false(clients.shards[0].wants_relief);
    clients_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_the_largest_goes_wherever_it_is),
        cmocka_unit_test(queue_the_largest_goes_wherever_it_is),
        cmocka_unit_test(input_several_go_until_an_eighth_is_free),
        cmocka_unit_test(queue_several_go_until_an_eighth_is_free),
        cmocka_unit_test(input_of_many_sizes_the_largest_go),
        cmocka_unit_test(queue_of_many_sizes_the_largest_go),
        cmocka_unit_test(input_nobody_goes_while_there_is_room),
        cmocka_unit_test(queue_nobody_goes_while_there_is_room),
        cmocka_unit_test(input_far_over_the_limit_a_loop_does_not_wait_for_others),
        cmocka_unit_test(queue_far_over_the_limit_a_loop_does_not_wait_for_others),
        cmocka_unit_test(input_a_loop_is_asked_once_at_a_time),
        cmocka_unit_test(queue_a_loop_is_asked_once_at_a_time),
        cmocka_unit_test(a_request_to_a_loop_that_has_ended_asks_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
