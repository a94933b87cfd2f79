#include "unit.h"

#include "connect/lines.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A pipe that is written to and read from. */
struct piped {
    int to;
    struct lines lines;
};

static void piped_begin(struct piped *piped, size_t max)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    piped->to = fds[1];
    lines_init(&piped->lines, fds[0], max);
}

static void piped_end(struct piped *piped)
{
    close(piped->lines.fd);
    lines_deinit(&piped->lines);
}

static void write_text(struct piped *piped, const char *text)
{
    assert_int_equal(write(piped->to, text, strlen(text)), strlen(text));
    lines_read(&piped->lines);
}

static void assert_line(struct piped *piped, const char *expected)
{
    const char *text;
    size_t len;
    assert_true(lines_next(&piped->lines, &text, &len));
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
}

static void assert_none(struct piped *piped)
{
    const char *text;
    size_t len;
    assert_false(lines_next(&piped->lines, &text, &len));
}

static void lines_come_whole_whatever_the_pieces(void **state)
{
    struct piped piped;
    (void)state;
    piped_begin(&piped, 100);
    lines_read(&piped.lines);
    assert_none(&piped);
    write_text(&piped, "on");
    assert_none(&piped);
    write_text(&piped, "e\n\ntw");
    assert_line(&piped, "one");
    assert_line(&piped, "");
    assert_none(&piped);
    write_text(&piped, "o\n");
    assert_line(&piped, "two");
    assert_false(lines_are_over(&piped.lines));
    close(piped.to);
    lines_read(&piped.lines);
    assert_none(&piped);
    assert_true(lines_are_over(&piped.lines));
    lines_read(&piped.lines);
    assert_true(lines_are_over(&piped.lines));
    piped_end(&piped);
}

static void the_last_line_needs_no_end(void **state)
{
    struct piped piped;
    (void)state;
    piped_begin(&piped, 100);
    write_text(&piped, "first\nlast");
    close(piped.to);
    lines_read(&piped.lines);
    assert_false(lines_are_over(&piped.lines));
    assert_line(&piped, "first");
    assert_line(&piped, "last");
    assert_none(&piped);
    assert_true(lines_are_over(&piped.lines));
    piped_end(&piped);
}

static void a_line_without_end_is_not_kept(void **state)
{
    static char text[8192];
    struct piped piped;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    piped_begin(&piped, sizeof text);
    write_text(&piped, text);
    assert_false(piped.lines.is_too_long);
    for (int i = 0; i < 100; i++)
        write_text(&piped, text);
    assert_true(piped.lines.is_too_long);
    assert_true(piped.lines.buffer.len <= piped.lines.buffer.maximum);
    close(piped.to);
    piped_end(&piped);
}

static void whole_lines_are_known_of_before_they_are_taken(void **state)
{
    struct piped piped;
    (void)state;
    piped_begin(&piped, 100);
    assert_false(lines_have_one(&piped.lines));
    write_text(&piped, "a\nb\nc");
    assert_true(lines_have_one(&piped.lines));
    assert_line(&piped, "a");
    assert_true(lines_have_one(&piped.lines));
    assert_line(&piped, "b");
    assert_false(lines_have_one(&piped.lines));
    assert_none(&piped);
    write_text(&piped, "d");
    assert_false(lines_have_one(&piped.lines));
    assert_none(&piped);
    write_text(&piped, "e\nf");
    assert_true(lines_have_one(&piped.lines));
    assert_line(&piped, "cde");
    assert_none(&piped);
    close(piped.to);
    lines_read(&piped.lines);
    assert_true(lines_have_one(&piped.lines));
    assert_line(&piped, "f");
    assert_false(lines_have_one(&piped.lines));
    piped_end(&piped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_whole_whatever_the_pieces),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(a_line_without_end_is_not_kept),
        cmocka_unit_test(whole_lines_are_known_of_before_they_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
