/* core/front/turns.c with addresses that are made up. */
#include "unit.h"

#include "base/clock.h"
#include "front/turns.h"

#include <string.h>

#define RATE 10 /* handshakes a second */
#define INTERVAL (NS_PER_S / RATE)
#define BURST ((size_t)TURNS_BURST * RATE)
#define GUESTS 300

static struct guest guests[GUESTS];

static void make_origin(struct origin *origin)
{
    *origin = (struct origin){.count = 0};
    TAILQ_INIT(&origin->begun);
    TAILQ_INIT(&origin->fresh);
}

/* Adds `count` guests of an address that have nothing begun, from `first` on. */
static void add(struct turns *turns, struct origin *origin, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        guests[i] = (struct guest){.origin = origin};
        turns_add(turns, &guests[i]);
    }
}

/* Takes all that may have a turn now; each begins its handshake. */
static size_t take_all(struct turns *turns, int64_t now)
{
    struct guest *guest;
    size_t count = 0;
    while ((guest = turns_take(turns, now, INTERVAL)) != NULL) {
        (void)turns_charge(turns, guest, now, INTERVAL);
        count++;
    }
    return count;
}

static void addresses_take_turns_however_many_guests_they_have(void **state)
{
    struct turns turns;
    struct origin many, one;
    (void)state;
    turns_init(&turns);
    make_origin(&many);
    make_origin(&one);
    add(&turns, &many, 0, 100);
    add(&turns, &one, 100, 1);
    assert_ptr_equal(turns_take(&turns, 0, 0), &guests[0]);
    assert_ptr_equal(turns_take(&turns, 0, 0), &guests[100]);
    assert_ptr_equal(turns_take(&turns, 0, 0), &guests[1]);
}

static void an_address_over_its_rate_waits_and_others_do_not(void **state)
{
    struct turns turns;
    struct origin fast, other;
    (void)state;
    turns_init(&turns);
    make_origin(&fast);
    make_origin(&other);
    add(&turns, &fast, 0, 200);
    assert_int_equal(take_all(&turns, 0), BURST);
    add(&turns, &other, 200, 1);
    assert_int_equal(take_all(&turns, 0), 1);
    assert_int_equal(turns_next(&turns, 0, INTERVAL), INTERVAL);
    assert_int_equal(take_all(&turns, INTERVAL - 1), 0);
    assert_int_equal(take_all(&turns, INTERVAL), 1);
    assert_int_equal(take_all(&turns, INTERVAL + NS_PER_S), RATE);
}

static void what_has_begun_goes_on_over_the_rate(void **state)
{
    struct turns turns;
    struct origin origin;
    SSL *some = (SSL *)&turns; /* not looked into */
    (void)state;
    turns_init(&turns);
    make_origin(&origin);
    add(&turns, &origin, 0, 200);
    assert_int_equal(take_all(&turns, 0), BURST);
    guests[250] = (struct guest){.origin = &origin, .tls.ssl = some};
    turns_add(&turns, &guests[250]);
    assert_ptr_equal(turns_take(&turns, 0, INTERVAL), &guests[250]);
    assert_null(turns_take(&turns, 0, INTERVAL));
}

static void guests_without_an_address_have_no_rate(void **state)
{
    struct turns turns;
    (void)state;
    turns_init(&turns);
    add(&turns, NULL, 0, GUESTS);
    assert_int_equal(take_all(&turns, 0), GUESTS);
}

static void who_is_removed_gets_no_turn(void **state)
{
    struct turns turns;
    struct origin origin;
    (void)state;
    turns_init(&turns);
    make_origin(&origin);
    add(&turns, &origin, 0, 2);
    turns_remove(&turns, &guests[0]);
    turns_remove(&turns, &guests[0]);
    assert_ptr_equal(turns_take(&turns, 0, INTERVAL), &guests[1]);
    assert_false(origin.is_listed);
    assert_int_equal(turns_next(&turns, 0, INTERVAL), INT64_MAX);
    assert_int_equal(turns_next(&turns, 0, 0), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_take_turns_however_many_guests_they_have),
        cmocka_unit_test(an_address_over_its_rate_waits_and_others_do_not),
        cmocka_unit_test(what_has_begun_goes_on_over_the_rate),
        cmocka_unit_test(guests_without_an_address_have_no_rate),
        cmocka_unit_test(who_is_removed_gets_no_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
