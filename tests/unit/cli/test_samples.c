#include "cli/samples.h"

#include "failing_memory.h"
#include "unit.h"

static const char page[] = "# HELP a_total Things {x=\"1\"} 7.\n"
                           "# TYPE a_total counter\n"
                           "a_total{direction=\"in\",endpoint=\"/a\"} 3\n"
                           "a_total{direction=\"out\",endpoint=\"/a\"} 4\n"
                           "a_total{direction=\"in\",endpoint=\"/}\\\"\\\\,x=\\\"\"} 5.5\n"
                           "a_total_more 100\n"
                           "b 1e-3\n"
                           "\n"
                           "broken{x=\"1 2\n"
                           "broken{x=\"1\"}\n"
                           "broken three\n"
                           "broken\n"
                           "last 2";

static struct samples samples;

static int read_page(void **state)
{
    (void)state;
    assert_int_equal(samples_read(&samples, page), OK);
    return 0;
}

static int free_page(void **state)
{
    (void)state;
    samples_free(&samples);
    return 0;
}

static void what_is_no_sample_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(samples.count, 6);
    assert_true(samples_sum(&samples, "broken", NULL) == 0);
    assert_true(samples_sum(&samples, "last", NULL) == 2);
}

static void a_value_stands_on_the_line_of_its_name(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "broken",       "broken\n5\n",          "broken ", "broken \n5\n",
        "broken\n 5\n", "broken{x=\"1\"}\n5\n", ""};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct samples others;
        assert_int_equal(samples_read(&others, pages[i]), OK);
        for (size_t j = 0; j < others.count; j++)
            assert_string_not_equal(others.items[j].name, "broken");
        samples_free(&others);
    }
}

static void values_are_summed_by_name_and_label(void **state)
{
    (void)state;
    assert_true(samples_sum(&samples, "a_total", NULL) == 12.5);
    assert_true(samples_sum(&samples, "a_total", "direction=\"in\"") == 8.5);
    assert_true(samples_sum(&samples, "b", NULL) == 1e-3);
    assert_true(samples_sum(&samples, "none", NULL) == 0);
}

static void one_is_found_by_its_labels(void **state)
{
    (void)state;
    const struct sample *found =
        samples_find(&samples, "a_total", "direction=\"out\",endpoint=\"/a\"");
    assert_non_null(found);
    assert_true(found->value == 4);
    assert_null(samples_find(&samples, "a_total", ""));
    assert_non_null(samples_find(&samples, "b", ""));
}

static void a_labels_value_is_as_it_was_before_it_was_escaped(void **state)
{
    char text[32];
    (void)state;
    const struct sample *odd = &samples.items[2];
    assert_string_equal(samples_label(odd, "endpoint", text, sizeof text), "/}\"\\,x=\"");
    assert_string_equal(samples_label(odd, "direction", text, sizeof text), "in");
    assert_string_equal(samples_label(odd, "point", text, sizeof text), "");
    assert_string_equal(samples_label(odd, "endpoint", text, 3), "/}");
}

static int read_again(void *context)
{
    struct samples others;
    (void)context;
    int error = samples_read(&others, page);
    samples_free(&others);
    return error;
}

static void without_memory_nothing_is_read(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(read_again, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_sample_is_passed_over),
        cmocka_unit_test(a_value_stands_on_the_line_of_its_name),
        cmocka_unit_test(values_are_summed_by_name_and_label),
        cmocka_unit_test(one_is_found_by_its_labels),
        cmocka_unit_test(a_labels_value_is_as_it_was_before_it_was_escaped),
        cmocka_unit_test(without_memory_nothing_is_read),
    };
    return cmocka_run_group_tests(tests, read_page, free_page);
}
