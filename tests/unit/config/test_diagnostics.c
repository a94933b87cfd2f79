#include "config/diagnostics.h"

#include "captured_log.h"

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
    diagnostics_take_back_warnings(&diagnostics, 3);
    diagnostics_take_back_warnings(&diagnostics, 5); /* There are no more. */
    assert_int_equal(diagnostics.warning_count, 3);
    diagnostic_format(&diagnostics.warnings[2], line);
    assert_string_equal(line, "a.yaml:3:5: old 2");
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

/* Each line's object. Returns how many there are. */
static size_t parse_lines(const char *text, cJSON *objects[], size_t max)
{
    size_t count = 0;
    for (const char *end; count < max && *text != '\0'; text = end) {
        objects[count++] = cJSON_ParseWithOpts(text, &end, false);
        assert_non_null(objects[count - 1]);
        assert_int_equal(*end++, '\n');
    }
    return count;
}

static void where_the_log_is_json_findings_are_its_lines(void **state)
{
    (void)state;
    cJSON *lines[4] = {NULL};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_warn(&diagnostics, (struct position){"a.yaml", 1, 1}, "be careful");
    diagnostics_add(&diagnostics, (struct position){"a \"b\".yaml", 9, 5}, "not \"like\" this");
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 0, 0}, "the whole of it");
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    begin_capture();
    diagnostics_print(&diagnostics);
    assert_int_equal(parse_lines(end_capture(), lines, 4), 3);
    assert_member(lines[0], "event", "configuration_error");
    assert_member(lines[0], "level", "error");
    assert_member(lines[0], "message", "a \"b\".yaml:9:5: not \"like\" this");
    assert_member(lines[0], "file", "a \"b\".yaml");
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(lines[0], "line")), 9);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(lines[0], "column")), 5);
    assert_member(lines[1], "file", "a.yaml");
    assert_null(cJSON_GetObjectItem(lines[1], "line"));
    assert_member(lines[2], "event", "configuration_warning");
    assert_member(lines[2], "level", "warn");
    for (int i = 0; i < 3; i++)
        cJSON_Delete(lines[i]);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    diagnostics_deinit(&diagnostics);
}

static void a_logged_line_of_text_has_the_position_where_editors_look_for_it(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 9, 5}, "wrong");
    diagnostics.lost = 2;
    begin_capture();
    diagnostics_log(&diagnostics, "serve");
    const char *text = end_capture();
    assert_non_null(strstr(text, " serve: a.yaml:9:5: wrong event=configuration_error\n"));
    assert_non_null(strstr(text, " serve: and 2 more errors\n"));
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
        cmocka_unit_test(where_the_log_is_json_findings_are_its_lines),
        cmocka_unit_test(a_logged_line_of_text_has_the_position_where_editors_look_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
