#include "config/option_rows.h"

#include <sys/stat.h>

static void write_file(const char *name, const char *text, size_t len, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void refused_file(const char *name, const char *format)
{
    char text[128], path[128], expected[512];
    snprintf(text, sizeof text, "password: {file: %s}", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(expected, sizeof expected, "1:18 demo: password: %s%s\n",
             strncmp(format, "the", 3) == 0 ? "" : path, format);
    refused_options(text, expected);
}

static const char *sentence(const char *words, const char *name)
{
    static char expected[512];
    snprintf(expected, sizeof expected, "1:18 demo: password: %s/%s%s%s/%s\n", folder, name, words,
             folder, name);
    return expected;
}

static int remove_files(void **state)
{
    static const char *const names[] = {"secret", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return remove_folder(state);
}

static void secrets_come_from_the_environment(void **state)
{
    (void)state;
    setenv("SL_SECRET", "hunter2", 1);
    static const char *const forms[] = {"password: ${SL_SECRET}", "password: '${SL_SECRET}'",
                                        "password: {env: SL_SECRET}",
                                        "password: ${SL_SECRET:-other}"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct option_set *set = good_options(forms[i]);
        assert_text(option_set_get(set, "password"), "hunter2");
        assert_int_equal(value_type(option_set_get(set, "password")), SL_OPTION_SECRET);
        option_set_destroy(set);
    }
}

static void secrets_do_not_stand_in_the_file(void **state)
{
    (void)state;
    unsetenv("SL_UNSET");
    setenv("SL_EMPTY", "", 1);
    const char *literal =
        "1:11 demo: password: a secret must not stand in the configuration; give it "
        "as ${NAME}, {env: NAME} or {file: PATH}\n";
    refused_options("password: hunter2", literal);
    refused_options("password: x${SL_SECRET}", literal);
    refused_options("password: ${SL_UNSET:-hunter2}", literal);
    refused_options("password: ''", literal);
    refused_options("password: ${SL_EMPTY}", "1:11 demo: password: the secret is empty\n");
    refused_options(
        "password:",
        "1:10 demo: password: has no value; give it as ${NAME}, {env: NAME} or {file: PATH}\n");
    refused_options(
        "password: [a]",
        "1:11 demo: password: has no value; give it as ${NAME}, {env: NAME} or {file: PATH}\n");
    refused_options("password: {evn: A}",
                    "1:11 demo: password: is not a reference to a secret; give it as "
                    "${NAME}, {env: NAME} or {file: PATH}\n");
    refused_options("password: {env: SL_UNSET}",
                    "1:17 demo: password: the environment variable SL_UNSET is not set\n");
}

static void secrets_come_from_private_files(void **state)
{
    (void)state;
    static const char *const texts[] = {"hunter2", "hunter2\n", "hunter2\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file("secret", texts[i], strlen(texts[i]), 0600);
        struct option_set *set = good_options("password: {file: secret}");
        assert_text(option_set_get(set, "password"), "hunter2");
        option_set_destroy(set);
    }
}

static void files_that_are_no_good_secret_are_errors(void **state)
{
    (void)state;
    char fifo[128], *large = malloc(65537);
    refused_file("missing", ": No such file or directory");
    write_file("secret", "hunter2", 7, 0604);
    refused_options(
        "password: {file: secret}",
        sentence(": others may read it, and it is a secret; mend it with: chmod o-r ", "secret"));
    write_file("secret", "hunter2", 7, 0602);
    refused_options("password: {file: secret}",
                    sentence(": others may write to it; mend it with: chmod go-w ", "secret"));
    write_file("secret", "\n", 1, 0600);
    refused_file("secret", "the secret is empty");
    memset(large, 'x', 65537);
    write_file("secret", large, 65537, 0600);
    refused_file("secret", " is longer than 64KiB");
    write_file("secret", large, 65536, 0600);
    option_set_destroy(good_options("password: {file: secret}"));
    free(large);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refused_file("fifo", ": it is not a regular file");
}

static void a_secret_of_the_environment_has_a_limit(void **state)
{
    (void)state;
    static char large[64 * 1024 + 2];
    memset(large, 'x', sizeof large - 1);
    setenv("SL_LARGE", large, 1);
    refused_options("password: {env: SL_LARGE}", "1:17 demo: password: is longer than 64KiB\n");
    large[sizeof large - 2] = '\0';
    setenv("SL_LARGE", large, 1);
    struct option_set *set = good_options("password: {env: SL_LARGE}");
    assert_int_equal(value_string(option_set_get(set, "password")).len, 64 * 1024);
    option_set_destroy(set);
    unsetenv("SL_LARGE");
}

static void the_bounds_of_a_secret_are_those_of_its_length(void **state)
{
    (void)state;
    const struct sl_option bounded[] = {
        {.name = "key", .type = SL_OPTION_SECRET, .minimum = 4, .maximum = 8, .summary = "s"}};
    const struct option_table from = {bounded, 1, sizeof bounded[0]};
    struct option_set *set;
    setenv("SL_SECRET", "abc", 1);
    assert_int_equal(make_from(&from, "key: ${SL_SECRET}", &set), ERR_CONFIG);
    assert_errors(&errors, "1:6 demo: key: is 3 bytes long; it must be from 4 to 8 bytes\n");
    setenv("SL_SECRET", "abcd", 1);
    assert_int_equal(make_from(&from, "key: ${SL_SECRET}", &set), OK);
    option_set_destroy(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_come_from_the_environment),
        cmocka_unit_test(secrets_do_not_stand_in_the_file),
        cmocka_unit_test(secrets_come_from_private_files),
        cmocka_unit_test(files_that_are_no_good_secret_are_errors),
        cmocka_unit_test(a_secret_of_the_environment_has_a_limit),
        cmocka_unit_test(the_bounds_of_a_secret_are_those_of_its_length),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_files);
}
