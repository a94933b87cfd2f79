#include "client/lifetime.h"

#include "client/certificate.h"
#include "client/remotes.h"
#include "failing_memory.h"

#include <openssl/ssl.h>

static SSL_CTX *context;

static int set_up(void **state)
{
    context = SSL_CTX_new(TLS_server_method());
    return clients_set_up_one(state);
}

static int tear_down(void **state)
{
    clients_tear_down(state);
    SSL_CTX_free(context);
    return 0;
}

#define watch_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* A client with a TLS state that notes when its certificate ends; its bytes stay plain. */
static void show_certificate(struct client *client, int64_t end)
{
    client->receiver.tls = SSL_new(context);
    assert_non_null(client->receiver.tls);
    assert_int_equal(tls_stream_attach(client->receiver.tls, client->receiver.socket, 1000, 10),
                     OK);
    certificate_note_end(client->receiver.tls, end);
}

static void be_plain_again(struct client *client)
{
    SSL_free(client->receiver.tls);
    client->receiver.tls = NULL;
}

static struct remote join_with_certificate(int64_t end)
{
    struct remote remote = remote_join(0);
    show_certificate(remote.client, end);
    assert_int_equal(lifetime_start(remote.client), OK);
    be_plain_again(remote.client);
    return remote;
}

static void a_client_whose_certificate_has_ended_is_closed(void **state)
{
    struct remote remote = join_with_certificate(clock_wall());
    (void)state;
    clients_pass(0);
    remote_expect_close(&remote, CLOSE_UNAUTHORIZED, "certificate expired");
    assert_int_equal(clients_closes(CLOSE_UNAUTHORIZED), 1);
    close(remote.socket);
}

/* The wall clock may be set at any moment, which nobody is told of. */
static void a_certificate_that_is_good_for_long_is_looked_at_each_minute(void **state)
{
    struct remote remote = join_with_certificate(clock_wall() + 3600 * NS_PER_S);
    const struct timer *timer = (const struct timer *)remote.client->lifetime;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(timer_is_running(timer));
        assert_int_equal(timer->deadline, clients_loop(0)->now + 60 * NS_PER_S);
        clients_pass(60 * NS_PER_S);
        remote_expect_nothing(&remote);
    }
    close(remote.socket);
}

static void one_that_ends_soon_is_looked_at_then(void **state)
{
    struct remote remote = join_with_certificate(clock_wall() + 30 * NS_PER_S);
    const struct timer *timer = (const struct timer *)remote.client->lifetime;
    (void)state;
    assert_in_range(timer->deadline - clients_loop(0)->now, 20 * NS_PER_S, 30 * NS_PER_S);
    close(remote.socket);
}

static void a_client_without_a_certificate_is_not_watched(void **state)
{
    struct remote plain = remote_join(0), other = remote_join(0);
    (void)state;
    assert_null(plain.client->lifetime);
    show_certificate(other.client, CERTIFICATE_WITHOUT_END);
    assert_int_equal(lifetime_start(other.client), OK);
    assert_null(other.client->lifetime);
    be_plain_again(other.client);
    close(plain.socket);
    close(other.socket);
}

static void a_client_that_is_closing_is_not_closed_again(void **state)
{
    struct remote remote = join_with_certificate(clock_wall());
    (void)state;
    client_close(remote.client, 4000, "first", 5);
    clients_pass(0);
    remote_expect_close(&remote, 4000, "first");
    remote_expect_nothing(&remote);
    close(remote.socket);
}

static void without_memory_it_says_so(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    show_certificate(remote.client, clock_wall());
    fail_allocation(1);
    assert_int_equal(lifetime_start(remote.client), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    assert_null(remote.client->lifetime);
    lifetime_destroy(NULL);
    be_plain_again(remote.client);
    close(remote.socket);
}

/* -- age -- */

#define AGE (100 * NS_PER_S)

static struct remote join_with_age(int64_t age)
{
    clients.how.clients_max_age = age;
    clients_set_up();
    return remote_join(0);
}

static void a_client_that_has_reached_its_age_is_closed(void **state)
{
    struct remote remote = join_with_age(AGE);
    (void)state;
    assert_non_null(remote.client->lifetime);
    clients_pass(AGE / 10 * 9 - NS_PER_S);
    remote_expect_nothing(&remote);
    clients_pass(AGE / 10 + NS_PER_S);
    remote_expect_close(&remote, CLOSE_GOING_AWAY, "maximum age reached; reconnect");
    close(remote.socket);
}

static void ages_differ_by_up_to_a_tenth(void **state)
{
    enum { COUNT = 50 };
    struct remote remotes[COUNT];
    int64_t first = INT64_MAX, last = 0;
    (void)state;
    clients.how.clients_max_age = AGE;
    clients_set_up();
    for (unsigned i = 0; i < COUNT; i++) {
        remotes[i] = remote_join(0);
        int64_t end =
            ((const struct timer *)remotes[i].client->lifetime)->deadline - clients_loop(0)->now;
        assert_in_range(end, AGE / 10 * 9, AGE);
        first = end < first ? end : first;
        last = end > last ? end : last;
    }
    assert_true(last - first > AGE / 20);
    for (unsigned i = 0; i < COUNT; i++)
        close(remotes[i].socket);
}

/* Reloads the endpoint with another age, and brings the client to it. */
static void change_age(struct client *client, int64_t age)
{
    clients.how.clients_max_age = age;
    clients_set_up();
    current_loop = clients_loop(0);
    client_catch_up_with_reload(client);
    current_loop = NULL;
}

static void a_reload_changes_the_age(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    assert_null(remote.client->lifetime);
    change_age(remote.client, AGE);
    assert_non_null(remote.client->lifetime);
    change_age(remote.client, 0);
    clients_pass(2 * AGE);
    remote_expect_nothing(&remote);
    change_age(remote.client, AGE); /* From now on. */
    clients_pass(AGE / 2);
    remote_expect_nothing(&remote);
    change_age(remote.client, AGE / 4);
    clients_pass(0);
    remote_expect_close(&remote, CLOSE_GOING_AWAY, "maximum age reached; reconnect");
    close(remote.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        watch_test(a_client_whose_certificate_has_ended_is_closed),
        watch_test(a_certificate_that_is_good_for_long_is_looked_at_each_minute),
        watch_test(one_that_ends_soon_is_looked_at_then),
        watch_test(a_client_without_a_certificate_is_not_watched),
        watch_test(a_client_that_is_closing_is_not_closed_again),
        watch_test(without_memory_it_says_so),
        clients_test(a_client_that_has_reached_its_age_is_closed),
        clients_test(ages_differ_by_up_to_a_tenth),
        clients_test(a_reload_changes_the_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
