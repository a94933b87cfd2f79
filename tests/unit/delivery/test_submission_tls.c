/* core/delivery/submission.c: what is encrypted before it goes down, and its rests. */
#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"
#include "delivery/tls_stream.h"
#include "failing_memory.h"
#include "made_certificate.h"

#include "base/log.h"

#include <fcntl.h>
#include <openssl/ssl.h>

#define PEERS 6u
#define LEAST 3u /* writes that are worth a submission */
#define TURNS_MAX 1000u
#define TEXT "for all of them"
#define RECORD_OF_TEXT (2 + 15 + 1 + 16 + 5) /* frame, type, tag, header */

static SSL_CTX *server_context;
static SSL_CTX *client_context;
static struct loops loops;
static struct peer peers[PEERS];
static SSL *clients[PEERS];

static int make_contexts(void **state)
{
    struct made made = make_certificate(); /* The client does not look at it. */
    (void)state;
    finish_certificate(&made, NULL);
    server_context = SSL_CTX_new(TLS_server_method());
    client_context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_use_certificate(server_context, made.certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server_context, made.key), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(server_context, TLS1_3_VERSION), 1);
    release_certificate(&made);
    SSL_CTX_set_mode(server_context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
    return 0;
}

static int free_contexts(void **state)
{
    (void)state;
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    return 0;
}

/* -- receivers with TLS, and their clients -- */

static void shake_hands(SSL *server_tls, SSL *client_tls)
{
    int server = 0, client = 0;
    for (unsigned turn = 0; turn < TURNS_MAX && (server != 1 || client != 1); turn++) {
        tls_stream_begin_turn(server_tls);
        client = SSL_do_handshake(client_tls);
        server = SSL_do_handshake(server_tls);
    }
    assert_int_equal(server, 1);
    assert_int_equal(client, 1);
    tls_stream_on_handshake(server_tls);
    tls_stream_open(server_tls);
}

static void use_tls(struct peer *peer, SSL **client)
{
    peer->receiver.tls = SSL_new(server_context);
    assert_int_equal(
        tls_stream_attach(peer->receiver.tls, peer->receiver.socket, 1u << 20, 1u << 20), OK);
    *client = SSL_new(client_context);
    assert_int_equal(fcntl(peer->socket, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(SSL_set_fd(*client, peer->socket), 1);
    SSL_set_accept_state(peer->receiver.tls);
    SSL_set_connect_state(*client);
    shake_hands(peer->receiver.tls, *client);
}

static void open_peers(void)
{
    socket_takes = SIZE_MAX;
    loops_open(&loops, 1);
    use_submission(&loops.deliveries[0], LEAST);
    for (unsigned i = 0; i < PEERS; i++) {
        peer_open(&loops, &peers[i], 0);
        peers[i].ends_when_lost = true;
        use_tls(&peers[i], &clients[i]);
    }
}

static void close_peers(void)
{
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < PEERS; i++) {
        SSL_free(clients[i]);
        peer_close(&peers[i]);
    }
    loops_close(&loops);
}

static void client_reads(unsigned index)
{
    uint8_t bytes[16384];
    int len;
    while ((len = SSL_read(clients[index], bytes, sizeof bytes)) > 0)
        assert_int_equal(buffer_append(&peers[index].got, bytes, (size_t)len), OK);
}

static void client_reads_all(unsigned index)
{
    client_reads(index);
    while (peers[index].receiver.wants_write) {
        receiver_on_writable(&peers[index].receiver);
        flush(&loops);
        client_reads(index);
    }
}

/* What a client has read and not compared yet are those messages. */
static void expect_texts(unsigned index, unsigned count, const char *const *texts)
{
    struct got_frame frame = {.len = 0};
    size_t at = 0;
    client_reads_all(index);
    for (unsigned i = 0; i < count; i++) {
        assert_true(peer_next_frame(&peers[index], &at, &frame));
        assert_int_equal(frame.len, strlen(texts[i]));
        assert_memory_equal(frame.payload, texts[i], frame.len);
    }
    assert_int_equal(at, peers[index].got.len);
    peers[index].got.len = 0;
}

static void expect_text(unsigned index, const char *text)
{
    expect_texts(index, 1, &text);
}

static uint64_t submitted(void)
{
    return counter_read(&loops.deliveries[0].stats.submitted);
}

/* -- tests -- */

static void records_of_many_go_down_together(void **state)
{
    (void)state;
    open_peers();
    uint64_t writes = counter_read(&loops.deliveries[0].stats.writes);
    publish(&loops, 0, TEXT);
    flush(&loops);
    assert_int_equal(submitted(), PEERS);
    assert_int_equal(counter_read(&loops.deliveries[0].stats.submissions), 1);
    assert_int_equal(counter_read(&loops.deliveries[0].stats.writes), writes);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_out), PEERS * 17);
    for (unsigned i = 0; i < PEERS; i++)
        expect_text(i, TEXT);
    close_peers();
}

/* Wherever the socket ends, and however little it takes afterwards, with more behind it. */
static void what_a_socket_does_not_take_of_a_record_follows_before_anything_else(void **state)
{
    static const char *const texts[] = {TEXT, "own", "next"};
    (void)state;
    for (size_t takes = 0; takes <= RECORD_OF_TEXT; takes++) {
        bool is_whole = takes == RECORD_OF_TEXT;
        open_peers();
        socket_takes = takes;
        publish(&loops, 0, TEXT);
        flush(&loops);
        for (unsigned i = 0; i < PEERS; i++) {
            struct receiver *receiver = &peers[i].receiver;
            assert_int_equal(receiver->wants_write, !is_whole);
            assert_int_equal(receiver_is_drained(receiver), is_whole);
            assert_int_equal(receiver_queued(receiver), RECORD_OF_TEXT - takes);
            assert_int_equal(receiver_held(receiver), RECORD_OF_TEXT - takes);
            send_text(&peers[i], "own");
        }
        assert_int_equal(queued_memory(&loops) > 0, !is_whole);
        flush(&loops);
        socket_takes = 1 + takes % 7;
        publish(&loops, 0, "next");
        flush(&loops);
        for (unsigned i = 0; i < PEERS; i++)
            expect_texts(i, 3, texts);
        assert_int_equal(queued_memory(&loops), 0);
        close_peers();
    }
}

static void what_is_too_much_for_a_record_is_written_by_itself(void **state)
{
    static char text[5000];
    const char *large = text;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    open_peers();
    publish(&loops, 0, text);
    flush(&loops);
    assert_int_equal(submitted(), 0);
    for (unsigned i = 0; i < PEERS; i++)
        expect_texts(i, 1, &large);
    publish(&loops, 0, TEXT);
    flush(&loops);
    assert_int_equal(submitted(), PEERS);
    close_peers();
}

/* What is encrypted has to be sent, whether it is worth a submission or not. */
static void a_few_records_among_receivers_that_are_blocked(void **state)
{
    (void)state;
    open_peers();
    socket_takes = 0;
    for (unsigned i = LEAST - 1; i < PEERS; i++)
        send_text(&peers[i], "first");
    flush(&loops);
    socket_takes = SIZE_MAX;
    uint64_t before = submitted();
    publish(&loops, 0, TEXT);
    flush(&loops);
    assert_int_equal(submitted(), before);
    for (unsigned i = 0; i < PEERS; i++) {
        static const char *const texts[] = {"first", TEXT};
        unsigned has_more = i >= LEAST - 1;
        expect_texts(i, 1 + has_more, texts + 1 - has_more);
    }
    close_peers();
}

static void peers_that_are_gone_are_told_of(void **state)
{
    (void)state;
    open_peers();
    close(peers[1].socket);
    socket_takes = 9;
    publish(&loops, 0, TEXT);
    flush(&loops);
    assert_int_equal(peers[1].lost, 1);
    close(peers[2].socket);
    receiver_on_writable(&peers[2].receiver);
    flush(&loops);
    assert_int_equal(peers[2].lost, 1);
    assert_int_equal(peers[2].receiver.socket, -1);
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < PEERS; i++) {
        if (i == 1 || i == 2)
            peers[i].socket = open("/dev/null", O_RDONLY);
        else
            expect_text(i, TEXT);
    }
    close_peers();
}

/* A receiver that stays, and whose messages are thrown away from then on. */
static void a_rest_that_cannot_be_sent_any_more_is_forgotten(void **state)
{
    (void)state;
    open_peers();
    peers[0].ends_when_lost = false;
    socket_takes = 9;
    publish(&loops, 0, TEXT);
    flush(&loops);
    socket_is_broken = true;
    receiver_on_writable(&peers[0].receiver);
    flush(&loops);
    socket_is_broken = false;
    assert_int_equal(peers[0].lost, 1);
    assert_int_equal(receiver_queued(&peers[0].receiver), 0);
    assert_false(peers[0].receiver.wants_write);
    socket_takes = SIZE_MAX;
    for (unsigned i = 1; i < PEERS; i++)
        expect_text(i, TEXT);
    close_peers();
}

/* A close waits until the rest has been sent. */
static void a_rest_is_sent_before_the_receiver_is_drained(void **state)
{
    (void)state;
    open_peers();
    socket_takes = 9;
    peers[0].receiver.wants_drained = true;
    publish(&loops, 0, TEXT);
    flush(&loops);
    assert_int_equal(peers[0].drained, 0);
    receiver_on_writable(&peers[0].receiver);
    flush(&loops);
    assert_int_equal(peers[0].drained, 0);
    socket_takes = SIZE_MAX;
    receiver_on_writable(&peers[0].receiver);
    flush(&loops);
    assert_int_equal(peers[0].drained, 1);
    for (unsigned i = 0; i < PEERS; i++)
        expect_text(i, TEXT);
    close_peers();
}

static void no_failed_allocation_leaves_half_a_record(void **state)
{
    unsigned failures = 0;
    bool has_failed = true;
    (void)state;
    for (unsigned number = 1; has_failed; number++) {
        open_peers();
        publish(&loops, 0, TEXT);
        socket_takes = 11;
        fail_allocation(number);
        flush(&loops);
        has_failed = end_failing_allocations();
        socket_takes = SIZE_MAX;
        for (unsigned i = 0; i < PEERS; i++) {
            failures += peers[i].failed;
            if (peers[i].failed == 0)
                expect_text(i, TEXT);
        }
        close_peers();
    }
    assert_int_equal(failures, PEERS); /* What cannot be kept ends its receiver, and no other. */
}

static void fail_after(unsigned takes, unsigned hides, size_t bytes)
{
    static const char *const texts[] = {TEXT, "two"};
    open_peers();
    socket_takes = bytes;
    ring_takes = takes;
    ring_hides = hides;
    publish(&loops, 0, TEXT);
    flush(&loops);
    ring_takes = UINT_MAX;
    ring_hides = 0;
    socket_takes = SIZE_MAX;
    assert_null(loops.deliveries[0].submission);
    publish(&loops, 0, "two");
    flush(&loops);
    for (unsigned i = 0; i < PEERS; i++) {
        bool is_unknown = i < takes && i + hides >= takes;
        assert_int_equal(peers[i].lost, is_unknown);
        if (!is_unknown)
            expect_texts(i, 2, texts);
    }
    close_peers();
}

static void when_the_ring_fails_each_record_is_written_once(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    for (unsigned takes = 0; takes < PEERS; takes += 2)
        for (unsigned hides = 0; hides <= takes; hides += 2) {
            fail_after(takes, hides, SIZE_MAX);
            fail_after(takes, hides, 13);
        }
}

/* A connection that OpenSSL has given up. */
static void what_cannot_be_encrypted_ends_its_receiver_only(void **state)
{
    (void)state;
    open_peers();
    SSL_shutdown(peers[3].receiver.tls);
    publish(&loops, 0, TEXT);
    flush(&loops);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(peers[i].lost, i == 3);
        if (i != 3)
            expect_text(i, TEXT);
    }
    close_peers();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_many_go_down_together),
        cmocka_unit_test(what_a_socket_does_not_take_of_a_record_follows_before_anything_else),
        cmocka_unit_test(what_is_too_much_for_a_record_is_written_by_itself),
        cmocka_unit_test(a_few_records_among_receivers_that_are_blocked),
        cmocka_unit_test(peers_that_are_gone_are_told_of),
        cmocka_unit_test(a_rest_that_cannot_be_sent_any_more_is_forgotten),
        cmocka_unit_test(a_rest_is_sent_before_the_receiver_is_drained),
        cmocka_unit_test(no_failed_allocation_leaves_half_a_record),
        cmocka_unit_test(when_the_ring_fails_each_record_is_written_once),
        cmocka_unit_test(what_cannot_be_encrypted_ends_its_receiver_only),
    };
    return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
