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

static int open_one(void **state)
{
    (void)state;
    clients_open(1);
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    clients_close();
    return 0;
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
    assert_int_equal(counter_read(&clients.shards[0].stats.closes[9]), 1);
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
    clients_settle();
    clients_settle();
    assert_int_equal(counter_read(&clients.endpoint->fanout.audiences[0].messages_in), 5);
    assert_true(counter_read(&clients.shards[0].stats.input_pauses) >= 4);
    assert_int_equal(clients.shards[0].inflated.capacity, 0); /* More than the loop keeps. */
    close(sender.socket);
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
        clients_settle();
        is_over = !end_failing_allocations();
        close(sender.socket);
        clients_settle();
        clients.notes[0] = '\0';
    }
    assert_true(counter_read(&clients.shards[0].delivery.stats.drops[DROP_NO_MEMORY]) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compressed_message_reaches_the_others_on_all_loops),
        cmocka_unit_test_setup_teardown(it_may_come_in_fragments_byte_by_byte, open_one, close_one),
        cmocka_unit_test_setup_teardown(the_limit_is_that_of_what_it_holds, open_one, close_one),
        cmocka_unit_test_setup_teardown(text_is_checked_when_it_is_inflated, open_one, close_one),
        cmocka_unit_test_setup_teardown(what_is_corrupt_ends_with_1007, open_one, close_one),
        cmocka_unit_test_setup_teardown(much_that_is_inflated_waits_for_its_turn, open_one,
                                        close_one),
        cmocka_unit_test_setup_teardown(without_memory_the_client_is_lost, open_one, close_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
