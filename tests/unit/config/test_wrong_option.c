#include "config/wrong_option.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static const struct option known[] = {
    {"config", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"token-file", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

/* What is said of the first option that cannot be taken. */
static const char *describe(const char *first, const char *second)
{
    static char text[256];
    char words[2][512] = {"", ""};
    snprintf(words[0], sizeof words[0], "%s", first);
    snprintf(words[1], sizeof words[1], "%s", second != NULL ? second : "");
    char *argv[] = {(char[]){"sluice"}, words[0], second != NULL ? words[1] : NULL, NULL};
    int option;
    optind = 0; /* glibc's way to begin anew */
    do
        option = getopt_long(second != NULL ? 3 : 2, argv, ":c:j", known, NULL);
    while (option != -1 && option != '?' && option != ':');
    assert_int_not_equal(option, -1);
    wrong_option_describe(known, argv, option, text, sizeof text);
    return text;
}

static void an_unknown_option_names_the_nearest(void **state)
{
    (void)state;
    assert_string_equal(describe("--confg", NULL),
                        "there is no option '--confg'; did you mean '--config'?");
    assert_string_equal(describe("--tokenfile=x", NULL),
                        "there is no option '--tokenfile'; did you mean '--token-file'?");
    assert_string_equal(describe("word", "--jsno"),
                        "there is no option '--jsno'; did you mean '--json'?");
}

static void what_is_near_to_nothing_gets_no_suggestion(void **state)
{
    (void)state;
    assert_string_equal(describe("--nonsense", NULL), "there is no option '--nonsense'");
    assert_string_equal(describe("-z", NULL), "there is no option '-z'");
    assert_string_equal(describe("-jz", NULL), "there is no option '-z'");
    assert_string_equal(describe("--json", "-zj"), "there is no option '-z'");
    assert_string_equal(describe("--config=a", "-zj"), "there is no option '-z'");
}

static void a_value_is_missing_or_too_much(void **state)
{
    (void)state;
    assert_string_equal(describe("--config", NULL), "--config needs a value");
    assert_string_equal(describe("-c", NULL), "-c needs a value");
    assert_string_equal(describe("-jc", NULL), "-c needs a value");
    assert_string_equal(describe("--json=1", NULL), "--json takes no value");
}

static void a_long_word_is_cut(void **state)
{
    (void)state;
    char word[301] = "--";
    memset(word + 2, 'x', sizeof word - 3);
    word[300] = '\0';
    const char *text = describe(word, NULL);
    assert_true(strlen(text) < 100);
    assert_int_equal(strncmp(text, "there is no option '--xxx", 24), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_option_names_the_nearest),
        cmocka_unit_test(what_is_near_to_nothing_gets_no_suggestion),
        cmocka_unit_test(a_value_is_missing_or_too_much),
        cmocka_unit_test(a_long_word_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
