/* core/front/civetweb_context.c: which requests the handler gets, from where, and what is counted.
 */
#include "front/certificates.h"
#include "front/http_fixture.h"

#include "front/response.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <time.h>

static struct http_fixture fixture;
static struct trust trust;
static char answer[8192];
static char asked_from[ADDRESS_TEXT_MAX]; /* written by a worker, read when it has answered */
static char asked_path[64];

static int answer_request(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    assert_ptr_equal(context, &fixture);
    address_text(from, asked_from);
    snprintf(asked_path, sizeof asked_path, "%s", mg_get_request_info(conn)->request_uri);
    return response_send_text(conn, 404, "Handled.", NULL);
}

static int answer_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    return response_send_text(conn, status, sentence, NULL);
}

static int start_fixture(void **state)
{
    (void)state;
    trust_init(&trust);
    start_http(&fixture, (struct request_handler){answer_request, answer_unreadable, &fixture});
    fixture.civetweb.trust = &trust;
    return 0;
}

static int stop_fixture(void **state)
{
    (void)state;
    stop_http(&fixture);
    trust_deinit(&trust);
    return 0;
}

static unsigned
    refusals; /* answers with a status of 4xx so far; each is counted after it is read */

static int ask(const char *request)
{
    asked_from[0] = asked_path[0] = '\0';
    int status = exchange(fixture.address.port, request, answer, sizeof answer);
    refusals += status / 100 == 4;
    return status;
}

static void the_handler_gets_the_request_and_the_peers_address(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"), 404);
    assert_string_equal(body_of(answer), "Handled.\n");
    assert_string_equal(asked_path, "/a");
    assert_string_equal(asked_from, "127.0.0.1"); /* which is no trusted proxy */
}

static void a_trusted_proxy_says_where_a_request_comes_from(void **state)
{
    char *texts[] = {"127.0.0.1"};
    struct trusted_proxies *proxies;
    (void)state;
    assert_int_equal(trusted_proxies_create(texts, 1, &proxies), OK);
    trust_change(&trust, proxies);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n"
                         "X-Forwarded-For: 192.0.2.2\r\n\r\n"),
                     404);
    assert_string_equal(asked_from, "192.0.2.2");
    trust_change(&trust, NULL);
}

static void options_of_the_server_is_answered_here(void **state)
{
    (void)state;
    assert_int_equal(ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_string_equal(asked_path, "");
}

static void an_unreadable_request_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
        {"nonsense\r\n\r\n", 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ask(cases[i].request), cases[i].status);
        assert_string_equal(asked_path, "");
        assert_true(strlen(body_of(answer)) > 10);
    }
}

static void responses_are_counted_by_the_hundreds_of_their_status(void **state)
{
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    assert_int_equal(ask("nonsense\r\n\r\n"), 400);
    int64_t deadline = clock_monotonic() + HTTP_PATIENCE * NS_PER_S;
    while (atomic_load(&fixture.civetweb.responses[4]) < refusals && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_int_equal(atomic_load(&fixture.civetweb.responses[4]), refusals);
}

static void a_start_that_fails_says_why(void **state)
{
    struct config config = {.front_request_timeout = NS_PER_S, .front_max_header = 4096};
    struct civetweb_context second = {.handler = fixture.civetweb.handler, .workers = 1};
    struct bind_address taken = fixture.address;
    (void)state;
    assert_int_equal(civetweb_context_start(&second, &config, &taken), ERR_SYSTEM);
    assert_true(strlen(second.failure) > 0);
    civetweb_context_stop(&second);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 404); /* of the first one */
}

/* -- a stop while requests wait for a worker -- */

static sem_t entered, release; /* by the only worker */

static int hold_worker(const void *context, struct mg_connection *conn, const struct address *from)
{
    (void)context, (void)from;
    sem_post(&entered);
    while (sem_wait(&release) != 0)
        continue;
    return response_send_text(conn, 404, "Handled.", NULL);
}

static void await(sem_t *semaphore)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HTTP_PATIENCE;
    assert_int_equal(sem_timedwait(semaphore, &until), 0);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void await_pending(struct civetweb_context *civetweb, size_t count)
{
    int64_t deadline = clock_monotonic() + HTTP_PATIENCE * NS_PER_S;
    while (atomic_load(&civetweb->accept_stats.pending) != count) {
        assert_true(clock_monotonic() < deadline);
        poll(NULL, 0, 1);
    }
}

static void await_descriptors(size_t count)
{
    int64_t deadline = clock_monotonic() + HTTP_PATIENCE * NS_PER_S;
    while (count_descriptors() != count) {
        assert_true(clock_monotonic() < deadline);
        poll(NULL, 0, 1);
    }
}

/* Sends requests, which are taken from the accept queue and wait for the worker when it returns. */
static void queue_requests(struct civetweb_context *civetweb, unsigned port, int *clients,
                           size_t count)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t before = count_descriptors();
    for (size_t i = 0; i < count; i++) {
        clients[i] = connect_to_port(port);
        assert_int_equal(send(clients[i], request, sizeof request - 1, MSG_NOSIGNAL),
                         sizeof request - 1);
    }
    await_descriptors(before + 2 * count);
    await_pending(civetweb, 0);
    /* One more is accepted only when all that were ready are taken. */
    int last = connect_to_port(port);
    await_pending(civetweb, 1);
    close(last);
    await_descriptors(before + 2 * count);
}

static void await_closed_port(const struct bind_address *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    int64_t deadline = clock_monotonic() + HTTP_PATIENCE * NS_PER_S;
    int error;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    do {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        error = connect(client, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
        close(client);
        assert_true(clock_monotonic() < deadline);
    } while (error == 0 && poll(NULL, 0, 1) == 0);
    assert_int_equal(error, ECONNREFUSED);
}

static void *stop_civetweb(void *civetweb)
{
    civetweb_context_stop(civetweb);
    return NULL;
}

static int use_library(void **state)
{
    (void)state;
    mg_init_library(MG_FEATURES_IPV6 | MG_FEATURES_TLS);
    return 0;
}

static int leave_library(void **state)
{
    (void)state;
    mg_exit_library();
    return 0;
}

static void a_stop_closes_connections_that_wait_for_a_worker(void **state)
{
    enum { WAITING = 3 };
    struct http_fixture held;
    int clients[1 + WAITING];
    pthread_t stopper;
    (void)state;
    sem_init(&entered, 0, 0);
    sem_init(&release, 0, 0);
    size_t before = count_descriptors();
    start_http_with(&held, (struct request_handler){hold_worker, answer_unreadable, NULL}, 1);
    queue_requests(&held.civetweb, held.address.port, clients, 1);
    await(&entered);
    queue_requests(&held.civetweb, held.address.port, clients + 1, WAITING);
    assert_int_equal(pthread_create(&stopper, NULL, stop_civetweb, &held.civetweb), 0);
    await_closed_port(&held.address);
    sem_post(&release);
    assert_true(recv(clients[0], answer, sizeof answer, MSG_WAITALL) >= 0);
    for (size_t i = 1; i <= WAITING; i++)
        assert_int_equal(recv(clients[i], answer, sizeof answer, MSG_WAITALL), 0);
    pthread_join(stopper, NULL);
    for (size_t i = 0; i <= WAITING; i++)
        close(clients[i]);
    assert_int_equal(count_descriptors(), before);
}

/* -- a worker without memory -- */

SSL *__real_SSL_new(SSL_CTX *context);
SSL *__wrap_SSL_new(SSL_CTX *context);

static atomic_uint fails_after; /* SSL_new fails once, after so many that do not; 0: never */

SSL *__wrap_SSL_new(SSL_CTX *context)
{
    unsigned left = atomic_load(&fails_after);
    if (left == 0)
        return __real_SSL_new(context);
    atomic_store(&fails_after, left - 1);
    return left == 1 ? NULL : __real_SSL_new(context);
}

/* Sends a request over TLS. Returns how many bytes of an answer there are. */
static int ask_over_tls(SSL_CTX *context, unsigned port)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    int socket = connect_to_port(port);
    SSL *ssl = __real_SSL_new(context);
    assert_non_null(ssl);
    assert_int_equal(SSL_set_fd(ssl, socket), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    assert_int_equal(SSL_write(ssl, request, sizeof request - 1), sizeof request - 1);
    int len = SSL_read(ssl, answer, sizeof answer);
    SSL_free(ssl);
    close(socket);
    return len;
}

/* The number of the connection's socket is another file's afterwards, which the stop must leave
 * open. */
static void a_worker_without_memory_for_tls_closes_the_connection_and_forgets_it(void **state)
{
    enum { OTHERS = 20 };
    struct http_fixture secure = {
        .civetweb = {.handler = {answer_request, answer_unreadable, &fixture}, .workers = 1}};
    struct config config = {.front_request_timeout = HTTP_PATIENCE * NS_PER_S,
                            .front_max_header = 4096};
    struct test_certificate certificate = make_certificate("localhost", -HOUR, HOUR, NULL);
    SSL_CTX *client = context_with(TLS_client_method(), NULL);
    struct handshakes handshakes = {0};
    int others[OTHERS];
    (void)state;
    handshakes_configure(&handshakes, SIZE_MAX, 0);
    secure.civetweb.tls = context_with(TLS_server_method(), &certificate);
    secure.civetweb.handshakes = &handshakes;
    assert_int_equal(bind_address_parse(&secure.address, "127.0.0.1:0", true), OK);
    assert_int_equal(civetweb_context_start(&secure.civetweb, &config, &secure.address), OK);
    size_t before = count_descriptors();
    assert_true(ask_over_tls(client, secure.address.port) > 0);
    atomic_store(&fails_after, 2); /* the accept queue's, and then the worker's */
    assert_true(ask_over_tls(client, secure.address.port) <= 0);
    assert_int_equal(atomic_load(&fails_after), 0);
    await_descriptors(before);
    for (size_t i = 0; i < OTHERS; i++)
        others[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    civetweb_context_stop(&secure.civetweb);
    for (size_t i = 0; i < OTHERS; i++)
        assert_int_equal(close(others[i]), 0);
    SSL_CTX_free(client);
    free_certificate(&certificate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handler_gets_the_request_and_the_peers_address),
        cmocka_unit_test(a_trusted_proxy_says_where_a_request_comes_from),
        cmocka_unit_test(options_of_the_server_is_answered_here),
        cmocka_unit_test(an_unreadable_request_is_refused_with_a_sentence),
        cmocka_unit_test(responses_are_counted_by_the_hundreds_of_their_status),
        cmocka_unit_test(a_start_that_fails_says_why),
    };
    const struct CMUnitTest stop_tests[] = {
        cmocka_unit_test(a_stop_closes_connections_that_wait_for_a_worker),
        cmocka_unit_test(a_worker_without_memory_for_tls_closes_the_connection_and_forgets_it),
    };
    int failed = cmocka_run_group_tests(tests, start_fixture, stop_fixture);
    return failed + cmocka_run_group_tests(stop_tests, use_library, leave_library);
}
