/* core/delivery/transport.c with TLS over a socket pair. */
#include "delivery/loops.h"

#include "delivery/tls_stream.h"
#include "made_certificate.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#define MUCH 100000u /* bytes, of several records, and more than a socket takes */
#define TURNS_MAX 1000u

static struct loops loops;
static struct peer peer;
static SSL_CTX *server_context;
static SSL_CTX *client_context;
static SSL *client_tls;

static void shake_hands(void)
{
    int server = 0, client = 0;
    for (unsigned turn = 0; turn < TURNS_MAX && (server != 1 || client != 1); turn++) {
        tls_stream_begin_turn(peer.receiver.tls);
        client = SSL_do_handshake(client_tls);
        server = SSL_do_handshake(peer.receiver.tls);
    }
    assert_int_equal(server, 1);
    assert_int_equal(client, 1);
    tls_stream_on_handshake(peer.receiver.tls);
    tls_stream_open(peer.receiver.tls);
}

static int open_tls(void **state)
{
    struct made made = make_certificate(); /* The client does not look at it. */
    (void)state;
    finish_certificate(&made, NULL);
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    peer_shrink(&peer);
    server_context = SSL_CTX_new(TLS_server_method());
    client_context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_use_certificate(server_context, made.certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server_context, made.key), 1);
    release_certificate(&made);
    SSL_CTX_set_mode(server_context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    peer.receiver.tls = SSL_new(server_context);
    assert_int_equal(tls_stream_attach(peer.receiver.tls, peer.receiver.socket, 1u << 20, 1u << 20),
                     OK);
    client_tls = SSL_new(client_context);
    assert_int_equal(fcntl(peer.socket, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(SSL_set_fd(client_tls, peer.socket), 1);
    SSL_set_accept_state(peer.receiver.tls);
    SSL_set_connect_state(client_tls);
    shake_hands();
    return 0;
}

static int close_tls(void **state)
{
    SSL_free(client_tls);
    (void)state;
    peer_close(&peer);
    loops_close(&loops);
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    return 0;
}

static void client_writes(const char *text)
{
    assert_int_equal(SSL_write(client_tls, text, (int)strlen(text)), (int)strlen(text));
}

/* Reads what is there. Returns the bytes of the first record. */
static int client_reads(void)
{
    uint8_t bytes[16384];
    int first = 0, len;
    while ((len = SSL_read(client_tls, bytes, sizeof bytes)) > 0) {
        first = first == 0 ? len : first;
        assert_int_equal(buffer_append(&peer.got, bytes, (size_t)len), OK);
    }
    return first;
}

/* The loop hears that the socket takes bytes again, until everything is sent and read. */
static void client_reads_all(void)
{
    client_reads();
    while (peer.receiver.wants_write) {
        receiver_on_writable(&peer.receiver);
        delivery_flush(peer.receiver.loop);
        client_reads();
    }
}

static void tls_is_read_as_its_text(void **state)
{
    char bytes[8];
    (void)state;
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 0);
    client_writes("01234");
    client_writes("56789");
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 8);
    assert_memory_equal(bytes, "01234567", 8);
    assert_int_equal(transport_pending(&peer.receiver), 2);
    assert_false(transport_has_input(&peer.receiver)); /* The kernel has given all. */
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 2);
    assert_memory_equal(bytes, "89", 2);
    assert_int_equal(transport_pending(&peer.receiver), 0);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_in), 10);
}

static void small_pieces_share_a_record(void **state)
{
    struct iovec pieces[3] = {{.iov_base = "one ", .iov_len = 4},
                              {.iov_base = "two ", .iov_len = 4},
                              {.iov_base = "three", .iov_len = 5}};
    (void)state;
    assert_int_equal(transport_write(&peer.receiver, pieces, 3), 13);
    assert_int_equal(client_reads(), 13);
    assert_memory_equal(peer.got.data, "one two three", 13);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_out), 13);
}

/* OpenSSL is offered the same bytes again, though they lie elsewhere by then. */
static void what_a_full_socket_did_not_take_follows_in_order(void **state)
{
    static char text[MUCH];
    struct got_frame frame;
    size_t at = 0;
    unsigned seen = 0;
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        memset(text, 'a' + (int)i, sizeof text);
        int error = i % 2 == 0 ? audience_publish(loops_audience(&loops, 0), OPCODE_BINARY, text,
                                                  sizeof text, NULL)
                               : receiver_send(&peer.receiver, OPCODE_BINARY, text, sizeof text);
        assert_int_equal(error, OK);
        delivery_flush(&loops.deliveries[0]);
        assert_true(peer.receiver.wants_write);
        assert_in_range(peer.receiver.tls_retry, 1, 16384);
    }
    client_reads_all();
    for (; peer_next_frame(&peer, &at, &frame); seen++) {
        assert_int_equal(frame.len, sizeof text);
        for (size_t i = 0; i < frame.len; i++)
            assert_int_equal(frame.payload[i], 'a' + (int)seen);
    }
    assert_int_equal(seen, 5);
    assert_int_equal(at, peer.got.len);
    assert_int_equal(peer.receiver.tls_retry, 0);
}

/* OpenSSL has begun to send a record: what is in it cannot be taken back. */
static void cutting_keeps_what_openssl_has_to_be_offered_again(void **state)
{
    static char text[3000];
    struct got_frame frame = {.len = 0};
    size_t at = 0;
    unsigned seen = 0;
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, text, sizeof text), OK);
    delivery_flush(&loops.deliveries[0]);
    assert_true(peer.receiver.tls_retry > sizeof text);
    assert_int_equal(receiver_cut(&peer.receiver), OK);
    assert_in_range(receiver_queued(&peer.receiver), peer.receiver.tls_retry,
                    peer.receiver.tls_retry + sizeof text + 4);
    send_text(&peer, "bye");
    client_reads_all();
    for (; peer_next_frame(&peer, &at, &frame) && frame.len == sizeof text; seen++)
        continue;
    assert_int_equal(at, peer.got.len);
    assert_memory_equal(frame.payload, "bye", 3);
    assert_in_range(seen, 5, 99);
    assert_int_equal(peer.failed + peer.lost, 0);
}

static void assert_without_key(EVP_PKEY *key)
{
    unsigned char raw[64];
    size_t len = sizeof raw;
    assert_int_not_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
    EVP_PKEY_free(key);
    ERR_clear_error();
}

static void an_open_connection_has_forgotten_its_key_exchange(void **state)
{
    EVP_PKEY *key = NULL;
    char bytes[8];
    (void)state;
    assert_int_equal(SSL_get_peer_tmp_key(peer.receiver.tls, &key), 1);
    assert_without_key(key);
    if (SSL_get_tmp_key(peer.receiver.tls, &key) == 1) /* With ML-KEM there is none. */
        assert_without_key(key);
    assert_int_equal(SSL_key_update(client_tls, SSL_KEY_UPDATE_REQUESTED), 1);
    for (int i = 0; i < 3; i++) { /* The keys of records change without it. */
        client_writes("hello");
        assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 5);
        assert_memory_equal(bytes, "hello", 5);
        send_text(&peer, "hi");
        delivery_flush(&loops.deliveries[0]);
        assert_true(client_reads() > 0);
    }
}

static void shutting_down_says_so_in_tls(void **state)
{
    char byte;
    (void)state;
    transport_shutdown(&peer.receiver);
    int result = SSL_read(client_tls, &byte, 1);
    assert_int_equal(SSL_get_error(client_tls, result), SSL_ERROR_ZERO_RETURN);
    assert_int_equal(recv(peer.socket, &byte, 1, 0), 0);
}

static void what_is_no_tls_ends_the_connection_behind_what_was(void **state)
{
    char bytes[16];
    (void)state;
    client_writes("good");
    assert_int_equal(send(peer.socket, "this is no record", 17, 0), 17);
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 4);
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), ERR_CLOSED);
}

static void a_tls_peer_that_is_gone_is_seen(void **state)
{
    char byte;
    (void)state;
    close(peer.socket);
    assert_int_equal(transport_read(&peer.receiver, &byte, 1), ERR_CLOSED);
    struct iovec piece = {.iov_base = "a", .iov_len = 1};
    assert_int_equal(transport_write(&peer.receiver, &piece, 1), ERR_CLOSED);
    peer.socket = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tls_is_read_as_its_text, open_tls, close_tls),
        cmocka_unit_test_setup_teardown(small_pieces_share_a_record, open_tls, close_tls),
        cmocka_unit_test_setup_teardown(what_a_full_socket_did_not_take_follows_in_order, open_tls,
                                        close_tls),
        cmocka_unit_test_setup_teardown(cutting_keeps_what_openssl_has_to_be_offered_again,
                                        open_tls, close_tls),
        cmocka_unit_test_setup_teardown(an_open_connection_has_forgotten_its_key_exchange, open_tls,
                                        close_tls),
        cmocka_unit_test_setup_teardown(shutting_down_says_so_in_tls, open_tls, close_tls),
        cmocka_unit_test_setup_teardown(what_is_no_tls_ends_the_connection_behind_what_was,
                                        open_tls, close_tls),
        cmocka_unit_test_setup_teardown(a_tls_peer_that_is_gone_is_seen, open_tls, close_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
