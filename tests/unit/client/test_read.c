#include "client/remotes.h"

#include "failing_memory.h"

/* -- messages -- */

static void a_message_goes_to_the_others_on_all_loops(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= SHARDS_MAX; count = count == 1 ? 2 : count * 4) {
        clients_open(count);
        struct remote sender = remote_join(0), here = remote_join(0);
        struct remote there = remote_join(count - 1);
        remote_send_text(&sender, "one");
        remote_send(&sender, OPCODE_BINARY, "two", 3);
        remote_send_text(&sender, "");
        clients_settle();
        const struct remote *others[] = {&here, &there};
        for (unsigned i = 0; i < 2; i++) {
            remote_expect_text(others[i], "one");
            remote_expect(others[i], OPCODE_BINARY, "two", 3);
            remote_expect_text(others[i], "");
        }
        remote_expect_nothing(&sender);
        assert_int_equal(counter_read(&clients.endpoint->fanout.audiences[0].messages_in), 3);
        close(sender.socket);
        close(here.socket);
        close(there.socket);
        clients_close();
    }
}

static void the_sender_gets_it_too_where_the_endpoint_echoes(void **state)
{
    (void)state;
    clients.how.echo = true;
    struct remote sender = remote_join(0);
    remote_send_text(&sender, "one");
    clients_settle();
    remote_expect_text(&sender, "one");
    close(sender.socket);
}

static void a_message_may_come_byte_by_byte(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    uint8_t bytes[500];
    char large[200];
    (void)state;
    memset(large, 'x', sizeof large);
    size_t len = encode(bytes, 0x81, "small", 5);
    len += encode(bytes + len, 0x82, large, sizeof large);
    len += encode(bytes + len, 0x89, "p", 1);
    for (size_t i = 0; i < len; i++) {
        remote_write(&sender, bytes + i, 1);
        clients_settle();
    }
    remote_expect_text(&other, "small");
    remote_expect(&other, OPCODE_BINARY, large, sizeof large);
    remote_expect(&sender, OPCODE_PONG, "p", 1);
    assert_null(sender.client->held);
    close(sender.socket);
    close(other.socket);
}

static void fragments_are_put_together_around_control_frames(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    uint8_t bytes[200];
    (void)state;
    size_t len = encode(bytes, 0x01, "one ", 4);
    len += encode(bytes + len, 0x89, "ping", 4);
    len += encode(bytes + len, 0x00, "two ", 4);
    len += encode(bytes + len, 0x00, NULL, 0);
    remote_write(&sender, bytes, len);
    clients_settle();
    remote_expect(&sender, OPCODE_PONG, "ping", 4);
    remote_expect_nothing(&other);
    remote_write(&sender, bytes, encode(bytes, 0x80, "three", 5));
    clients_settle();
    remote_expect_text(&other, "one two three");
    expect_notes("one two three");
    close(sender.socket);
    close(other.socket);
}

static void what_a_client_sent_before_it_left_arrives(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    close(sender.socket);
    clients_settle();
    clients_settle();
    remote_expect_text(&other, "one");
    remote_expect_text(&other, "two");
    assert_int_equal(clients.left, 1);
    close(other.socket);
}

/* -- rules that clients break -- */

static void expect_failure(const void *bytes, size_t len, uint16_t code)
{
    struct remote remote = remote_join(0);
    uint8_t head[4];
    remote_write(&remote, bytes, len);
    remote_send_text(&remote, "behind it");
    clients_settle();
    assert_int_equal(remote_read(&remote, head, sizeof head), sizeof head);
    assert_int_equal(head[0], 0x80 | OPCODE_CLOSE);
    assert_int_equal(head[2] << 8 | head[3], code);
    assert_int_equal(remote.client->state, CLIENT_LINGERING);
    expect_notes("");
    close(remote.socket);
    clients_settle();
    clients.notes[0] = '\0';
}

static void a_rule_that_is_broken_ends_the_client_with_its_code(void **state)
{
    static const uint8_t too_large[] = {0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0};
    uint8_t bytes[64];
    (void)state;
    expect_failure("\x81\x01x", 3, CLOSE_PROTOCOL_ERROR); /* Not masked. */
    expect_failure(bytes, encode(bytes, 0x83, "x", 1), CLOSE_PROTOCOL_ERROR);
    expect_failure(bytes, encode(bytes, 0x80, "x", 1), CLOSE_PROTOCOL_ERROR);
    expect_failure(bytes, encode(bytes, 0x81, "\xff", 1), CLOSE_BAD_DATA);
    expect_failure(too_large, sizeof too_large, CLOSE_TOO_BIG);
    assert_int_equal(clients_closes(CLOSE_PROTOCOL_ERROR), 3);
    clients.how.message_types = MESSAGE_TYPE_TEXT;
    clients_set_up();
    expect_failure(bytes, encode(bytes, 0x82, "x", 1), CLOSE_UNSUPPORTED_TYPE);
    clients.how.message_max_fragments = 2;
    clients_set_up();
    size_t len = encode(bytes, 0x01, "x", 1);
    len += encode(bytes + len, 0x00, "x", 1);
    len += encode(bytes + len, 0x00, "x", 1);
    expect_failure(bytes, len, CLOSE_POLICY);
    assert_int_equal(clients_drops(DROP_FRAGMENTS), 1);
}

/* -- verdicts -- */

static void a_dropped_message_goes_nowhere_and_is_counted(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    script.message = SL_DROP;
    remote_send_text(&sender, "one");
    clients_settle();
    assert_int_equal(clients_drops(DROP_PLUGIN), 1);
    script.message = SL_ERROR;
    remote_send_text(&sender, "two");
    clients_settle();
    assert_int_equal(clients_drops(DROP_PLUGIN_ERROR), 1);
    script.message = SL_CONTINUE;
    remote_send_text(&sender, "three");
    clients_settle();
    remote_expect_text(&other, "three");
    remote_expect_nothing(&other);
    close(sender.socket);
    close(other.socket);
}

static void set_close(struct sl_client *client, struct message *message)
{
    (void)client;
    close_wish_set(&message->close, 4007, "no such words", 13);
}

static void a_verdict_may_close_the_client(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    script.message = SL_CLOSE;
    script.in_message = set_close;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    clients_settle();
    remote_expect_close(&sender, 4007, "no such words");
    remote_expect_nothing(&other);
    expect_notes("one");
    close(sender.socket);
    close(other.socket);
}

static void set_topic(struct sl_client *client, struct message *message)
{
    (void)client;
    assert_int_equal(message_set_topic(message, "news", 4), OK);
}

static void a_plugin_may_choose_a_topic(void **state)
{
    struct remote sender = remote_join(0), reader = remote_join(0), other = remote_join(0);
    (void)state;
    assert_int_equal(topic_subscribe(&reader.client->receiver, "news", 4), OK);
    assert_int_equal(topic_subscribe(&sender.client->receiver, "news", 4), OK);
    script.in_message = set_topic;
    remote_send_text(&sender, "one");
    clients_settle();
    remote_expect_text(&reader, "one");
    remote_expect_nothing(&sender);
    remote_expect_nothing(&other);
    close(sender.socket);
    close(reader.socket);
    close(other.socket);
}

static void end_client(struct sl_client *client, struct message *message)
{
    (void)message;
    client_abort(client_of(client));
}

static void a_hook_may_end_its_client(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    script.in_message = end_client;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    clients_settle();
    remote_expect_nothing(&other);
    expect_notes("one close:1006:server:");
    remote_expect_gone(&sender);
    close(other.socket);
}

/* -- turns -- */

static void send_much(struct sl_client *client, struct message *message)
{
    static char text[300 * 1024];
    (void)message;
    assert_int_equal(audience_publish(client_of(client)->receiver.audience, OPCODE_BINARY, text,
                                      sizeof text, &client_of(client)->receiver),
                     OK);
}

/* What a read makes the server send may be far more than the read: others have their turn then. */
static void whoever_makes_the_server_send_much_waits_for_its_turn(void **state)
{
    struct remote sender = remote_join(0);
    (void)state;
    script.in_message = send_much;
    for (unsigned i = 0; i < 10; i++)
        remote_send_text(&sender, "x");
    current_loop = clients_loop(0);
    client_on_readable(sender.client);
    current_loop = NULL;
    assert_int_equal(counter_read(&clients.shards[0].stats.input_pauses), 1);
    assert_true(sender.client->is_pausing);
    expect_notes("x x x x");
    assert_true(memory_account_bytes(&clients.set.input) > 0);
    clients_settle();
    expect_notes("x x x x x x");
    assert_false(sender.client->is_waiting);
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    close(sender.socket);
}

/* -- without memory -- */

/* Two messages, one of them in two parts, while an allocation fails. Returns false if there are
 * fewer than `nth`. */
static bool read_with_failure(unsigned nth)
{
    uint8_t bytes[64];
    clients_open(1);
    struct remote sender = remote_join(0), other = remote_join(0);
    size_t len = encode(bytes, 0x81, "one", 3);
    len += encode(bytes + len, 0x89, "p", 1);
    len += encode(bytes + len, 0x81, "two", 3);
    fail_allocation(nth);
    remote_write(&sender, bytes, len - 2);
    clients_iterate(0);
    if (clients.left == 0)
        remote_write(&sender, bytes + len - 2, 2);
    clients_iterate(0);
    bool has_failed = end_failing_allocations();
    if (has_failed) {
        assert_true(clients_drops(DROP_NO_MEMORY) > 0 || clients.left > 0);
    } else {
        remote_expect_text(&other, "one");
        remote_expect_text(&other, "two");
        remote_expect(&sender, OPCODE_PONG, "p", 1);
    }
    /* If it has missed a message, it is told so: 1013. */
    assert_true(other.client->state == CLIENT_OPEN || clients_drops(DROP_NO_MEMORY) > 0);
    close(sender.socket);
    close(other.socket);
    clients_settle();
    clients_settle();
    assert_int_equal(clients.left, 2);
    clients_close();
    return has_failed;
}

static void a_failing_allocation_costs_a_message_or_its_sender_and_is_counted(void **state)
{
    unsigned nth = 1;
    (void)state;
    while (read_with_failure(nth))
        nth++;
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_to_the_others_on_all_loops),
        clients_test(the_sender_gets_it_too_where_the_endpoint_echoes),
        clients_test(a_message_may_come_byte_by_byte),
        clients_test(fragments_are_put_together_around_control_frames),
        clients_test(what_a_client_sent_before_it_left_arrives),
        clients_test(a_rule_that_is_broken_ends_the_client_with_its_code),
        clients_test(a_dropped_message_goes_nowhere_and_is_counted),
        clients_test(a_verdict_may_close_the_client),
        clients_test(a_plugin_may_choose_a_topic),
        clients_test(a_hook_may_end_its_client),
        clients_test(whoever_makes_the_server_send_much_waits_for_its_turn),
        cmocka_unit_test(a_failing_allocation_costs_a_message_or_its_sender_and_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
