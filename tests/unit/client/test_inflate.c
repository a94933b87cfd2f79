#include "client/inflate.h"
#include "client/remotes.h"

#include "failing_memory.h"

#include <zlib.h>

#define FIN 0x80u
#define RSV1 0x40u

/* Deflates as a peer would, with RFC 7692's four bytes left out. */
static size_t deflate_as_peer(const void *data, size_t len, uint8_t *out, size_t size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data,
                       .avail_in = (uInt)len,
                       .next_out = out,
                       .avail_out = (uInt)size};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    deflateEnd(&stream);
    return size - stream.avail_out - 4;
}

/* A client that has agreed on compression. */
static struct remote join_compressed(unsigned index)
{
    struct remote remote = remote_join(index);
    remote.client->decoder.may_compress = true;
    return remote;
}

static void send_compressed(const struct remote *remote, enum opcode opcode, const void *data,
                            size_t len)
{
    static uint8_t packed[UINT16_MAX], frame[UINT16_MAX + 14];
    size_t packed_len = deflate_as_peer(data, len, packed, sizeof packed);
    remote_write(remote, frame, encode(frame, FIN | RSV1 | opcode, packed, packed_len));
}

static void a_compressed_message_reaches_the_others_on_all_loops(void **state)
{
    char text[2000];
    (void)state;
    memset(text, 'x', sizeof text);
    for (unsigned count = 1; count <= SHARDS_MAX; count = count == 1 ? 2 : count * 4) {
        clients_open(count);
        struct remote sender = join_compressed(0), other = remote_join(count - 1);
        send_compressed(&sender, OPCODE_TEXT, text, sizeof text);
        send_compressed(&sender, OPCODE_BINARY, "", 0);
        remote_send_text(&sender, "plain");
        clients_settle();
        remote_expect(&other, OPCODE_TEXT, text, sizeof text);
        remote_expect(&other, OPCODE_BINARY, "", 0);
        remote_expect_text(&other, "plain");
        close(sender.socket);
        close(other.socket);
        clients_close();
    }
}

static void it_may_come_in_fragments_byte_by_byte(void **state)
{
    uint8_t packed[200], bytes[400];
    char text[500];
    struct remote sender = join_compressed(0), other = remote_join(0);
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    size_t packed_len = deflate_as_peer(text, sizeof text, packed, sizeof packed);
    size_t len = encode(bytes, RSV1 | OPCODE_TEXT, packed, 1);
    len += encode(bytes + len, OPCODE_CONTINUATION, packed, 0);
    len += encode(bytes + len, FIN | OPCODE_PING, "p", 1);
    len += encode(bytes + len, FIN | OPCODE_CONTINUATION, packed + 1, packed_len - 1);
    for (size_t i = 0; i < len; i++) {
        remote_write(&sender, bytes + i, 1);
        clients_settle();
    }
    remote_expect(&other, OPCODE_TEXT, text, sizeof text);
    remote_expect(&sender, OPCODE_PONG, "p", 1);
    assert_null(sender.client->held);
    close(sender.socket);
    close(other.socket);
}

static void expect_end(const struct remote *remote, uint16_t code, const char *reason)
{
    clients_settle();
    remote_expect_close(remote, code, reason);
    close(remote->socket);
    clients_settle();
}

static void the_limit_is_that_of_what_it_holds(void **state)
{
    static uint8_t zeroes[100001];
    (void)state;
    clients.how.message_max_size = 100000;
    clients_set_up();
    struct remote good = join_compressed(0), bomb = join_compressed(0);
    send_compressed(&good, OPCODE_BINARY, zeroes, 100000);
    clients_settle();
    assert_int_equal(counter_read(&clients.endpoint->fanout.audiences[0].messages_in), 1);
    send_compressed(&bomb, OPCODE_BINARY, zeroes, 100001);
    clients_settle();
    assert_int_equal(clients_closes(CLOSE_TOO_BIG), 1);
    assert_int_equal(counter_read(&clients.endpoint->fanout.audiences[0].messages_in), 1);
    assert_int_equal(counter_read(&clients.shards[0].stats.inflated_bytes_out), 200001);
    close(good.socket);
    close(bomb.socket);
}

static void text_is_checked_when_it_is_inflated(void **state)
{
    (void)state;
    struct remote sender = join_compressed(0);
    send_compressed(&sender, OPCODE_TEXT, "\xff\xfe\xfd", 3);
    expect_end(&sender, CLOSE_BAD_DATA, "text is not UTF-8");
    sender = join_compressed(0);
    send_compressed(&sender, OPCODE_TEXT, "abc\xc3", 4);
    expect_end(&sender, CLOSE_BAD_DATA, "text is not UTF-8");
}

static void what_is_corrupt_ends_with_1007(void **state)
{
    uint8_t frame[64];
    (void)state;
    struct remote sender = join_compressed(0);
    remote_write(&sender, frame, encode(frame, FIN | RSV1 | OPCODE_BINARY, "\x07garbage", 8));
    expect_end(&sender, CLOSE_BAD_DATA, "compressed message is corrupt");
}

static bool somebody_has_left(void)
{
    return clients.left > 0;
}

static bool five_have_come(void)
{
    return counter_read(&clients.endpoint->fanout.audiences[0].messages_in) == 5;
}

/* Some bytes on the wire hold a million: others have their turn in between. */
static void much_that_is_inflated_waits_for_its_turn(void **state)
{
    static uint8_t zeroes[1u << 20], packed[4000], frame[4100];
    (void)state;
    script.message = SL_DROP; /* Nothing is sent for it. */
    struct remote sender = join_compressed(0);
    size_t len = deflate_as_peer(zeroes, sizeof zeroes, packed, sizeof packed);
    len = encode(frame, FIN | RSV1 | OPCODE_BINARY, packed, len);
    for (unsigned i = 0; i < 5; i++)
        remote_write(&sender, frame, len);
    clients_settle_until(five_have_come);
    assert_true(five_have_come());
    assert_true(counter_read(&clients.shards[0].stats.input_pauses) >= 4);
    assert_int_equal(clients.shards[0].inflation->out.capacity, 0); /* More than the loop keeps. */
    close(sender.socket);
}

/* -- messages that take several turns -- */

/* A block that makes nothing, whose tables take zlib microseconds, and an empty one that ends with
 * a whole byte. */
static const uint8_t dear[] = {0xec, 0x1d, 0x05, 0x60, 0x18, 0x20, 0x68, 0xdd, 0xdd, 0xdd, 0xdd,
                               0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
                               0xdd, 0xdd, 0xdd, 0x1d, 0xef, 0xee, 0xee, 0xee, 0xee, 0x04, 0xbb,
                               0xbb, 0xe3, 0x11, 0x00, 0x00, 0x00, 0xff, 0xff};

#define DEAR_SIZE (1500 * sizeof dear) /* of one fragment: about 5 ms */
#define DEAR_FRAGMENTS 10u

static void send_fragment(const struct remote *remote, unsigned first, const void *data, size_t len)
{
    static uint8_t frame[UINT16_MAX + 14];
    remote_write(remote, frame, encode(frame, (uint8_t)first, data, len));
    clients_settle();
}

/* Sends a message that takes several turns and holds `text`, all but its last byte. */
static void begin_dear(const struct remote *remote, const char *text, unsigned fragments)
{
    static uint8_t payload[DEAR_SIZE], packed[1000];
    static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};
    size_t len = deflate_as_peer(text, strlen(text), packed, sizeof packed - sizeof tail);
    memcpy(packed + len, tail, sizeof tail);
    for (size_t at = 0; at < sizeof payload; at += sizeof dear)
        memcpy(payload + at, dear, sizeof dear);
    send_fragment(remote, RSV1 | OPCODE_TEXT, packed, len + sizeof tail);
    for (unsigned i = 0; i < fragments; i++)
        send_fragment(remote, OPCODE_CONTINUATION, payload, sizeof payload);
}

/* Sends that byte: the message's first turn. */
static void end_dear(const struct remote *remote)
{
    uint8_t frame[16];
    remote_write(remote, frame, encode(frame, FIN | OPCODE_CONTINUATION, "", 1));
    clients_iterate(0);
}

static void send_dear(const struct remote *remote, const char *text, unsigned fragments)
{
    begin_dear(remote, text, fragments);
    end_dear(remote);
}

static bool is_inflating(const struct remote *remote)
{
    return remote->client->held != NULL && remote->client->held->inflation != NULL;
}

static void others_are_served_while_a_message_is_inflated(void **state)
{
    unsigned turns = 0;
    (void)state;
    struct remote sender = join_compressed(0), other = join_compressed(0);
    send_dear(&sender, "dear", DEAR_FRAGMENTS);
    assert_true(is_inflating(&sender));
    assert_true(sender.client->input_held > DEAR_FRAGMENTS * DEAR_SIZE);
    remote_send_text(&sender, "behind it");
    remote_send_text(&other, "quick");
    send_compressed(&other, OPCODE_TEXT, "quick too", 9);
    clients_settle();
    assert_true(is_inflating(&sender));
    remote_expect_text(&sender, "quick");
    remote_expect_text(&sender, "quick too");
    remote_expect_nothing(&other);
    for (; is_inflating(&sender); turns++)
        clients_iterate(0);
    assert_in_range(turns, 3, 10000);
    clients_settle();
    remote_expect_text(&other, "dear");
    remote_expect_text(&other, "behind it");
    assert_null(sender.client->held);
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    close(sender.socket);
    close(other.socket);
}

static void several_clients_take_turns_each_with_memory_of_its_own(void **state)
{
    struct remote senders[3], other = remote_join(0);
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        senders[i] = join_compressed(0);
    for (unsigned i = 0; i < 3; i++)
        begin_dear(&senders[i], "each", DEAR_FRAGMENTS);
    for (unsigned i = 0; i < 3; i++)
        end_dear(&senders[i]);
    assert_true(is_inflating(&senders[1]) && is_inflating(&senders[2]));
    clients_settle_until(clients_hold_nothing);
    for (unsigned i = 0; i < 3; i++)
        remote_expect_text(&other, "each");
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    for (unsigned i = 0; i < 3; i++)
        close(senders[i].socket);
    close(other.socket);
}

static void who_leaves_in_the_middle_has_sent_the_message(void **state)
{
    (void)state;
    struct remote sender = join_compressed(0), other = remote_join(0);
    send_dear(&sender, "my last", 3);
    close(sender.socket);
    clients_settle_until(somebody_has_left);
    remote_expect_text(&other, "my last");
    assert_int_equal(clients.left, 1);
    close(other.socket);
}

static void who_is_closed_in_the_middle_has_not(void **state)
{
    (void)state;
    struct remote sender = join_compressed(0), other = remote_join(0);
    send_dear(&sender, "too late", DEAR_FRAGMENTS);
    client_close(sender.client, 4000, "", 0);
    for (unsigned i = 0; i < 20; i++)
        clients_settle();
    remote_expect_nothing(&other);
    remote_expect_close(&sender, 4000, "");
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    close(sender.socket);
    close(other.socket);
}

static void what_it_holds_in_the_middle_is_given_up_with_it(void **state)
{
    (void)state;
    struct remote sender = join_compressed(0);
    send_dear(&sender, "text", DEAR_FRAGMENTS);
    client_give_up_input(sender.client);
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    expect_end(&sender, CLOSE_TRY_AGAIN_LATER, "the server's buffers are full");
}

static void a_limit_that_is_lowered_in_the_middle_counts(void **state)
{
    (void)state;
    struct remote sender = join_compressed(0);
    send_dear(&sender, "more than ten bytes", DEAR_FRAGMENTS);
    clients.how.message_max_size = 10;
    clients_set_up();
    expect_end(&sender, CLOSE_TOO_BIG, "message is too big");
}

static void text_that_is_none_ends_in_the_first_turn(void **state)
{
    (void)state;
    struct remote sender = join_compressed(0);
    send_dear(&sender, "abc\xff", DEAR_FRAGMENTS);
    assert_int_equal(counter_read(&clients.shards[0].stats.input_pauses), 0);
    expect_end(&sender, CLOSE_BAD_DATA, "text is not UTF-8");
}

/* What an allocation that fails comes to. Returns whether there was one that failed. */
static bool settle_without_memory(struct remote *sender)
{
    clients_settle_until(clients_hold_nothing);
    bool has_failed = end_failing_allocations();
    close(sender->socket);
    clients_settle_until(clients_hold_nothing);
    assert_true(clients_hold_nothing());
    clients.notes[0] = '\0';
    return has_failed;
}

static void lose_in_the_middle(unsigned fragments)
{
    bool has_failed = true;
    for (unsigned nth = 1; has_failed; nth++) {
        struct remote sender = join_compressed(0);
        begin_dear(&sender, "text", fragments);
        fail_allocation(nth);
        end_dear(&sender);
        has_failed = settle_without_memory(&sender);
    }
}

static void without_memory_in_the_middle_the_client_is_lost(void **state)
{
    (void)state;
    lose_in_the_middle(3);
    assert_true(clients_drops(DROP_NO_MEMORY) >= 3);
}

/* It came in one read, and has to be copied. */
static void one_frame_may_take_several_turns(void **state)
{
    static uint8_t payload[DEAR_SIZE + 1], frame[UINT16_MAX + 14];
    bool has_failed = true;
    (void)state;
    for (size_t at = 0; at < DEAR_SIZE; at += sizeof dear)
        memcpy(payload + at, dear, sizeof dear);
    for (unsigned nth = 1; has_failed; nth++) {
        struct remote sender = join_compressed(0);
        remote_write(&sender, frame,
                     encode(frame, FIN | RSV1 | OPCODE_TEXT, payload, sizeof payload));
        fail_allocation(nth);
        has_failed = settle_without_memory(&sender);
    }
    assert_true(counter_read(&clients.endpoint->fanout.audiences[0].messages_in) >= 1);
}

static void without_memory_the_client_is_lost(void **state)
{
    static char text[2000];
    (void)state;
    bool is_over = false;
    for (unsigned nth = 1; !is_over; nth++) {
        struct remote sender = join_compressed(0);
        send_compressed(&sender, OPCODE_BINARY, text, sizeof text);
        fail_allocation(nth);
        is_over = !settle_without_memory(&sender);
    }
    assert_true(counter_read(&clients.shards[0].delivery.stats.drops[DROP_NO_MEMORY]) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compressed_message_reaches_the_others_on_all_loops),
        clients_test(it_may_come_in_fragments_byte_by_byte),
        clients_test(the_limit_is_that_of_what_it_holds),
        clients_test(text_is_checked_when_it_is_inflated),
        clients_test(what_is_corrupt_ends_with_1007),
        clients_test(much_that_is_inflated_waits_for_its_turn),
        clients_test(without_memory_the_client_is_lost),
        clients_test(others_are_served_while_a_message_is_inflated),
        clients_test(several_clients_take_turns_each_with_memory_of_its_own),
        clients_test(who_leaves_in_the_middle_has_sent_the_message),
        clients_test(who_is_closed_in_the_middle_has_not),
        clients_test(what_it_holds_in_the_middle_is_given_up_with_it),
        clients_test(a_limit_that_is_lowered_in_the_middle_counts),
        clients_test(text_that_is_none_ends_in_the_first_turn),
        clients_test(one_frame_may_take_several_turns),
        clients_test(without_memory_in_the_middle_the_client_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
