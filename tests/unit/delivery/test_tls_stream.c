/* core/delivery/tls_stream.c over a socket pair, with bytes as a peer sends them. */
#include "unit.h"

#include "delivery/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PLENTY (1u << 20)

struct connection {
    SSL_CTX *context;
    SSL *tls;
    int ends[2]; /* the stream's, the peer's */
};

static void open_connection(struct connection *connection, uint32_t bytes, uint32_t records)
{
    connection->context = SSL_CTX_new(TLS_server_method());
    connection->tls = SSL_new(connection->context);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, connection->ends), 0);
    assert_int_equal(tls_stream_attach(connection->tls, connection->ends[0], bytes, records), OK);
}

static void close_connection(struct connection *connection)
{
    SSL_free(connection->tls);
    SSL_CTX_free(connection->context);
    close(connection->ends[0]);
    close(connection->ends[1]);
}

static void send_record(const struct connection *connection, uint8_t type, const void *body,
                        size_t len)
{
    uint8_t header[5] = {type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    assert_int_equal(send(connection->ends[1], header, sizeof header, 0), sizeof header);
    assert_int_equal(send(connection->ends[1], body, len, 0), len);
}

/* Reads as OpenSSL does: a header, then its body. Returns the number of whole records. */
static unsigned read_records(const struct connection *connection)
{
    static uint8_t buffer[1 << 16];
    BIO *bio = SSL_get_rbio(connection->tls);
    for (unsigned count = 0;; count++) {
        if (BIO_read(bio, buffer, 5) != 5)
            return count;
        int len = buffer[3] << 8 | buffer[4];
        if (len > 0 && BIO_read(bio, buffer, len) != len)
            return count;
    }
}

static void a_turn_ends_after_its_records(void **state)
{
    struct connection connection;
    (void)state;
    open_connection(&connection, PLENTY, PLENTY);
    for (unsigned i = 0; i < TLS_TURN_RECORDS + 10; i++)
        send_record(&connection, SSL3_RT_APPLICATION_DATA, "x", 1);
    assert_int_equal(read_records(&connection), TLS_TURN_RECORDS);
    assert_true(tls_stream_is_held(connection.tls));
    assert_true(BIO_should_read(SSL_get_rbio(connection.tls)));
    tls_stream_begin_turn(connection.tls);
    assert_false(tls_stream_is_held(connection.tls));
    assert_int_equal(read_records(&connection), 10);
    assert_false(tls_stream_is_held(connection.tls)); /* The socket is empty. */
    close_connection(&connection);
}

static void a_turn_ends_after_its_bytes(void **state)
{
    static const uint8_t body[16384];
    struct connection connection;
    (void)state;
    open_connection(&connection, PLENTY, PLENTY);
    unsigned records = 0;
    for (unsigned bytes = 0; bytes < TLS_TURN_BYTES; bytes += sizeof body, records++)
        send_record(&connection, SSL3_RT_APPLICATION_DATA, body, sizeof body);
    send_record(&connection, SSL3_RT_APPLICATION_DATA, body, 1);
    assert_int_equal(read_records(&connection), records);
    assert_true(tls_stream_is_held(connection.tls));
    close_connection(&connection);
}

static void too_many_records_before_it_is_opened_are_a_fault(void **state)
{
    struct connection connection;
    (void)state;
    open_connection(&connection, PLENTY, 3);
    for (unsigned i = 0; i < 4; i++)
        send_record(&connection, SSL3_RT_APPLICATION_DATA, "x", 1);
    assert_int_equal(read_records(&connection), 3);
    assert_int_equal(tls_stream_fault(connection.tls), TLS_FAULT_EXCESS);
    close_connection(&connection);
}

static void too_many_bytes_before_it_is_opened_are_a_fault(void **state)
{
    struct connection connection;
    (void)state;
    open_connection(&connection, 20, PLENTY);
    send_record(&connection, SSL3_RT_APPLICATION_DATA, "0123456789", 10);
    send_record(&connection, SSL3_RT_APPLICATION_DATA, "x", 1);
    assert_int_equal(read_records(&connection), 1);
    assert_int_equal(tls_stream_fault(connection.tls), TLS_FAULT_EXCESS);
    close_connection(&connection);
}

static void an_open_connection_has_no_bound_but_turns(void **state)
{
    struct connection connection;
    (void)state;
    open_connection(&connection, 20, 1);
    tls_stream_on_handshake(connection.tls);
    tls_stream_open(connection.tls);
    for (unsigned i = 0; i < 10; i++)
        send_record(&connection, SSL3_RT_APPLICATION_DATA, "0123456789", 10);
    assert_int_equal(read_records(&connection), 10);
    assert_int_equal(tls_stream_fault(connection.tls), TLS_FAULT_NONE);
    close_connection(&connection);
}

static void a_hello_is_as_long_as_it_may_be(void **state)
{
    struct connection connection;
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        unsigned len = TLS_HELLO_MAX + more;
        uint8_t message[] = {
            SSL3_MT_CLIENT_HELLO, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, 3, 3};
        open_connection(&connection, PLENTY, PLENTY);
        for (size_t i = 0; i < sizeof message; i++)
            send_record(&connection, SSL3_RT_HANDSHAKE, message + i, 1);
        assert_int_equal(read_records(&connection), more ? 3 : sizeof message);
        assert_int_equal(tls_stream_fault(connection.tls), more ? TLS_FAULT_HELLO : TLS_FAULT_NONE);
        close_connection(&connection);
    }
}

static void a_handshake_record_behind_the_handshake_is_a_fault(void **state)
{
    struct connection connection;
    (void)state;
    open_connection(&connection, PLENTY, PLENTY);
    tls_stream_on_handshake(connection.tls);
    send_record(&connection, SSL3_RT_HANDSHAKE, "x", 1);
    assert_int_equal(read_records(&connection), 0);
    assert_int_equal(tls_stream_fault(connection.tls), TLS_FAULT_RENEGOTIATION);
    assert_false(BIO_should_retry(SSL_get_rbio(connection.tls)));
    close_connection(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_ends_after_its_records),
        cmocka_unit_test(a_turn_ends_after_its_bytes),
        cmocka_unit_test(too_many_records_before_it_is_opened_are_a_fault),
        cmocka_unit_test(too_many_bytes_before_it_is_opened_are_a_fault),
        cmocka_unit_test(an_open_connection_has_no_bound_but_turns),
        cmocka_unit_test(a_hello_is_as_long_as_it_may_be),
        cmocka_unit_test(a_handshake_record_behind_the_handshake_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
