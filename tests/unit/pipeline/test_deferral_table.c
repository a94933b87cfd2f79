#include "pipeline/deferral_table.h"
#include "failing_memory.h"
#include "unit.h"

#define LOOP 5
#define MANY 1000 /* more than the first chunks hold */

static struct deferral_table table;

/* The table never looks into a deferral. */
static struct deferral *deferral_number(uintptr_t number)
{
    return (struct deferral *)(number + 1);
}

static int set_up(void **state)
{
    (void)state;
    deferral_table_init(&table);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    deferral_table_deinit(&table);
    return 0;
}

static uint64_t add(uintptr_t number)
{
    uint64_t ticket = 0;
    assert_int_equal(deferral_table_add(&table, deferral_number(number), LOOP, &ticket), OK);
    assert_true(ticket != 0);
    return ticket;
}

static void finds_what_a_ticket_names(void **state)
{
    uint64_t tickets[MANY];
    (void)state;
    for (uintptr_t i = 0; i < MANY; i++)
        tickets[i] = add(i);
    for (uintptr_t i = 0; i < MANY; i++) {
        assert_int_equal(tickets[i] & 0xff, LOOP);
        assert_ptr_equal(deferral_table_at(&table, tickets[i]), deferral_number(i));
    }
    assert_int_equal(counter_read(&table.begun), MANY);
    assert_int_equal(counter_read(&table.ended), 0);
}

static void one_claim_wins(void **state)
{
    uint64_t ticket = add(1);
    (void)state;
    assert_true(deferral_table_claim(&table, ticket));
    assert_false(deferral_table_claim(&table, ticket));
    deferral_table_remove(&table, ticket);
    assert_false(deferral_table_claim(&table, ticket));
    assert_int_equal(counter_read(&table.ended), 1);
}

static void a_slot_s_next_ticket_is_another(void **state)
{
    uint64_t first = add(1);
    (void)state;
    assert_true(deferral_table_claim(&table, first));
    deferral_table_remove(&table, first);
    assert_null(deferral_table_at(&table, first));
    uint64_t second = add(2);
    assert_true(second != first);
    assert_int_equal(second & UINT32_MAX, first & UINT32_MAX);
    assert_false(deferral_table_claim(&table, first));
    assert_true(deferral_table_claim(&table, second));
}

static void tickets_that_were_never_given_out_name_nothing(void **state)
{
    (void)state;
    assert_false(deferral_table_claim(&table, 0));
    assert_false(deferral_table_claim(&table, UINT64_MAX));
    assert_null(deferral_table_at(&table, UINT64_MAX));
    add(1);
    assert_false(deferral_table_claim(&table, UINT64_C(1) << 32 | 63 << 8)); /* A free slot. */
    assert_false(deferral_table_claim(&table, UINT64_C(1) << 32 | 64 << 8)); /* No slot. */
}

static int try_to_add(void *context)
{
    uint64_t ticket;
    (void)context;
    deferral_table_init(&table);
    int error = deferral_table_add(&table, deferral_number(1), LOOP, &ticket);
    deferral_table_deinit(&table);
    deferral_table_init(&table);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(try_to_add, NULL), 1);
}

#define table_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        table_test(finds_what_a_ticket_names),
        table_test(one_claim_wins),
        table_test(a_slot_s_next_ticket_is_another),
        table_test(tickets_that_were_never_given_out_name_nothing),
        table_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
