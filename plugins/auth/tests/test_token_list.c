/*
 * The token file and the environment variable: what is read from them, and what is refused.
 */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FROM_FILE "{tokens_file: %s}"

static bool lets_in(struct fake_instance *instance, const char *token, const char *name)
{
    const char *identity;
    const struct fake_upgrade upgrade = {.query = {{"token", token}}};
    return connect_with(instance, &upgrade, NULL, &identity) == SL_CONTINUE &&
           strcmp(identity, name) == 0;
}

static void assert_file_refused(const char *text, const char *expected)
{
    const char *path = write_tokens(text, strlen(text), 0600);
    assert_refused(FROM_FILE, path, expected);
    assert_non_null(strstr(fake_failure(), path));
}

static void reads_names_tokens_hashes_comments_and_blank_lines(void **state)
{
    (void)state;
    static const char text[] = "# people\r\n"
                               "\n"
                               "  alice\t" ALICE "  \r\n"
                               "\t# bob has a hash, dave token-that-is-in-a-comment\n"
                               "bob sha256:" BOB_SHA256 "\n"
                               "carol@example.org sha256:"
                               "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
    struct fake_instance *instance =
        instance_with(FROM_FILE, write_tokens(text, sizeof text - 1, 0600));
    assert_true(lets_in(instance, ALICE, "alice"));
    assert_true(lets_in(instance, BOB, "bob"));
    assert_false(lets_in(instance, "token-that-is-in-a-comment", "dave"));
    assert_int_equal(fake_event_count(FAKE_LOGGED), 0);
    fake_instance_destroy(instance);
}

static void file_and_variable_add_up(void **state)
{
    (void)state;
    static const char text[] = "carol carol-0123456789abcdef\n";
    struct fake_instance *instance =
        instance_with("{tokens_env: " TOKENS_VARIABLE ", tokens_file: %s}",
                      write_tokens(text, sizeof text - 1, 0600));
    assert_true(lets_in(instance, ALICE, "alice"));
    assert_true(lets_in(instance, "carol-0123456789abcdef", "carol"));
    fake_instance_destroy(instance);
}

static void says_in_which_line_an_error_is(void **state)
{
    (void)state;
    assert_file_refused("# tokens\n\nalice\n", ":3: the token is missing");
    assert_file_refused("alice " ALICE " now\n", ":1: there is more than a name and a token");
    assert_file_refused("alice # to do\n", ":1: there is more than a name and a token");
    assert_file_refused("a " ALICE "\nb " ALICE "\n", ":2: this token is listed before");
    assert_file_refused("alice sha256:abc\n", ":1: after sha256: there have to be 64");
    assert_file_refused("alice sha256:" BOB_SHA256 "0\n", ":1: after sha256:");
    assert_file_refused("al\xc3\xa9 " ALICE "\n", ":1: names and tokens are made of visible");
    assert_file_refused("alice token\x01token\n", ":1: names and tokens are made of visible");
}

static void a_list_without_tokens_is_an_error(void **state)
{
    (void)state;
    assert_refused(FROM_FILE, write_tokens("# nobody\n", 9, 0600), "list no token at all");
    assert_refused(FROM_FILE, write_tokens("", 0, 0600), "list no token at all");
}

static void no_error_quotes_a_token(void **state)
{
    (void)state;
    assert_file_refused("alice hunter2hunter2 now\n", ":1:");
    assert_null(strstr(fake_failure(), "hunter2"));
    assert_file_refused("hunter2hunter2\n", ":1:");
    assert_null(strstr(fake_failure(), "hunter2"));
}

static void refuses_nul_bytes_and_too_long_fields(void **state)
{
    (void)state;
    static const char nul[] = "alice token\0token\n";
    assert_refused(FROM_FILE, write_tokens(nul, sizeof nul - 1, 0600), ":1: names and tokens");
    static char text[3000];
    memset(text, 'n', sizeof text);
    memcpy(text + 256, " token", 6);
    text[262] = '\0';
    assert_file_refused(text, ":1: the name is longer than 255 bytes");
    memset(text, 't', sizeof text);
    text[sizeof text - 1] = '\0';
    memcpy(text, "alice ", 6);
    assert_file_refused(text, ":1: the token is longer than 1024 bytes");
}

static void refuses_files_that_others_may_write_to(void **state)
{
    (void)state;
    static const char text[] = "alice " ALICE "\n";
    assert_refused(FROM_FILE, write_tokens(text, sizeof text - 1, 0662), "chmod go-w");
    assert_refused(FROM_FILE, write_tokens(text, sizeof text - 1, 0602), "chmod go-w");
    fake_instance_destroy(instance_with(FROM_FILE, write_tokens(text, sizeof text - 1, 0600)));
    assert_int_equal(fake_event_count(FAKE_LOGGED), 0);
    fake_instance_destroy(instance_with(FROM_FILE, write_tokens(text, sizeof text - 1, 0644)));
    assert_non_null(strstr(fake_log_text(), "chmod o-r"));
}

static void refuses_what_is_no_file_or_too_large(void **state)
{
    (void)state;
    assert_refused(FROM_FILE, "/tmp/sluice-no-such-file", "No such file");
    assert_refused(FROM_FILE, "/dev", "not a regular file");
    char fifo[] = "/tmp/sluice-auth-fifo-XXXXXX";
    assert_non_null(mkdtemp(fifo));
    char path[64];
    snprintf(path, sizeof path, "%s/fifo", fifo);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(FROM_FILE, path, "not a regular file");
    unlink(path);
    rmdir(fifo);
    size_t size = 16 * 1024 * 1024 + 1;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, '\n', size);
    assert_refused(FROM_FILE, write_tokens(large, size, 0600), "larger than 16 MiB");
    free(large);
}

static void takes_a_hundred_thousand_tokens_and_no_more(void **state)
{
    (void)state;
    enum { LINE = 35, COUNT = 100001 };
    char *text = malloc(LINE * COUNT + 1);
    assert_non_null(text);
    for (int i = 0; i < COUNT; i++)
        snprintf(text + (ptrdiff_t)i * LINE, LINE + 1, "n%06d token-%06d-0123456789abc\n", i, i);
    assert_refused(FROM_FILE, write_tokens(text, LINE * COUNT, 0600), ":100001: there are more");
    struct fake_instance *instance =
        instance_with(FROM_FILE, write_tokens(text, LINE * (COUNT - 1), 0600));
    assert_true(lets_in(instance, "token-000000-0123456789abc", "n000000"));
    assert_true(lets_in(instance, "token-099999-0123456789abc", "n099999"));
    assert_false(lets_in(instance, "token-100000-0123456789abc", "n100000"));
    fake_instance_destroy(instance);
    assert_int_equal(fake_live_allocations(), 0);
    free(text);
}

static void a_variable_may_have_commas_lines_and_comments(void **state)
{
    (void)state;
    setenv(TOKENS_VARIABLE,
           "# not this one, dave dave-0123456789abcdef\nalice " ALICE ",,bob sha256:" BOB_SHA256
           ",",
           1);
    struct fake_instance *instance = instance_with("{tokens_env: " TOKENS_VARIABLE "}", "");
    assert_true(lets_in(instance, ALICE, "alice"));
    assert_true(lets_in(instance, BOB, "bob"));
    assert_false(lets_in(instance, "dave-0123456789abcdef", "dave"));
    fake_instance_destroy(instance);
    setenv(TOKENS_VARIABLE, "alice " ALICE ", bob", 1);
    assert_refused("{tokens_env: " TOKENS_VARIABLE "}", "", TOKENS_VARIABLE ":2: the token");
    setenv(TOKENS_VARIABLE, "", 1);
    assert_refused("{tokens_env: " TOKENS_VARIABLE "}", "", "list no token at all");
}

static void warns_of_tokens_that_can_be_guessed(void **state)
{
    (void)state;
    setenv(TOKENS_VARIABLE, "alice secret", 1);
    struct fake_instance *instance = instance_with("{tokens_env: " TOKENS_VARIABLE "}", "");
    assert_true(lets_in(instance, "secret", "alice"));
    assert_non_null(strstr(fake_log_text(), "fewer than 16"));
    assert_null(strstr(fake_log_text(), "secret"));
    fake_instance_destroy(instance);
}

#define ARGON2 "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$"
#define HASH32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* Each verification takes tens of milliseconds, and a list may have thousands of hashes. */
static void reading_slow_hashes_runs_none(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static const char line[] = "somebody " ARGON2 HASH32 "\n";
    size_t len = sizeof line - 1;
    char *text = malloc(len * COUNT);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(text + i * len, line, len);
    clock_t before = clock();
    fake_instance_destroy(instance_with(FROM_FILE, write_tokens(text, len * COUNT, 0600)));
    assert_true(clock() - before < 10 * CLOCKS_PER_SEC);
    free(text);
}

static void refuses_slow_hashes_that_cannot_be_verified(void **state)
{
    (void)state;
    static const char *const forms[] = {"$argon2$" HASH32,
                                        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ",
                                        "$argon2id$v=18$m=65536,t=3,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$m=+65536,t=3,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$m=065536,t=3,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$t=3,m=65536,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$m=65536,t=3,p=4$c2Fs$" HASH32,
                                        ARGON2 "AAAA",
                                        ARGON2 HASH32 "=",
                                        ARGON2 HASH32 "$",
                                        ARGON2 "!" HASH32,
                                        "$scrypt$ln=16,r=8$c29tZXNhbHQ$" HASH32,
                                        "$scrypt$ln=16,r=8,p=1$$" HASH32,
                                        "$scrypt$ln=0,r=8,p=1$c29tZXNhbHQ$" HASH32};
    static const char *const costs[] = {"$argon2id$v=19$m=262145,t=3,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$m=65536,t=17,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$m=65536,t=0,p=4$c29tZXNhbHQ$" HASH32,
                                        "$argon2id$v=19$m=31,t=3,p=4$c29tZXNhbHQ$" HASH32,
                                        "$scrypt$ln=21,r=8,p=1$c29tZXNhbHQ$" HASH32,
                                        "$scrypt$ln=16,r=99,p=1$c29tZXNhbHQ$" HASH32};
    char text[256];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(text, sizeof text, "carol %s\n", forms[i]);
        assert_file_refused(text, "it is not of the form");
    }
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        snprintf(text, sizeof text, "carol %s\n", costs[i]);
        assert_file_refused(text, ":1: the hash cannot be used");
    }
}

int run_token_list_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_names_tokens_hashes_comments_and_blank_lines, set_up),
        cmocka_unit_test_setup(file_and_variable_add_up, set_up),
        cmocka_unit_test_setup(says_in_which_line_an_error_is, set_up),
        cmocka_unit_test_setup(a_list_without_tokens_is_an_error, set_up),
        cmocka_unit_test_setup(no_error_quotes_a_token, set_up),
        cmocka_unit_test_setup(refuses_nul_bytes_and_too_long_fields, set_up),
        cmocka_unit_test_setup(refuses_files_that_others_may_write_to, set_up),
        cmocka_unit_test_setup(refuses_what_is_no_file_or_too_large, set_up),
        cmocka_unit_test_setup(takes_a_hundred_thousand_tokens_and_no_more, set_up),
        cmocka_unit_test_setup(a_variable_may_have_commas_lines_and_comments, set_up),
        cmocka_unit_test_setup(warns_of_tokens_that_can_be_guessed, set_up),
        cmocka_unit_test_setup(reading_slow_hashes_runs_none, set_up),
        cmocka_unit_test_setup(refuses_slow_hashes_that_cannot_be_verified, set_up),
    };
    return cmocka_run_group_tests_name("auth, token lists", tests, NULL, NULL);
}
