/*
 * core/front/accept_queue_tls.c: handshakes on real sockets, with clients in the same thread; on
 * the accepting thread, and on others.
 */
#include "front/certificates.h"
#include "front/queue_fixture.h"

#include "front/accept_queue_internal.h"
#include "front/handshake_schedule.h"
#include "front/handshake_threads.h"

#include <semaphore.h>
#include <time.h>

#define RATE 1 /* handshakes a second */
#define THREADS 3

static unsigned thread_count; /* 0: on the accepting thread */

/* A TLS accept queue with one certificate. */
struct tls_queue {
    struct served_queue served;
    struct handshakes handshakes;
    struct handshake_threads *threads;
    struct test_certificate certificate;
    SSL_CTX *context; /* the queue's, which lives as long as that */
};

/* `bytes`, `rate`: see handshakes_configure. */
static void open_tls_queue(struct tls_queue *fixture, size_t bytes, uint32_t rate)
{
    struct accept_queue_limits limits = {.timeout = LONG,
                                         .max_pending = 100,
                                         .max_pending_per_address = 100,
                                         .handshakes = &fixture->handshakes};
    *fixture = (struct tls_queue){.certificate = make_certificate("first", 0, HOUR, NULL)};
    handshakes_configure(&fixture->handshakes, bytes, rate);
    if (thread_count > 0)
        assert_int_equal(handshake_threads_create(thread_count, &fixture->threads), OK);
    limits.threads = fixture->threads;
    fixture->context = context_with(TLS_server_method(), &fixture->certificate);
    open_queue_with(&fixture->served, limits, fixture->context);
    SSL_CTX_free(fixture->context);
}

static void close_tls_queue(struct tls_queue *fixture)
{
    close_queue(&fixture->served);
    handshake_threads_destroy(fixture->threads);
    assert_int_equal(atomic_load(&fixture->handshakes.bytes), 0);
    free_certificate(&fixture->certificate);
}

/* Polls until a count is 1; no connection becomes ready meanwhile. */
static void poll_until(struct tls_queue *fixture, const atomic_ullong *count)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (atomic_load(count) == 0 && clock_monotonic() < deadline)
        assert_int_equal(accept_queue_poll(fixture->served.queue, &fixture->served.listener, 1, 10),
                         0);
    assert_int_equal(atomic_load(count), 1);
}

static void poll_until_charged(struct tls_queue *fixture, size_t bytes)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (atomic_load(&fixture->handshakes.bytes) != bytes && clock_monotonic() < deadline)
        assert_int_equal(accept_queue_poll(fixture->served.queue, &fixture->served.listener, 1, 10),
                         0);
    assert_int_equal(atomic_load(&fixture->handshakes.bytes), bytes);
}

/* Polls until `count` handshakes have begun and none is in its turn: who is, is not dropped. */
static void wait_for_turns(struct tls_queue *fixture, size_t count)
{
    poll_until_charged(fixture, count * PENDING_HANDSHAKE_BYTES);
    if (fixture->threads != NULL)
        handshake_threads_wait(fixture->threads, &fixture->served.queue->turns);
    assert_int_equal(accept_queue_poll(fixture->served.queue, &fixture->served.listener, 1, 0), 0);
}

/* A client whose handshake runs while the queue is polled. */
struct tls_client {
    SSL_CTX *context;
    SSL *ssl;
    int socket;
};

static struct tls_client connect_tls(const struct tls_queue *fixture)
{
    struct tls_client client = {.context = context_with(TLS_client_method(), NULL),
                                .socket = connect_and_send(&fixture->served, "")};
    struct timeval soon = {.tv_usec = 1000};
    assert_int_equal(setsockopt(client.socket, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon), 0);
    client.ssl = SSL_new(client.context);
    assert_int_equal(SSL_set_fd(client.ssl, client.socket), 1);
    return client;
}

static void close_tls_client(struct tls_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->socket);
}

static void complete_handshake(struct tls_queue *fixture, struct tls_client *client)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (SSL_connect(client->ssl) != 1) {
        assert_true(clock_monotonic() < deadline);
        assert_int_equal(accept_queue_poll(fixture->served.queue, &fixture->served.listener, 1, 0),
                         0);
    }
}

static void assert_certificate(const struct tls_client *client, const char *name)
{
    char got[64] = "";
    X509 *certificate = SSL_get1_peer_certificate(client->ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, got, sizeof got);
    X509_free(certificate);
    assert_string_equal(got, name);
}

static void hands_out_the_tls_state_with_what_was_decrypted(void **state)
{
    struct tls_queue fixture;
    struct pending_tls tls;
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, 0);
    struct tls_client client = connect_tls(&fixture);
    complete_handshake(&fixture, &client);
    assert_int_equal(SSL_write(client.ssl, HEAD, sizeof HEAD - 1), sizeof HEAD - 1);
    int served = accept_ready(&fixture.served);
    assert_true(accept_queue_claim(fixture.served.queue, served, &tls));
    assert_int_equal(tls.head_len, sizeof HEAD - 1);
    assert_memory_equal(tls.head, HEAD, sizeof HEAD - 1);
    assert_false(accept_queue_claim(fixture.served.queue, served, &tls));
    assert_int_equal(atomic_load(&fixture.handshakes.begun), 1);
    free(tls.head);
    SSL_free(tls.ssl);
    close(served);
    close_tls_client(&client);
    close_tls_queue(&fixture);
}

static void plain_http_is_told_so_in_plain_http(void **state)
{
    struct tls_queue fixture;
    char answer[512] = "";
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, 0);
    int client = connect_and_send(&fixture.served, HEAD);
    wait_for_drops(&fixture.served, PENDING_DROP_PLAIN_HTTP, 1);
    assert_true(recv(client, answer, sizeof answer - 1, MSG_WAITALL) > 0);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 400 Bad Request\r\n"), answer);
    assert_non_null(strstr(answer, "wss://"));
    assert_int_equal(atomic_load(&fixture.handshakes.begun), 0);
    close(client);
    close_tls_queue(&fixture);
}

static void the_oldest_handshake_is_dropped_when_they_hold_too_much_memory(void **state)
{
    enum { EACH = 8 }; /* that a listener may have in any case */
    struct tls_queue fixture;
    int client[EACH + 1];
    char byte;
    (void)state;
    open_tls_queue(&fixture, 0, 0);
    for (int i = 0; i < EACH; i++) {
        client[i] = connect_and_send(&fixture.served, "\x16"); /* of a handshake record */
        wait_for_turns(&fixture, (size_t)i + 1);
    }
    client[EACH] = connect_and_send(&fixture.served, "\x16");
    wait_for_drops(&fixture.served, PENDING_DROP_MEMORY, 1);
    wait_for_turns(&fixture, EACH);
    assert_true(recv(client[0], &byte, 1, 0) <= 0);
    for (int i = 0; i <= EACH; i++)
        close(client[i]);
    close_tls_queue(&fixture);
}

static void handshakes_over_the_rate_are_delayed(void **state)
{
    enum { CLIENTS = HANDSHAKE_SCHEDULE_BURST * RATE + 3 };
    struct tls_queue fixture;
    int client[CLIENTS];
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, RATE);
    for (int i = 0; i < CLIENTS; i++)
        client[i] = connect_and_send(&fixture.served, "\x16");
    poll_until(&fixture, &fixture.handshakes.delayed);
    wait_for_pending(&fixture.served, CLIENTS);
    assert_true(atomic_load(&fixture.handshakes.begun) < CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        close(client[i]);
    close_tls_queue(&fixture);
}

static void a_broken_rule_of_tls_is_counted(void **state)
{
    /* A record of 4 bytes: a ClientHello that announces 64 KiB. */
    static const char hello[] = "\x16\x03\x01\x00\x04\x01\x01\x00\x00";
    struct tls_queue fixture;
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, 0);
    int client = connect_and_send(&fixture.served, "");
    assert_int_equal(send(client, hello, sizeof hello - 1, 0), sizeof hello - 1);
    poll_until(&fixture, &fixture.handshakes.faults[TLS_FAULT_HELLO]);
    assert_int_equal(atomic_load(&fixture.served.stats.pending), 0);
    close(client);
    close_tls_queue(&fixture);
}

static void later_connections_get_the_new_context(void **state)
{
    struct tls_queue fixture;
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, 0);
    struct tls_client before = connect_tls(&fixture);
    wait_for_pending(&fixture.served, 1);
    struct test_certificate certificate = make_certificate("second", 0, HOUR, NULL);
    SSL_CTX *context = context_with(TLS_server_method(), &certificate);
    accept_queue_use_tls(fixture.served.queue, context);
    SSL_CTX_free(context);
    struct tls_client after = connect_tls(&fixture);
    complete_handshake(&fixture, &before);
    complete_handshake(&fixture, &after);
    assert_certificate(&before, "first");
    assert_certificate(&after, "second");
    close_tls_client(&before);
    close_tls_client(&after);
    close_tls_queue(&fixture);
    free_certificate(&certificate);
}

static void a_hello_that_trickles_is_read_whichever_thread_has_the_connection(void **state)
{
    struct tls_queue fixture;
    unsigned char hello[4096];
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, 0);
    struct tls_client client = connect_tls(&fixture);
    BIO *made = BIO_new(BIO_s_mem());
    SSL_set0_wbio(client.ssl, made);
    assert_int_equal(SSL_connect(client.ssl), -1);
    int len = BIO_read(made, hello, sizeof hello);
    assert_true(len > 0);
    for (int i = 0; i < len; i++) {
        assert_int_equal(send(client.socket, hello + i, 1, MSG_NOSIGNAL), 1);
        assert_int_equal(accept_queue_poll(fixture.served.queue, &fixture.served.listener, 1, 0),
                         0);
    }
    SSL_set0_wbio(client.ssl, BIO_new_socket(client.socket, BIO_NOCLOSE));
    complete_handshake(&fixture, &client);
    assert_certificate(&client, "first");
    assert_int_equal(atomic_load(&fixture.handshakes.begun), 1);
    close_tls_client(&client);
    close_tls_queue(&fixture);
}

static void a_queue_ends_while_handshakes_are_under_way(void **state)
{
    enum { CLIENTS = 20 };
    struct tls_queue fixture;
    struct tls_client clients[CLIENTS];
    (void)state;
    open_tls_queue(&fixture, SIZE_MAX, 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = connect_tls(&fixture);
        assert_int_equal(SSL_connect(clients[i].ssl), -1); /* The hello is sent. */
    }
    while (atomic_load(&fixture.handshakes.begun) == 0)
        (void)accept_queue_poll(fixture.served.queue, &fixture.served.listener, 1, 10);
    close_tls_queue(&fixture);
    for (int i = 0; i < CLIENTS; i++)
        close_tls_client(&clients[i]);
}

/* Two handshakes wait for each other in here. */
struct meeting {
    sem_t arrivals[2];
    atomic_int count;
    atomic_int met;
};

static int meet(SSL *ssl, int *alert, void *argument)
{
    struct meeting *meeting = argument;
    struct timespec until;
    (void)ssl;
    (void)alert;
    int place = atomic_fetch_add(&meeting->count, 1);
    if (place > 1)
        return SSL_CLIENT_HELLO_SUCCESS;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    sem_post(&meeting->arrivals[1 - place]);
    if (sem_timedwait(&meeting->arrivals[place], &until) == 0)
        atomic_fetch_add(&meeting->met, 1);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void threads_work_on_several_handshakes_at_a_time(void **state)
{
    struct tls_queue fixture;
    struct meeting meeting = {.count = 0};
    (void)state;
    sem_init(&meeting.arrivals[0], 0, 0);
    sem_init(&meeting.arrivals[1], 0, 0);
    open_tls_queue(&fixture, SIZE_MAX, 0);
    SSL_CTX_set_client_hello_cb(fixture.context, meet, &meeting);
    struct tls_client one = connect_tls(&fixture);
    struct tls_client other = connect_tls(&fixture);
    assert_int_equal(SSL_connect(one.ssl), -1);
    assert_int_equal(SSL_connect(other.ssl), -1);
    complete_handshake(&fixture, &one);
    complete_handshake(&fixture, &other);
    assert_int_equal(atomic_load(&meeting.met), 2);
    close_tls_client(&one);
    close_tls_client(&other);
    close_tls_queue(&fixture);
    sem_destroy(&meeting.arrivals[0]);
    sem_destroy(&meeting.arrivals[1]);
}

static int use_threads(void **state)
{
    (void)state;
    thread_count = THREADS;
    return 0;
}

int main(void)
{
    const struct CMUnitTest on_threads[] = {
        cmocka_unit_test(threads_work_on_several_handshakes_at_a_time),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_the_tls_state_with_what_was_decrypted),
        cmocka_unit_test(plain_http_is_told_so_in_plain_http),
        cmocka_unit_test(the_oldest_handshake_is_dropped_when_they_hold_too_much_memory),
        cmocka_unit_test(handshakes_over_the_rate_are_delayed),
        cmocka_unit_test(a_broken_rule_of_tls_is_counted),
        cmocka_unit_test(later_connections_get_the_new_context),
        cmocka_unit_test(a_hello_that_trickles_is_read_whichever_thread_has_the_connection),
        cmocka_unit_test(a_queue_ends_while_handshakes_are_under_way),
    };
    int failed = cmocka_run_group_tests_name("on the accepting thread", tests, NULL, NULL);
    failed += cmocka_run_group_tests_name("on threads", tests, use_threads, NULL);
    return failed + cmocka_run_group_tests_name("on several threads", on_threads, NULL, NULL);
}
