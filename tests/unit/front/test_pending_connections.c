/* core/front/pending_connections.c with addresses that are made up. */
#include "unit.h"

#include "base/address.h"
#include "front/pending_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define CONNECTIONS 200

static struct pending_connections connections;
static struct pending all[CONNECTIONS];

/* The `number`th pending, from 192.0.2.`last`; the numbers say who came first. */
static struct pending *come(size_t number, uint32_t last)
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
    pending_connections_init(&connections);
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
    (void)come(0, 1);
    struct pending *silent = come(1, 2);
    struct pending *second = come(2, 2);
    (void)come(3, 3);
    silent->tls.ssl = NULL;
    assert_ptr_equal(pending_connections_heaviest(&connections), second);
}

static void nobody_without_tls_is_heavy(void **state)
{
    (void)state;
    assert_null(pending_connections_heaviest(&connections));
    come(0, 1)->tls.ssl = NULL;
    assert_null(pending_connections_heaviest(&connections));
}

/* Else some addresses would have to go again and again, for as long as a server runs. */
static void addresses_with_as_many_go_by_age(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONNECTIONS; i++)
        (void)come(i, (uint32_t)i);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        assert_ptr_equal(pending_connections_heaviest(&connections), &all[i]);
        pending_connections_remove(&connections, &all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_heaviest_is_the_oldest_of_the_address_that_has_most,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_without_tls_is_heavy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_with_as_many_go_by_age, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
