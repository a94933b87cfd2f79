/* core/admin/token_file.c */
#include "unit.h"

#include "admin/token_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/sluice-test-XXXXXX";
static char token[16];
static char why[256];

static int make_file(void **state)
{
    (void)state;
    close(mkstemp(path));
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static ssize_t read_token(struct stat *status)
{
    return token_file_read_line(path, token, sizeof token, status, why, sizeof why);
}

static void the_first_line_is_the_token(void **state)
{
    static const char *const texts[] = {"secret", "secret\n", "secret\r\n", "secret\nmore\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(texts[i]);
        assert_int_equal(read_token(NULL), 6);
        assert_string_equal(token, "secret");
    }
}

static void empty_lines_are_passed_over(void **state)
{
    (void)state;
    write_file("");
    assert_int_equal(read_token(NULL), 0);
    assert_string_equal(token, "");
    write_file("\n\r\nsecret\n");
    assert_int_equal(read_token(NULL), 6);
    assert_string_equal(token, "secret");
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    write_file("0123456789abcdefghij\n");
    assert_int_equal(read_token(NULL), sizeof token - 1);
    assert_string_equal(token, "0123456789abcde");
}

static void the_files_status_is_told(void **state)
{
    struct stat status;
    (void)state;
    write_file("secret");
    assert_int_equal(read_token(&status), 6);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_file_that_others_may_write_to_is_refused(void **state)
{
    (void)state;
    write_file("secret");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(read_token(NULL), -1);
    assert_true(strlen(why) > 0);
}

static void a_missing_file_is_refused(void **state)
{
    (void)state;
    assert_int_equal(
        token_file_read_line("/none/token", token, sizeof token, NULL, why, sizeof why), -1);
    assert_true(strlen(why) > 0);
}

static int read_tokens(struct token_lines *read)
{
    return token_file_read_lines(path, read, NULL, why, sizeof why);
}

static void a_file_may_have_two_tokens(void **state)
{
    struct token_lines read;
    (void)state;
    write_file("");
    assert_int_equal(read_tokens(&read), 0);
    assert_int_equal(read.count, 0);
    write_file("old\n");
    assert_int_equal(read_tokens(&read), 0);
    assert_int_equal(read.count, 1);
    write_file("\nold\r\n\nnew\n\n");
    assert_int_equal(read_tokens(&read), 0);
    assert_int_equal(read.count, 2);
    assert_string_equal(read.lines[0], "old");
    assert_string_equal(read.lines[1], "new");
}

static void a_third_token_and_one_without_end_are_refused(void **state)
{
    static char long_one[TOKEN_FILE_LINE_MAX + 1];
    struct token_lines read;
    (void)state;
    write_file("one\ntwo\nthree\n");
    assert_int_equal(read_tokens(&read), -1);
    assert_non_null(strstr(why, "more than two lines"));
    memset(long_one, 'a', sizeof long_one - 2);
    write_file(long_one);
    assert_int_equal(read_tokens(&read), -1);
    assert_non_null(strstr(why, "longer than any token"));
    long_one[TOKEN_FILE_LINE_MAX - 2] = '\0';
    write_file(long_one);
    assert_int_equal(read_tokens(&read), 0);
    assert_int_equal(strlen(read.lines[0]), TOKEN_FILE_LINE_MAX - 2);
    assert_int_equal(token_file_read_lines("/none/token", &read, NULL, why, sizeof why), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_token),
        cmocka_unit_test(empty_lines_are_passed_over),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(the_files_status_is_told),
        cmocka_unit_test(a_file_that_others_may_write_to_is_refused),
        cmocka_unit_test(a_missing_file_is_refused),
        cmocka_unit_test(a_file_may_have_two_tokens),
        cmocka_unit_test(a_third_token_and_one_without_end_are_refused),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
