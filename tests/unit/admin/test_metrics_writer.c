/* core/admin/metrics_writer.c */
#include "unit.h"

#include "admin/metrics_writer.h"

#include <stdlib.h>
#include <string.h>

static void assert_text(const struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->len, strlen(expected));
    assert_memory_equal(buffer->data, expected, buffer->len);
}

static void families_and_samples_come_in_their_order(void **state)
{
    struct buffer buffer;
    struct metrics_writer writer = {.out = &buffer};
    (void)state;
    buffer_init(&buffer, 1000);
    metrics_describe_as(&writer, "a_total", "counter", "What it counts.");
    metrics_put(&writer, "a_total{x=\"%s\"} %d\n", "y", 7);
    assert_int_equal(writer.error, OK);
    assert_text(&buffer, "# HELP a_total What it counts.\n# TYPE a_total counter\n"
                         "a_total{x=\"y\"} 7\n");
    buffer_release(&buffer);
}

static void metrics_of_the_table_are_described_from_it_and_others_are_an_error(void **state)
{
    struct buffer buffer;
    struct metrics_writer writer = {.out = &buffer};
    (void)state;
    buffer_init(&buffer, 1000);
    metrics_put_number(&writer, "sluice_pings_total", 7);
    assert_text(&buffer, "# HELP sluice_pings_total Heartbeat pings sent.\n"
                         "# TYPE sluice_pings_total counter\nsluice_pings_total 7\n");
    metrics_describe(&writer, "sluice_pongs_total");
    assert_int_equal(writer.error, ERR_INVALID);
    buffer_release(&buffer);
}

static void the_first_failure_ends_the_text(void **state)
{
    struct buffer buffer;
    struct metrics_writer writer = {.out = &buffer};
    (void)state;
    buffer_init(&buffer, 6);
    metrics_put(&writer, "one\n");
    metrics_put(&writer, "three\n");
    assert_int_equal(writer.error, ERR_LIMIT);
    metrics_put(&writer, "a\n"); /* which would fit */
    assert_int_equal(writer.error, ERR_LIMIT);
    assert_text(&buffer, "one\n");
    buffer_release(&buffer);
}

static void a_line_that_is_too_long_is_a_failure_and_not_cut(void **state)
{
    static char label[4 * METRICS_LABEL_MAX];
    struct buffer buffer;
    struct metrics_writer writer = {.out = &buffer};
    (void)state;
    memset(label, 'x', sizeof label - 1);
    buffer_init(&buffer, sizeof label * 2);
    metrics_put(&writer, "%s\n", label);
    assert_int_equal(writer.error, ERR_LIMIT);
    assert_int_equal(buffer.len, 0);
    buffer_release(&buffer);
}

static void histograms_add_up_to_their_count(void **state)
{
    static const struct metrics_buckets buckets = {.first = 2, .last = 4, .step = 2, .unit = 0.5};
    static struct histogram histogram;
    struct histogram_snapshot snapshot = {.count = 0};
    struct buffer buffer;
    struct metrics_writer writer = {.out = &buffer};
    (void)state;
    buffer_init(&buffer, 1000);
    histogram_add(&histogram, 1);
    histogram_add(&histogram, 3);
    histogram_add(&histogram, 4); /* 4 and more: above the first bucket */
    histogram_add(&histogram, 100);
    histogram_merge(&snapshot, &histogram);
    metrics_put_histogram(&writer, "a", "x=\"y\"", &snapshot, &buckets);
    metrics_put_histogram(&writer, "b", "", &snapshot, &buckets);
    assert_int_equal(writer.error, OK);
    assert_text(&buffer, "a_bucket{x=\"y\",le=\"2\"} 2\na_bucket{x=\"y\",le=\"8\"} 3\n"
                         "a_bucket{x=\"y\",le=\"+Inf\"} 4\na_sum{x=\"y\"} 54\na_count{x=\"y\"} 4\n"
                         "b_bucket{le=\"2\"} 2\nb_bucket{le=\"8\"} 3\n"
                         "b_bucket{le=\"+Inf\"} 4\nb_sum 54\nb_count 4\n");
    buffer_release(&buffer);
}

static void labels_are_escaped(void **state)
{
    char escaped[METRICS_LABEL_MAX];
    (void)state;
    assert_string_equal(metrics_label("", escaped), "");
    assert_string_equal(metrics_label("/ws", escaped), "/ws");
    assert_string_equal(metrics_label("\"\\\n", escaped), "\\\"\\\\\\n");
}

static void the_longest_label_fits_and_a_longer_one_is_cut(void **state)
{
    char text[600];
    char escaped[METRICS_LABEL_MAX];
    (void)state;
    memset(text, '"', 255);
    text[255] = '\0';
    assert_int_equal(strlen(metrics_label(text, escaped)), 510);
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    size_t len = strlen(metrics_label(text, escaped));
    assert_true(len < METRICS_LABEL_MAX);
    assert_int_equal(len % 2, 0); /* no escape is cut in two */
}

static void numbers_have_the_digits_that_they_were_written_with(void **state)
{
    static const struct {
        double value;
        const char *text;
    } numbers[] = {{0.1, "0.1"},
                   {2.5, "2.5"},
                   {1e-9, "1e-09"},
                   {0.005, "0.005"},
                   {100, "100"},
                   {1.0 / 3, "0.3333333333333333"},
                   {0, "0"},
                   {1e15, "1e+15"},
                   {9007199254740993.0, "9007199254740992"},
                   {-0.3, "-0.3"},
                   {0.1 + 0.2, "0.30000000000000004"}};
    char text[METRICS_VALUE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_string_equal(metrics_value(numbers[i].value, text), numbers[i].text);
        assert_memory_equal(&(double){strtod(text, NULL)}, &numbers[i].value, sizeof(double));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_and_samples_come_in_their_order),
        cmocka_unit_test(metrics_of_the_table_are_described_from_it_and_others_are_an_error),
        cmocka_unit_test(the_first_failure_ends_the_text),
        cmocka_unit_test(a_line_that_is_too_long_is_a_failure_and_not_cut),
        cmocka_unit_test(histograms_add_up_to_their_count),
        cmocka_unit_test(numbers_have_the_digits_that_they_were_written_with),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(the_longest_label_fits_and_a_longer_one_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
