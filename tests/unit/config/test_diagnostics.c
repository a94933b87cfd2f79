#include "config/diagnostics.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void keeps_errors_in_the_order_found(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 7, 3}, "first %d", 1);
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 2, 1}, "second");
    assert_int_equal(diagnostics.count, 2);
    assert_string_equal(diagnostics.items[0].text, "first 1");
    assert_int_equal(diagnostics.items[0].position.line, 7);
    assert_string_equal(diagnostics.items[1].text, "second");
    diagnostics_deinit(&diagnostics);
}

static void keeps_at_most_a_hundred_and_counts_the_rest(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    for (unsigned i = 0; i < 130; i++)
        diagnostics_add(&diagnostics, (struct position){"a.yaml", i + 1, 1}, "error %u", i);
    assert_int_equal(diagnostics.count, 100);
    assert_int_equal(diagnostics.lost, 30);
    diagnostics_deinit(&diagnostics);
}

static void outlives_the_name_of_the_file(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    char *file = strdup("gone.yaml");
    diagnostics_add(&diagnostics, (struct position){file, 1, 1}, "wrong");
    free(file);
    assert_string_equal(diagnostics.items[0].position.file, "gone.yaml");
    diagnostics_deinit(&diagnostics);
}

static void an_error_is_one_line_whatever_it_quotes(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_add(&diagnostics, (struct position){"a", 1, 1}, "\"%s\"", "x\ny\x1b[31m");
    assert_string_equal(diagnostics.items[0].text, "\"x?y?[31m\"");
    diagnostics_deinit(&diagnostics);
}

static void a_warning_is_no_error(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    char line[DIAGNOSTIC_LINE_MAX];
    diagnostics_init(&diagnostics);
    for (unsigned i = 0; i < 130; i++)
        diagnostics_warn(&diagnostics, (struct position){"a.yaml", i + 1, 5}, "old %u", i);
    assert_int_equal(diagnostics.count + diagnostics.lost, 0);
    assert_int_equal(diagnostics.warning_count, 100);
    diagnostic_format(&diagnostics.warnings[1], line);
    assert_string_equal(line, "a.yaml:2:5: old 1");
    diagnostics_deinit(&diagnostics);
}

/* Prints to a file in the place of standard error. */
static void printed(const struct diagnostics *diagnostics, char *text, size_t size)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    diagnostics_print(diagnostics);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    fseek(file, 0, SEEK_SET);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void prints_sorted_by_file_and_position(void **state)
{
    (void)state;
    char text[512];
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_add(&diagnostics, (struct position){"b.yaml", 1, 1}, "last");
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 10, 1}, "fourth");
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 9, 5}, "second");
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 9, 5}, "third");
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 0, 0}, "first");
    diagnostics.lost = 2;
    printed(&diagnostics, text, sizeof text);
    assert_string_equal(text, "a.yaml: first\na.yaml:9:5: second\na.yaml:9:5: third\n"
                              "a.yaml:10:1: fourth\nb.yaml:1:1: last\nand 2 more errors\n");
    diagnostics_deinit(&diagnostics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_errors_in_the_order_found),
        cmocka_unit_test(keeps_at_most_a_hundred_and_counts_the_rest),
        cmocka_unit_test(outlives_the_name_of_the_file),
        cmocka_unit_test(a_warning_is_no_error),
        cmocka_unit_test(an_error_is_one_line_whatever_it_quotes),
        cmocka_unit_test(prints_sorted_by_file_and_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
