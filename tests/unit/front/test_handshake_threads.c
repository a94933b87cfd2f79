/* core/front/handshake_threads.c with connections on socket pairs; their TLS is tested with
 * test_accept_queue_tls.c. */
#include "unit.h"

#include "front/handshake_threads.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_HEAD 256
#define THREADS 3
#define PATIENCE 20000 /* ms for what takes microseconds: busy machines are slow */

static SSL_CTX *context;

static int make_context(void **state)
{
    (void)state;
    context = SSL_CTX_new(TLS_server_method());
    return context == NULL;
}

static int free_context(void **state)
{
    (void)state;
    SSL_CTX_free(context);
    return 0;
}

/* A TLS connection whose peer has sent something and closed, so that it ends in its turn. */
static struct pending *make_pending(const char *sent, size_t len)
{
    int ends[2];
    struct pending *pending = calloc(1, sizeof *pending);
    assert_non_null(pending);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(send(ends[1], sent, len, 0), len);
    close(ends[1]);
    pending->socket = ends[0];
    SSL_CTX_up_ref(context);
    pending->context = context;
    return pending;
}

static struct pending *take_back(struct handshake_threads *threads, struct handshake_turns *turns)
{
    struct pollfd over = {.fd = turns->event_fd, .events = POLLIN};
    struct pending *pending;
    while ((pending = handshake_threads_take_back(threads, turns)) == NULL)
        assert_int_equal(poll(&over, 1, PATIENCE), 1);
    return pending;
}

static void each_turn_comes_back_with_its_result(void **state)
{
    struct handshake_threads *threads;
    struct handshake_turns turns;
    (void)state;
    assert_int_equal(handshake_threads_create(THREADS, &threads), OK);
    assert_int_equal(handshake_turns_init(&turns, MAX_HEAD), OK);
    assert_null(handshake_threads_take_back(threads, &turns));
    struct pending *plain = make_pending("GET", 3);
    struct pending *wrong = make_pending("\x16\x03", 2);
    assert_true(handshake_threads_give(threads, &turns, plain));
    assert_true(handshake_threads_give(threads, &turns, wrong));
    for (int i = 0; i < 2; i++) {
        struct pending *pending = take_back(threads, &turns);
        assert_true(pending == plain || pending == wrong);
        assert_int_equal(pending->turn_state,
                         pending == plain ? PENDING_PLAIN_HTTP : PENDING_ENDED);
        pending_destroy(pending);
    }
    assert_null(handshake_threads_take_back(threads, &turns));
    handshake_turns_deinit(&turns);
    handshake_threads_destroy(threads);
}

static void each_queue_gets_its_own_turns_back(void **state)
{
    enum { QUEUES = 3, EACH = 5 };
    struct handshake_threads *threads;
    struct handshake_turns turns[QUEUES];
    (void)state;
    assert_int_equal(handshake_threads_create(THREADS, &threads), OK);
    for (int i = 0; i < QUEUES; i++)
        assert_int_equal(handshake_turns_init(&turns[i], MAX_HEAD), OK);
    for (int i = 0; i < QUEUES * EACH; i++)
        assert_true(handshake_threads_give(threads, &turns[i % QUEUES], make_pending("GET", 3)));
    for (int i = 0; i < QUEUES; i++) {
        for (int j = 0; j < EACH; j++) {
            struct pending *pending = take_back(threads, &turns[i]);
            assert_ptr_equal(pending->turns, &turns[i]);
            pending_destroy(pending);
        }
        assert_int_equal(turns[i].count, 0);
        handshake_turns_deinit(&turns[i]);
    }
    handshake_threads_destroy(threads);
}

static void a_queue_has_room_for_as_many_turns_as_keep_the_threads_busy(void **state)
{
    struct handshake_threads *threads;
    struct handshake_turns turns;
    unsigned given = 0;
    (void)state;
    assert_int_equal(handshake_threads_create(THREADS, &threads), OK);
    assert_int_equal(handshake_turns_init(&turns, MAX_HEAD), OK);
    for (; handshake_threads_have_room(threads, &turns); given++)
        assert_true(handshake_threads_give(threads, &turns, make_pending("GET", 3)));
    assert_int_equal(given, 2 * THREADS);
    pending_destroy(take_back(threads, &turns));
    assert_true(handshake_threads_have_room(threads, &turns));
    handshake_threads_wait(threads, &turns);
    while (turns.count > 0)
        pending_destroy(handshake_threads_take_back(threads, &turns));
    handshake_turns_deinit(&turns);
    handshake_threads_destroy(threads);
}

static int niceness_of_examiner;

static int note_niceness(SSL *ssl, int *alert, void *argument)
{
    (void)ssl;
    (void)alert;
    (void)argument;
    niceness_of_examiner = getpriority(PRIO_PROCESS, (id_t)gettid());
    return SSL_CLIENT_HELLO_ERROR;
}

/* A ClientHello as a client would send it. */
static int make_hello(char *hello, int size)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(client);
    BIO *made = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), made);
    assert_int_equal(SSL_connect(ssl), -1);
    int len = BIO_read(made, hello, size);
    SSL_free(ssl);
    SSL_CTX_free(client);
    return len;
}

static void they_yield_to_the_event_loops(void **state)
{
    struct handshake_threads *threads;
    struct handshake_turns turns;
    char hello[4096];
    int ours = getpriority(PRIO_PROCESS, (id_t)gettid());
    (void)state;
    int len = make_hello(hello, sizeof hello);
    assert_true(len > 0);
    SSL_CTX_set_client_hello_cb(context, note_niceness, NULL);
    assert_int_equal(handshake_threads_create(1, &threads), OK);
    assert_int_equal(handshake_turns_init(&turns, MAX_HEAD), OK);
    assert_true(handshake_threads_give(threads, &turns, make_pending(hello, (size_t)len)));
    pending_destroy(take_back(threads, &turns));
    assert_true(niceness_of_examiner > ours || ours == 19);
    handshake_turns_deinit(&turns);
    handshake_threads_destroy(threads);
}

static void end_without_having_begun(void **state)
{
    struct handshake_threads *threads;
    (void)state;
    assert_in_range(handshake_threads_auto(), 1, HANDSHAKE_THREADS_MAX);
    assert_int_equal(handshake_threads_create(THREADS, &threads), OK);
    handshake_threads_destroy(threads);
    handshake_threads_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn_comes_back_with_its_result),
        cmocka_unit_test(each_queue_gets_its_own_turns_back),
        cmocka_unit_test(a_queue_has_room_for_as_many_turns_as_keep_the_threads_busy),
        cmocka_unit_test(they_yield_to_the_event_loops),
        cmocka_unit_test(end_without_having_begun),
    };
    return cmocka_run_group_tests(tests, make_context, free_context);
}
