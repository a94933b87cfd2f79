#include "workbench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void pass(void *argument)
{
    *(int *)argument = 2; /* In a process of its own. */
}

static void a_check_that_returns_has_passed_and_changed_nothing_here(void **state)
{
    int value = 1;
    (void)state;
    assert_passes(pass, &value);
    assert_int_equal(value, 1);
}

static void fail_with_a_sentence(void *argument)
{
    situation_doing("step %d", 3);
    situation_fail("it is %s", (const char *)argument);
}

static void a_failure_has_its_sentence_and_what_was_being_done(void **state)
{
    char what[] = "wrong";
    (void)state;
    assert_fails(fail_with_a_sentence, what, "it is wrong");
    assert_string_equal(situation->doing, "step 3");
}

static void fail_with_diagnostics(void *argument)
{
    const struct position at = {.file = "a.yaml", .line = 3, .column = 7};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    if (*(int *)argument > 0)
        diagnostics_add(&diagnostics, at, "it is %s", "wrong");
    situation_fail_first(&diagnostics, ERR_NO_MEMORY);
}

static void the_first_diagnostic_is_the_sentence(void **state)
{
    int count = 1;
    (void)state;
    assert_fails(fail_with_diagnostics, &count, "a.yaml:3:7: it is wrong");
    count = 0;
    assert_fails(fail_with_diagnostics, &count, "out of memory");
}

static void find_nothing(void *argument)
{
    (void)argument;
    situation_skip("nothing to check");
}

static void a_check_may_be_skipped(void **state)
{
    (void)state;
    assert_outcome(find_nothing, NULL, OUTCOME_SKIPPED, "");
    assert_string_equal(situation->skipped, "nothing to check");
}

static void crash(void *argument)
{
    (void)argument;
    situation_enter("on_open", 1000);
    raise(SIGSEGV);
}

static void abort_in_a_hook(void *argument)
{
    (void)argument;
    situation_enter("on_open", 1000);
    abort();
}

static void abort_after_a_wrong_free(void *argument)
{
    fputs("free(): invalid pointer\n", stderr);
    abort_in_a_hook(argument);
}

static void leave_the_process(void *argument)
{
    (void)argument;
    _exit(7);
}

static void die(void *argument)
{
    (void)argument;
    raise(SIGKILL);
}

static void crashes_are_explained(void **state)
{
    (void)state;
    assert_fails(crash, NULL, "on_open crashed with SIGSEGV");
    assert_fails(abort_in_a_hook, NULL, "on_open aborted the process");
    assert_fails(abort_after_a_wrong_free, NULL, "on_open freed memory that is not its own");
    assert_fails(leave_the_process, NULL, "ended the process with status 7");
    assert_fails(die, NULL, "died of signal 9");
}

static void block(void *argument)
{
    (void)argument;
    situation_enter("on_message", 20);
    for (;;)
        pause();
}

static void a_hook_that_blocks_is_a_failure(void **state)
{
    (void)state;
    assert_fails(block, NULL, "on_message did not return within 20 ms");
}

static void write_much(void *argument)
{
    (void)argument;
    for (int i = 0; i < 10000; i++)
        fputs("0123456789", stderr);
}

static void keeps_of_the_output_what_there_is_room_for(void **state)
{
    char output[100];
    (void)state;
    assert_int_equal(situation_run(write_much, NULL, 10, output, sizeof output), OUTCOME_PASSED);
    assert_int_equal(strlen(output), sizeof output - 1);
    assert_memory_equal(output, "0123456789", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_returns_has_passed_and_changed_nothing_here),
        cmocka_unit_test(a_failure_has_its_sentence_and_what_was_being_done),
        cmocka_unit_test(the_first_diagnostic_is_the_sentence),
        cmocka_unit_test(a_check_may_be_skipped),
        cmocka_unit_test(crashes_are_explained),
        cmocka_unit_test(a_hook_that_blocks_is_a_failure),
        cmocka_unit_test(keeps_of_the_output_what_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
