/*
 * What each tests/unit/MODULE/test_NAME.c begins with, by the compiler's -include: several of them
 * are one program, and each has a main function of its own.
 *
 * UNIT_TEST_NAME is MODULE/NAME.
 */
#ifndef SLUICE_TESTS_PROGRAM_H
#define SLUICE_TESTS_PROGRAM_H

struct unit_test {
    const char *name;
    int (*main)(void);
    struct unit_test *next;
};

/* Has the program know `test`, which stays. Before main. */
void unit_test_register(struct unit_test *test);

#ifdef UNIT_TEST_NAME
static int unit_test_main(void);

__attribute__((constructor)) static void unit_test_begin(void)
{
    static struct unit_test test = {.name = UNIT_TEST_NAME, .main = unit_test_main};
    unit_test_register(&test);
}

#define main unit_test_main /* which has been declared static */
#endif

#endif
