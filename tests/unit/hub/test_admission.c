#include "hub/admission.h"

#include "hub/serving.h"

#define TWO_LOOPS "loops: 2\n"
#define ENDPOINT "endpoints: [{path: /ws}]\n"

static void all_clients_together_have_a_limit(void **state)
{
    (void)state;
    struct serving serving = serve("limits: {clients: 2}\nendpoints: [{path: /a}, {path: /b}]\n");
    assert_admission(&serving, "/a", 1, ADMISSION_GRANTED);
    assert_admission(&serving, "/b", 2, ADMISSION_GRANTED);
    assert_admission(&serving, "/a", 3, ADMISSION_TOTAL_FULL);
    assert_admission(&serving, "/b", 3, ADMISSION_TOTAL_FULL);
    give_back(&serving, "/b", 2);
    assert_admission(&serving, "/a", 3, ADMISSION_GRANTED);
    assert_admission(&serving, "/a", 4, ADMISSION_TOTAL_FULL);
    end_serving(&serving);
}

static void a_banned_address_takes_no_place(void **state)
{
    struct ban ban = {.until = BAN_FOR_GOOD};
    char text[BAN_FILE_TEXT_MAX];
    (void)state;
    struct serving serving = serve("limits: {clients: 1}\n" ENDPOINT);
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    give_back(&serving, "/ws", 1);
    assert_null(ban_read_address(&ban, "127.0.0.1", text));
    assert_int_equal(bans_set(&serving.hub->bans, &ban, text), OK);
    assert_admission(&serving, "/ws", 1, ADMISSION_BANNED);
    assert_admission(&serving, "/ws", 2, ADMISSION_GRANTED);
    end_serving(&serving);
}

static void each_endpoint_has_a_limit(void **state)
{
    (void)state;
    struct serving serving =
        serve("limits: {clients: 3}\nendpoints: [{path: /a, clients: {max: 1}}, {path: /b}]\n");
    assert_admission(&serving, "/a", 1, ADMISSION_GRANTED);
    assert_admission(&serving, "/a", 2, ADMISSION_ENDPOINT_FULL);
    assert_admission(&serving, "/b", 2, ADMISSION_GRANTED);
    assert_admission(&serving, "/b", 2, ADMISSION_GRANTED); /* A refusal kept no place. */
    assert_admission(&serving, "/b", 2, ADMISSION_TOTAL_FULL);
    give_back(&serving, "/a", 1);
    assert_admission(&serving, "/a", 2, ADMISSION_GRANTED);
    end_serving(&serving);
}

static void each_address_has_a_limit(void **state)
{
    (void)state;
    struct serving serving = serve("limits: {clients_per_address: 2}\n"
                                   "endpoints: [{path: /a, clients: {max: 2}}, {path: /b}]\n");
    assert_admission(&serving, "/a", 1, ADMISSION_GRANTED);
    assert_admission(&serving, "/b", 1, ADMISSION_GRANTED);
    assert_admission(&serving, "/a", 1, ADMISSION_ADDRESS_FULL);
    assert_admission(&serving, "/b", 1, ADMISSION_ADDRESS_FULL);
    assert_admission(&serving, "/a", 2, ADMISSION_GRANTED); /* A refusal kept no place. */
    give_back(&serving, "/b", 1);
    assert_admission(&serving, "/b", 1, ADMISSION_GRANTED);
    end_serving(&serving);
}

static void each_address_has_a_limit_for_each_endpoint(void **state)
{
    (void)state;
    struct serving serving =
        serve("limits: {clients_per_address: 2}\n"
              "endpoints: [{path: /a, clients: {per_address: 1}}, {path: /b}]\n");
    assert_admission(&serving, "/a", 1, ADMISSION_GRANTED);
    assert_admission(&serving, "/a", 1, ADMISSION_ADDRESS_FULL);
    assert_admission(&serving, "/a", 2, ADMISSION_GRANTED);
    assert_admission(&serving, "/b", 1, ADMISSION_GRANTED); /* A refusal kept no place. */
    assert_admission(&serving, "/b", 1, ADMISSION_ADDRESS_FULL);
    end_serving(&serving);
}

static void nobody_is_admitted_while_draining(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS ENDPOINT);
    hub_drain(serving.hub, NS_PER_S);
    assert_admission(&serving, "/ws", 1, ADMISSION_DRAINING);
    end_serving(&serving);
}

static void client_gives_its_place_back_when_it_leaves(void **state)
{
    (void)state;
    struct serving serving = serve("limits: {clients: 1}\n" ENDPOINT);
    for (int i = 0; i < 3; i++) {
        int client = join(serving.hub, "/ws");
        assert_admission(&serving, "/ws", 1, ADMISSION_TOTAL_FULL);
        leave(client);
        while (atomic_load(&serving.hub->admitted) > 0)
            poll(NULL, 0, 1);
    }
    end_serving(&serving);
}

static uint32_t load_of(const struct serving *serving, unsigned loop)
{
    return atomic_load(&serving->hub->set.shards[loop].load);
}

static void newcomers_are_spread_evenly(void **state)
{
    enum { LOOPS = 4, EACH = 8 };
    int joined[LOOPS * EACH];
    (void)state;
    struct serving serving = serve("loops: 4\n" ENDPOINT);
    for (int i = 0; i < LOOPS * EACH; i++)
        joined[i] = join(serving.hub, "/ws");
    for (unsigned i = 0; i < LOOPS; i++)
        assert_int_equal(load_of(&serving, i), EACH);
    for (int i = 0; i < LOOPS * EACH; i++)
        close(joined[i]);
    end_serving(&serving);
}

static void a_loop_that_does_not_go_on_gets_no_newcomers_and_catches_up_later(void **state)
{
    enum { CLIENTS = 6 };
    int joined[2 * CLIENTS];
    (void)state;
    struct serving serving = serve(TWO_LOOPS ENDPOINT);
    struct shard *stuck = &serving.hub->set.shards[0];
    atomic_store(&stuck->is_stuck, true); /* as the watchdog says */
    for (int i = 0; i < CLIENTS; i++)
        joined[i] = join(serving.hub, "/ws");
    assert_int_equal(load_of(&serving, 0), 0);
    assert_int_equal(load_of(&serving, 1), CLIENTS);
    atomic_store(&serving.hub->set.shards[1].is_stuck, true);
    assert_admission(&serving, "/ws", 1, ADMISSION_STUCK);
    atomic_store(&serving.hub->set.shards[1].is_stuck, false);
    atomic_store(&stuck->is_stuck, false);
    for (int i = CLIENTS; i < 2 * CLIENTS; i++)
        joined[i] = join(serving.hub, "/ws");
    assert_int_equal(load_of(&serving, 0), CLIENTS);
    for (int i = 0; i < 2 * CLIENTS; i++)
        close(joined[i]);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_clients_together_have_a_limit),
        cmocka_unit_test(a_banned_address_takes_no_place),
        cmocka_unit_test(each_endpoint_has_a_limit),
        cmocka_unit_test(each_address_has_a_limit),
        cmocka_unit_test(each_address_has_a_limit_for_each_endpoint),
        cmocka_unit_test(nobody_is_admitted_while_draining),
        cmocka_unit_test(client_gives_its_place_back_when_it_leaves),
        cmocka_unit_test(newcomers_are_spread_evenly),
        cmocka_unit_test(a_loop_that_does_not_go_on_gets_no_newcomers_and_catches_up_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
