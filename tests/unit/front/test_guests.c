/* core/front/guests.c with guests of addresses that are made up. */
#include "unit.h"

#include "base/address.h"
#include "front/guests.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define GUESTS 200

static struct guests guests;
static struct guest all[GUESTS];

/* The `number`th guest, from 192.0.2.`last`; the numbers say who came first. */
static struct guest *come(size_t number, uint32_t last)
{
    struct guest *guest = &all[number];
    struct sockaddr_in *peer = (struct sockaddr_in *)&guest->peer;
    *guest = (struct guest){.deadline = (int64_t)number + 1, .peer_len = sizeof *peer};
    *peer = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(UINT32_C(0xc0000200) + last)};
    /* Only looked at for being there. */
    guest->tls.ssl = (SSL *)(void *)guest;
    assert_int_equal(guests_add(&guests, guest), OK);
    return guest;
}

static int set_up(void **state)
{
    (void)state;
    guests_init(&guests);
    return 0;
}

static int tear_down(void **state)
{
    struct guest *guest;
    (void)state;
    while ((guest = guests_oldest(&guests)) != NULL)
        guests_remove(&guests, guest);
    guests_deinit(&guests);
    return 0;
}

static void the_heaviest_is_the_oldest_of_the_address_that_has_most(void **state)
{
    (void)state;
    (void)come(0, 1);
    struct guest *silent = come(1, 2);
    struct guest *second = come(2, 2);
    (void)come(3, 3);
    silent->tls.ssl = NULL;
    assert_ptr_equal(guests_heaviest(&guests), second);
}

static void nobody_without_tls_is_heavy(void **state)
{
    (void)state;
    assert_null(guests_heaviest(&guests));
    come(0, 1)->tls.ssl = NULL;
    assert_null(guests_heaviest(&guests));
}

/* Else some addresses would have to go again and again, for as long as a server runs. */
static void addresses_with_as_many_go_by_age(void **state)
{
    (void)state;
    for (size_t i = 0; i < GUESTS; i++)
        (void)come(i, (uint32_t)i);
    for (size_t i = 0; i < GUESTS; i++) {
        assert_ptr_equal(guests_heaviest(&guests), &all[i]);
        guests_remove(&guests, &all[i]);
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
