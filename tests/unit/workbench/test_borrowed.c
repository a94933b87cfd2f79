#include "workbench.h"

#include "workbench/borrowed.h"

#include <stdint.h>

static int unguard(void **state)
{
    (void)state;
    borrowed_guard(false);
    return 0;
}

static int guard(void **state)
{
    (void)state;
    borrowed_guard(true);
    return 0;
}

static void lends_a_copy(void **state)
{
    struct loan *loans = NULL;
    char original[] = "hello";
    (void)state;
    char *copy = borrowed_lend(original, 5, 1, "a word", &loans);
    original[0] = 'j';
    assert_memory_equal(copy, "hello", 5);
    borrowed_end(&loans);
    assert_null(loans);
}

static void lends_zeros_for_a_struct_at_an_aligned_place(void **state)
{
    static const char zeros[40];
    struct loan *loans = NULL;
    (void)state;
    char *memory = borrowed_lend(NULL, sizeof zeros, 16, "a struct", &loans);
    assert_int_equal((uintptr_t)memory % 16, 0);
    assert_memory_equal(memory, zeros, sizeof zeros);
    borrowed_end(&loans);
}

static void a_heap_block_is_no_loan_that_faults(void **state)
{
    struct loan *loans = NULL;
    enum borrowed_misuse misuse;
    (void)state;
    assert_null(borrowed_find(borrowed_lend("x", 1, 1, "a letter", &loans), &misuse));
    borrowed_end(&loans);
}

static void finds_a_loan_by_an_address_in_it_and_behind_it(void **state)
{
    struct loan *loans = NULL;
    enum borrowed_misuse misuse = BORROWED_OVER;
    (void)state;
    const char *memory = borrowed_lend("hello", 5, 1, "a word", &loans);
    assert_string_equal(borrowed_find(memory + 4, &misuse), "a word");
    assert_int_equal(misuse, BORROWED_WRITTEN);
    assert_string_equal(borrowed_find(memory + 5, &misuse), "a word");
    assert_int_equal(misuse, BORROWED_PAST_END);
    assert_null(borrowed_find(&misuse, &misuse));
    borrowed_end(&loans);
    assert_string_equal(borrowed_find(memory, &misuse), "a word");
    assert_int_equal(misuse, BORROWED_OVER);
}

static void ends_every_loan_of_a_list(void **state)
{
    struct loan *loans = NULL;
    const char *memory[100];
    enum borrowed_misuse misuse;
    (void)state;
    for (int i = 0; i < 100; i++)
        memory[i] = borrowed_lend("x", 1, 1, "a letter", &loans);
    borrowed_end(&loans);
    for (int i = 0; i < 100; i++) {
        assert_non_null(borrowed_find(memory[i], &misuse));
        assert_int_equal(misuse, BORROWED_OVER);
    }
}

/* The ring has fewer entries than that. */
static void lends_more_pieces_in_time_than_there_are_entries(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        struct loan *loans = NULL;
        const char *memory = borrowed_lend("x", 1, 1, "a letter", &loans);
        assert_int_equal(*memory, 'x');
        borrowed_end(&loans);
    }
}

static volatile char seen;

static void read_behind_the_end(void *argument)
{
    struct loan *loans = NULL;
    (void)argument;
    borrowed_guard(true);
    const char *memory = borrowed_lend("hello", 5, 1, "a word", &loans);
    seen = memory[5];
}

static void read_an_empty_piece(void *argument)
{
    struct loan *loans = NULL;
    (void)argument;
    borrowed_guard(true);
    const char *memory = borrowed_lend("", 0, 1, "an empty word", &loans);
    seen = memory[-1];
}

static void read_when_it_is_over(void *argument)
{
    struct loan *loans = NULL;
    (void)argument;
    borrowed_guard(true);
    const char *memory = borrowed_lend("hello", 5, 1, "a word", &loans);
    borrowed_end(&loans);
    seen = memory[0];
}

static void guard_pages_fault_where_nothing_is_lent(void **state)
{
    (void)state;
    assert_fails(read_behind_the_end, NULL, "read or wrote past the end of a word");
    assert_fails(read_an_empty_piece, NULL, "read or wrote past the end of an empty word");
    assert_fails(read_when_it_is_over, NULL, "used a word after it was no longer lent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lends_a_copy, unguard),
        cmocka_unit_test_setup(lends_a_copy, guard),
        cmocka_unit_test_setup(lends_zeros_for_a_struct_at_an_aligned_place, unguard),
        cmocka_unit_test_setup(lends_zeros_for_a_struct_at_an_aligned_place, guard),
        cmocka_unit_test_setup(a_heap_block_is_no_loan_that_faults, unguard),
        cmocka_unit_test_setup(finds_a_loan_by_an_address_in_it_and_behind_it, guard),
        cmocka_unit_test_setup(ends_every_loan_of_a_list, guard),
        cmocka_unit_test_setup(lends_more_pieces_in_time_than_there_are_entries, guard),
        cmocka_unit_test(guard_pages_fault_where_nothing_is_lent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
