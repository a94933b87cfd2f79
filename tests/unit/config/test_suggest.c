#include "config/suggest.h"
#include "unit.h"

#include <string.h>

static const char *const names[] = {"listen", "admin",     "loops",       "front",
                                    "limits", "demo_page", "max_size",    "warn",
                                    "error",  "on_error",  "tokens_file", NULL};

static const char *nearest(const char *word)
{
    struct suggestion suggestion = suggest_begin(word);
    for (size_t i = 0; names[i] != NULL; i++)
        suggest_offer(&suggestion, names[i]);
    return suggestion.nearest;
}

static void finds_slips_of_every_kind(void **state)
{
    (void)state;
    assert_string_equal(nearest("lisen"), "listen");   /* one left out */
    assert_string_equal(nearest("llisten"), "listen"); /* one too many */
    assert_string_equal(nearest("lusten"), "listen");  /* another one */
    assert_string_equal(nearest("litsen"), "listen");  /* two swapped */
    assert_string_equal(nearest("LISTEN"), "listen");
    assert_string_equal(nearest("demo-page"), "demo_page");
    assert_string_equal(nearest("maxsize"), "max_size");
    assert_string_equal(nearest("token_file"), "tokens_file");
}

static void finds_words_cut_short_or_too_long(void **state)
{
    (void)state;
    assert_string_equal(nearest("warning"), "warn");
    assert_string_equal(nearest("err"), "error");
    assert_string_equal(nearest("tokens"), "tokens_file");
}

static void takes_the_nearest_of_several(void **state)
{
    (void)state;
    assert_string_equal(nearest("eror"), "error");
    assert_string_equal(nearest("on_eror"), "on_error");
}

static void suggests_nothing_for_other_words(void **state)
{
    (void)state;
    assert_null(nearest("compression"));
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(nearest("a_word_that_is_far_longer_than_any_name_in_any_table_could_ever_be"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_slips_of_every_kind),
        cmocka_unit_test(finds_words_cut_short_or_too_long),
        cmocka_unit_test(takes_the_nearest_of_several),
        cmocka_unit_test(suggests_nothing_for_other_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
