/* core/front/handshake_schedule.c with addresses that are made up. */
#include "unit.h"

#include "base/clock.h"
#include "front/handshake_schedule.h"

#include <string.h>

#define RATE 10 /* handshakes a second */
#define INTERVAL (NS_PER_S / RATE)
#define BURST ((size_t)HANDSHAKE_SCHEDULE_BURST * RATE)
#define CONNECTIONS 300

static struct pending connections[CONNECTIONS];

static void init_address(struct pending_address *address)
{
    *address = (struct pending_address){.count = 0};
    TAILQ_INIT(&address->begun);
    TAILQ_INIT(&address->not_begun);
}

/* Adds `count` connections of an address that have nothing begun, from `first` on. */
static void add_connections(struct handshake_schedule *schedule, struct pending_address *address,
                            size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        connections[i] = (struct pending){.address = address};
        handshake_schedule_add(schedule, &connections[i]);
    }
}

/* Takes all that may have a turn now; each begins its handshake. */
static size_t take_all(struct handshake_schedule *schedule, int64_t now)
{
    struct pending *pending;
    size_t count = 0;
    while ((pending = handshake_schedule_take(schedule, now, INTERVAL)) != NULL) {
        (void)handshake_schedule_charge(schedule, pending, now, INTERVAL);
        count++;
    }
    return count;
}

static void addresses_take_turns_however_many_connections_they_have(void **state)
{
    struct handshake_schedule schedule;
    struct pending_address many, one;
    (void)state;
    handshake_schedule_init(&schedule);
    init_address(&many);
    init_address(&one);
    add_connections(&schedule, &many, 0, 100);
    add_connections(&schedule, &one, 100, 1);
    assert_ptr_equal(handshake_schedule_take(&schedule, 0, 0), &connections[0]);
    assert_ptr_equal(handshake_schedule_take(&schedule, 0, 0), &connections[100]);
    assert_ptr_equal(handshake_schedule_take(&schedule, 0, 0), &connections[1]);
}

static void an_address_over_its_rate_waits_and_others_do_not(void **state)
{
    struct handshake_schedule schedule;
    struct pending_address fast, other;
    (void)state;
    handshake_schedule_init(&schedule);
    init_address(&fast);
    init_address(&other);
    add_connections(&schedule, &fast, 0, 200);
    assert_int_equal(take_all(&schedule, 0), BURST);
    add_connections(&schedule, &other, 200, 1);
    assert_int_equal(take_all(&schedule, 0), 1);
    assert_int_equal(handshake_schedule_next(&schedule, 0, INTERVAL), INTERVAL);
    assert_int_equal(take_all(&schedule, INTERVAL - 1), 0);
    assert_int_equal(take_all(&schedule, INTERVAL), 1);
    assert_int_equal(take_all(&schedule, INTERVAL + NS_PER_S), RATE);
}

static void begun_handshakes_go_on_over_the_rate(void **state)
{
    struct handshake_schedule schedule;
    struct pending_address address;
    SSL *some = (SSL *)&schedule; /* not looked into */
    (void)state;
    handshake_schedule_init(&schedule);
    init_address(&address);
    add_connections(&schedule, &address, 0, 200);
    assert_int_equal(take_all(&schedule, 0), BURST);
    connections[250] = (struct pending){.address = &address, .tls.ssl = some};
    handshake_schedule_add(&schedule, &connections[250]);
    assert_ptr_equal(handshake_schedule_take(&schedule, 0, INTERVAL), &connections[250]);
    assert_null(handshake_schedule_take(&schedule, 0, INTERVAL));
}

static void connections_without_an_address_have_no_rate(void **state)
{
    struct handshake_schedule schedule;
    (void)state;
    handshake_schedule_init(&schedule);
    add_connections(&schedule, NULL, 0, CONNECTIONS);
    assert_int_equal(take_all(&schedule, 0), CONNECTIONS);
}

static void a_removed_connection_gets_no_turn(void **state)
{
    struct handshake_schedule schedule;
    struct pending_address address;
    (void)state;
    handshake_schedule_init(&schedule);
    init_address(&address);
    add_connections(&schedule, &address, 0, 2);
    handshake_schedule_remove(&schedule, &connections[0]);
    handshake_schedule_remove(&schedule, &connections[0]);
    assert_ptr_equal(handshake_schedule_take(&schedule, 0, INTERVAL), &connections[1]);
    assert_false(address.is_scheduled);
    assert_int_equal(handshake_schedule_next(&schedule, 0, INTERVAL), INT64_MAX);
    assert_int_equal(handshake_schedule_next(&schedule, 0, 0), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_take_turns_however_many_connections_they_have),
        cmocka_unit_test(an_address_over_its_rate_waits_and_others_do_not),
        cmocka_unit_test(begun_handshakes_go_on_over_the_rate),
        cmocka_unit_test(connections_without_an_address_have_no_rate),
        cmocka_unit_test(a_removed_connection_gets_no_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
