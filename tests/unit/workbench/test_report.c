#include "unit.h"

#include "workbench/report.h"

#include <stdio.h>
#include <unistd.h>

/* What a report of one check of each kind prints. */
static const char *printed(enum report_format format, unsigned *failed)
{
    static char text[4096];
    struct report report;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    report_begin(&report, format, "my.so", 3);
    report_add(&report, "a", "about a", OUTCOME_PASSED, "", "", "");
    report_add(&report, "b", "about b", OUTCOME_FAILED, "it is <wrong>", "step \x1b",
               "one\ntw\x1bo\xff\n");
    report_add(&report, "c", "about c", OUTCOME_SKIPPED, "not there", "", "");
    *failed = report_end(&report);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void prints_lines_for_people(void **state)
{
    unsigned failed;
    (void)state;
    assert_string_equal(printed(REPORT_TEXT, &failed),
                        "my.so\n"
                        "  ok      a                                  about a\n"
                        "  FAILED  b                                  about b\n"
                        "          it is <wrong>\n"
                        "          while: step \\x1b\n"
                        "          | one\n"
                        "          | tw\\x1bo\\xff\n"
                        "  skipped c                                  not there\n"
                        "1 passed, 1 failed, 1 skipped\n");
    assert_int_equal(failed, 1);
}

static void prints_tap(void **state)
{
    unsigned failed;
    (void)state;
    assert_string_equal(printed(REPORT_TAP, &failed), "TAP version 14\n"
                                                      "1..3\n"
                                                      "ok 1 - a\n"
                                                      "not ok 2 - b\n"
                                                      "  ---\n"
                                                      "  message: |\n"
                                                      "    it is <wrong>\n"
                                                      "  while: |\n"
                                                      "    step \\x1b\n"
                                                      "  output: |\n"
                                                      "    one\n"
                                                      "    tw\\x1bo\\xff\n"
                                                      "  ...\n"
                                                      "ok 3 - c # SKIP not there\n");
    assert_int_equal(failed, 1);
}

static void prints_junit_with_what_has_to_be_escaped(void **state)
{
    unsigned failed;
    (void)state;
    assert_string_equal(
        printed(REPORT_JUNIT, &failed),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"sluice test-plugin\" tests=\"3\" failures=\"1\" skipped=\"1\">\n"
        "  <testcase classname=\"my.so\" name=\"a\"></testcase>\n"
        "  <testcase classname=\"my.so\" name=\"b\"><failure message=\"it is &lt;wrong&gt;\">"
        "step ?\none\ntw?o?\n</failure></testcase>\n"
        "  <testcase classname=\"my.so\" name=\"c\"><skipped message=\"not there\">\n"
        "</skipped></testcase>\n"
        "</testsuite>\n");
    assert_int_equal(failed, 1);
}

static void prints_one_line_of_json(void **state)
{
    unsigned failed;
    (void)state;
    assert_string_equal(
        printed(REPORT_JSON, &failed),
        "{\"plugin\":\"my.so\",\"passed\":1,\"failed\":1,\"skipped\":1,\"checks\":["
        "{\"name\":\"a\",\"summary\":\"about a\",\"outcome\":\"ok\"},"
        "{\"name\":\"b\",\"summary\":\"about b\",\"outcome\":\"failed\",\"detail\":"
        "\"it is <wrong>\",\"while\":\"step \\u001b\",\"output\":\"one\\ntw\\u001bo\\ufffd\\n\"},"
        "{\"name\":\"c\",\"summary\":\"about c\",\"outcome\":\"skipped\",\"detail\":"
        "\"not there\"}]}\n");
    assert_int_equal(failed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_one_line_of_json),
        cmocka_unit_test(prints_lines_for_people),
        cmocka_unit_test(prints_tap),
        cmocka_unit_test(prints_junit_with_what_has_to_be_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
