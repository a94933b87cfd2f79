/* core/front/tls_sessions.c: sessions that are resumed, or not, over a socket pair. */
#include "client/certificate.h" /* before cmocka, which has a macro `fail` */

#include "front/certificates.h"

#include "delivery/tls_stream.h"
#include "front/tls_sessions.h"

#include <sys/socket.h>

static struct test_certificate authority, server_certificate, client_certificate;
static SSL_SESSION *received; /* the newest ticket that a client has got */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(received);
    received = session;
    return 1; /* kept */
}

static int make_certificates(void **state)
{
    (void)state;
    authority = make_certificate("authority", -HOUR, 100 * HOUR, NULL);
    server_certificate = make_certificate("server", -HOUR, HOUR, &authority);
    client_certificate = make_certificate("client", -HOUR, HOUR, &authority);
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    SSL_SESSION_free(received);
    free_certificate(&authority);
    free_certificate(&server_certificate);
    free_certificate(&client_certificate);
    return 0;
}

/* `trusted`: whose clients are let in; NULL: clients show no certificate. */
static SSL_CTX *make_server(const struct test_certificate *trusted)
{
    static const unsigned char id[] = "test";
    SSL_CTX *context = context_with(TLS_server_method(), &server_certificate);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    assert_int_equal(SSL_CTX_set_session_id_context(context, id, sizeof id), 1);
    if (trusted != NULL) {
        assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted->certificate),
                         1);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    tls_stream_prepare(context);
    assert_int_equal(tls_sessions_prepare(context), OK);
    return context;
}

static SSL_CTX *make_client(const struct test_certificate *certificate)
{
    SSL_CTX *context = context_with(TLS_client_method(), certificate);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_session);
    return context;
}

/* What the server says of a connection when the client has read its tickets. */
struct outcome {
    bool is_resumed;
    int64_t certificate_end;
};

/* Connects with the ticket that was received last, if `resumes`. */
static struct outcome connect_once(SSL_CTX *server, SSL_CTX *client, bool resumes)
{
    int ends[2];
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    SSL *accepting = SSL_new(server);
    SSL *connecting = SSL_new(client);
    assert_int_equal(tls_stream_attach(accepting, ends[0], 1u << 20, 1u << 20), OK);
    assert_int_equal(SSL_set_fd(connecting, ends[1]), 1);
    if (resumes)
        assert_int_equal(SSL_set_session(connecting, received), 1);
    bool accepted = false, connected = false;
    for (int i = 0; i < 100 && !(accepted && connected); i++) {
        connected = SSL_connect(connecting) == 1;
        tls_stream_begin_turn(accepting);
        accepted = SSL_accept(accepting) == 1;
    }
    assert_true(accepted && connected);
    (void)SSL_read(connecting, &byte, 1); /* the tickets */
    struct outcome outcome = {.is_resumed = SSL_session_reused(accepting) == 1,
                              .certificate_end = certificate_end(accepting)};
    SSL_shutdown(connecting);
    SSL_free(connecting);
    SSL_free(accepting);
    close(ends[0]);
    close(ends[1]);
    return outcome;
}

static void sessions_without_a_certificate_are_resumed(void **state)
{
    SSL_CTX *server = make_server(NULL);
    SSL_CTX *client = make_client(NULL);
    (void)state;
    struct outcome first = connect_once(server, client, false);
    assert_false(first.is_resumed);
    assert_true(first.certificate_end == CERTIFICATE_WITHOUT_END);
    assert_true(connect_once(server, client, true).is_resumed);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void a_resumed_session_knows_when_its_certificate_ends(void **state)
{
    SSL_CTX *server = make_server(&authority);
    SSL_CTX *client = make_client(&client_certificate);
    (void)state;
    struct outcome first = connect_once(server, client, false);
    struct outcome second = connect_once(server, client, true);
    assert_false(first.is_resumed);
    assert_true(second.is_resumed);
    assert_true(first.certificate_end != CERTIFICATE_WITHOUT_END);
    assert_true(second.certificate_end == first.certificate_end);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void a_ticket_ends_with_the_certificate(void **state)
{
    struct test_certificate brief = make_certificate("brief", -HOUR, 60, &authority);
    SSL_CTX *server = make_server(&authority);
    SSL_CTX *client = make_client(&brief);
    (void)state;
    SSL_CTX_set_timeout(server, HOUR);
    (void)connect_once(server, client, false);
    assert_true(SSL_SESSION_get_ticket_lifetime_hint(received) <= 60);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    free_certificate(&brief);
}

/* The server demands more than it did when it made the ticket. */
static void a_certificate_that_is_no_longer_accepted_is_not_resumed(void **state)
{
    SSL_CTX *server = make_server(&authority);
    SSL_CTX *client = make_client(&client_certificate);
    X509_STORE *strict = X509_STORE_new();
    (void)state;
    (void)connect_once(server, client, false);
    /* Without a list of revoked certificates none can be verified. */
    assert_int_equal(X509_STORE_add_cert(strict, authority.certificate), 1);
    SSL_CTX_set_cert_store(server, strict);
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(server);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK);
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    SSL *accepting = SSL_new(server);
    SSL *connecting = SSL_new(client);
    assert_int_equal(tls_stream_attach(accepting, ends[0], 1u << 20, 1u << 20), OK);
    assert_int_equal(SSL_set_fd(connecting, ends[1]), 1);
    assert_int_equal(SSL_set_session(connecting, received), 1);
    for (int i = 0; i < 100; i++) {
        (void)SSL_connect(connecting);
        tls_stream_begin_turn(accepting);
        if (SSL_accept(accepting) != -1)
            break;
    }
    assert_false(SSL_session_reused(accepting)); /* a full handshake, in which it is refused */
    SSL_free(connecting);
    SSL_free(accepting);
    close(ends[0]);
    close(ends[1]);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void a_ticket_of_another_server_leads_to_a_full_handshake(void **state)
{
    SSL_CTX *server = make_server(NULL);
    SSL_CTX *other = make_server(NULL);
    SSL_CTX *client = make_client(NULL);
    (void)state;
    (void)connect_once(other, client, false);
    assert_false(connect_once(server, client, true).is_resumed);
    assert_true(connect_once(server, client, true).is_resumed); /* with the new ticket */
    SSL_CTX_free(server);
    SSL_CTX_free(other);
    SSL_CTX_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_without_a_certificate_are_resumed),
        cmocka_unit_test(a_resumed_session_knows_when_its_certificate_ends),
        cmocka_unit_test(a_ticket_ends_with_the_certificate),
        cmocka_unit_test(a_certificate_that_is_no_longer_accepted_is_not_resumed),
        cmocka_unit_test(a_ticket_of_another_server_leads_to_a_full_handshake),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
