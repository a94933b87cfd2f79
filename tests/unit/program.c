/*
 * The main function of programs that several unit tests are: runs the one that its argument names.
 */
#include "program.h"

#include <stdio.h>
#include <string.h>

static struct unit_test *tests;

void unit_test_register(struct unit_test *test)
{
    test->next = tests;
    tests = test;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        for (const struct unit_test *test = tests; test != NULL; test = test->next)
            if (strcmp(test->name, argv[1]) == 0)
                return test->main();
    fprintf(stderr, "usage: %s TEST, which is one of\n", argv[0]);
    for (const struct unit_test *test = tests; test != NULL; test = test->next)
        fprintf(stderr, "  %s\n", test->name);
    return 2;
}
