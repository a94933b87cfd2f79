/* core/front/pending_connections.c with addresses that are made up. */
#include "unit.h"

#include "front/pending_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define CONNECTIONS 200

static struct pending_connections connections;
static struct pending all[CONNECTIONS];

/* Adds connection `number` from 192.0.2.`last`; connections are added in the order of numbers. */
static struct pending *add_from(size_t number, uint32_t last)
{
    struct pending *pending = &all[number];
    struct sockaddr_in *peer = (struct sockaddr_in *)&pending->peer;
    *pending = (struct pending){.deadline = (int64_t)number + 1, .peer_len = sizeof *peer};
    *peer = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(UINT32_C(0xc0000200) + last)};
    /* Only looked at for being there. */
    pending->tls.ssl = (SSL *)(void *)pending;
    assert_int_equal(pending_connections_add(&connections, pending), OK);
    return pending;
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(pending_connections_init(&connections), OK);
    return 0;
}

static int tear_down(void **state)
{
    struct pending *pending;
    (void)state;
    while ((pending = pending_connections_oldest(&connections)) != NULL)
        pending_connections_remove(&connections, pending);
    pending_connections_deinit(&connections);
    return 0;
}

static void the_heaviest_is_the_oldest_of_the_address_that_has_most(void **state)
{
    (void)state;
    (void)add_from(0, 1);
    struct pending *silent = add_from(1, 2);
    struct pending *second = add_from(2, 2);
    (void)add_from(3, 3);
    silent->tls.ssl = NULL;
    assert_ptr_equal(pending_connections_heaviest(&connections), second);
}

static void connections_that_a_handshake_thread_has_are_passed_over(void **state)
{
    size_t count;
    (void)state;
    struct pending *first = add_from(0, 1);
    struct pending *second = add_from(1, 1);
    first->is_in_turn = true;
    assert_ptr_equal(pending_connections_oldest(&connections), second);
    assert_ptr_equal(pending_connections_oldest_like(&connections, first, &count), second);
    assert_int_equal(count, 2);
    assert_ptr_equal(pending_connections_heaviest(&connections), second);
    second->is_in_turn = true;
    assert_null(pending_connections_oldest(&connections));
    assert_null(pending_connections_oldest_like(&connections, first, &count));
    assert_int_equal(count, 2);
    assert_null(pending_connections_heaviest(&connections));
    first->is_in_turn = second->is_in_turn = false; /* So that they are removed. */
}

static void connections_without_tls_are_not_heavy(void **state)
{
    (void)state;
    assert_null(pending_connections_heaviest(&connections));
    add_from(0, 1)->tls.ssl = NULL;
    assert_null(pending_connections_heaviest(&connections));
}

/* Else some addresses would have to go again and again, for as long as a server runs. */
static void addresses_with_as_many_go_by_age(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTIONS; i++)
        (void)add_from(i, (uint32_t)i);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        assert_ptr_equal(pending_connections_heaviest(&connections), &all[i]);
        pending_connections_remove(&connections, &all[i]);
    }
}

/* As add_from, from an IPv6 address. */
static struct pending *add_from_ipv6(size_t number, const char *address)
{
    struct pending *pending = &all[number];
    struct sockaddr_in6 *peer = (struct sockaddr_in6 *)&pending->peer;
    *pending = (struct pending){.peer_len = sizeof *peer};
    *peer = (struct sockaddr_in6){.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, address, &peer->sin6_addr), 1);
    assert_int_equal(pending_connections_add(&connections, pending), OK);
    return pending;
}

static void addresses_of_one_ipv6_network_are_one(void **state)
{
    size_t count;
    (void)state;
    struct pending *oldest = add_from_ipv6(0, "2001:db8::1");
    struct pending *same = add_from_ipv6(1, "2001:db8::ffff:ffff:ffff:ffff");
    struct pending *other = add_from_ipv6(2, "2001:db8:0:1::1");
    assert_ptr_equal(pending_connections_oldest_like(&connections, same, &count), oldest);
    assert_int_equal(count, 2);
    assert_ptr_equal(pending_connections_oldest_like(&connections, other, &count), other);
    assert_int_equal(count, 1);
}

static void a_trusted_proxys_connection_counts_when_its_address_is_known(void **state)
{
    size_t count;
    struct pending *pending = &all[0];
    struct sockaddr_in *peer = (struct sockaddr_in *)&pending->peer;
    (void)state;
    *pending = (struct pending){.is_trusted = true, .peer_len = sizeof *peer};
    peer->sin_family = AF_INET;
    assert_int_equal(pending_connections_add(&connections, pending), OK);
    assert_int_equal(connections.count, 1);
    assert_null(pending_connections_oldest_like(&connections, pending, &count));
    assert_int_equal(count, 0);
    peer->sin_addr.s_addr = htonl(UINT32_C(0xc0000207));
    assert_int_equal(pending_connections_count_at_address(&connections, pending), OK);
    assert_ptr_equal(pending_connections_oldest_like(&connections, pending, &count), pending);
    assert_int_equal(count, 1);
}

static void removing_leaves_the_others_in_their_order(void **state)
{
    (void)state;
    struct pending *first = add_from(0, 1);
    struct pending *second = add_from(1, 1);
    pending_connections_remove(&connections, first);
    pending_connections_remove(&connections, first); /* does nothing */
    assert_ptr_equal(pending_connections_oldest(&connections), second);
    assert_int_equal(connections.count, 1);
    pending_connections_remove(&connections, second);
    assert_null(pending_connections_oldest(&connections));
    assert_int_equal(connections.count, 0);
}

/* An address cannot regain its rate by closing its connections. */
static void an_address_without_connections_is_remembered_while_its_rate_is_used_up(void **state)
{
    (void)state;
    struct pending *pending = add_from(0, 1);
    pending->address->paid_until = INT64_MAX;
    pending_connections_remove(&connections, pending);
    assert_int_equal(connections.idle_count, 1);
    pending = add_from(0, 1);
    assert_true(pending->address->paid_until == INT64_MAX);
    assert_int_equal(connections.idle_count, 0);
    pending->address->paid_until = 0;
    pending_connections_remove(&connections, pending);
    assert_int_equal(connections.idle_count, 0); /* forgotten */
}

int main(void)
{
#define WITH_CONNECTIONS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CONNECTIONS(the_heaviest_is_the_oldest_of_the_address_that_has_most),
        WITH_CONNECTIONS(connections_that_a_handshake_thread_has_are_passed_over),
        WITH_CONNECTIONS(connections_without_tls_are_not_heavy),
        WITH_CONNECTIONS(addresses_with_as_many_go_by_age),
        WITH_CONNECTIONS(addresses_of_one_ipv6_network_are_one),
        WITH_CONNECTIONS(a_trusted_proxys_connection_counts_when_its_address_is_known),
        WITH_CONNECTIONS(removing_leaves_the_others_in_their_order),
        WITH_CONNECTIONS(an_address_without_connections_is_remembered_while_its_rate_is_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
