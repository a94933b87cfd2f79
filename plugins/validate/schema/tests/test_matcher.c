/*
 * Patterns whose matches are bounded, each and all together.
 */
#include "../schema_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define BOMB "^(a+)+$"

static pcre2_code *compile(const char *pattern)
{
    char error[160];
    struct arena arena;
    arena_init(&arena, 1 << 20, malloc, free);
    pcre2_code *code =
        pattern_compile((struct json_text){pattern, strlen(pattern)}, &arena, error, sizeof error);
    if (code == NULL)
        fail_msg("%s: %s", pattern, error);
    arena_deinit(&arena);
    return code;
}

static enum match match(struct matcher *matcher, const pcre2_code *code, const char *text)
{
    return matcher_match(matcher, code, (struct json_text){text, strlen(text)});
}

static void tells_matches_from_others(void **state)
{
    struct matcher matcher;
    pcre2_code *code = compile("b+$");
    (void)state;
    assert_true(matcher_init(&matcher, 1000));
    assert_int_equal(match(&matcher, code, "abb"), MATCH_YES);
    assert_int_equal(match(&matcher, code, "bba"), MATCH_NO);
    assert_int_equal(matcher_match(&matcher, code, (struct json_text){NULL, 0}), MATCH_NO);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

static void a_bomb_is_given_up(void **state)
{
    struct matcher matcher;
    pcre2_code *code = compile(BOMB);
    (void)state;
    assert_true(matcher_init(&matcher, 100000));
    assert_int_equal(match(&matcher, code, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
                     MATCH_TOO_LONG);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

/* 2^14 steps each, which is allowed; the 24th or so of them is not. */
static void many_matches_below_the_limit_use_up_the_budget(void **state)
{
    struct matcher matcher;
    pcre2_code *code = compile(BOMB);
    int tries = 0;
    (void)state;
    assert_true(matcher_init(&matcher, 100000));
    while (tries < 1000 && match(&matcher, code, "aaaaaaaaaaaaaaab") == MATCH_NO)
        tries++;
    assert_in_range(tries, 1, 999);
    assert_int_equal(match(&matcher, code, "aaaaaaaaaaaaaaab"), MATCH_TOO_LONG);
    matcher_begin(&matcher, 0);
    assert_int_equal(match(&matcher, code, "aaaaaaaaaaaaaaab"), MATCH_NO);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

/* PCRE2's own limit begins anew wherever a match may begin. */
static void a_text_of_many_bombs_is_one_bomb(void **state)
{
    enum { SIZE = 64 * 1024 };
    struct matcher matcher;
    pcre2_code *code = compile("(?:a+)+$");
    char *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = "aaaaaaaaaaaaaab "[i % 16];
    assert_true(matcher_init(&matcher, 100000));
    matcher_begin(&matcher, SIZE);
    assert_int_equal(matcher_match(&matcher, code, (struct json_text){text, SIZE}), MATCH_TOO_LONG);
    free(text);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

/* What PCRE2 does not count at all: each start, and each "foo", is a walk to the end. */
static void walks_along_the_text_are_counted(void **state)
{
    enum { SIZE = 256 * 1024 };
    static const char *const patterns[] = {"\\d+z", "^.*1.*2.*3", "1.*z1"};
    struct matcher matcher;
    char *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    memset(text, '1', SIZE);
    memcpy(text + SIZE - 6, " 3 2 z", 6); /* else PCRE2 sees at once that something is missing */
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        pcre2_code *code = compile(patterns[i]);
        assert_true(matcher_init(&matcher, 100000));
        matcher_begin(&matcher, SIZE);
        assert_int_equal(matcher_match(&matcher, code, (struct json_text){text, SIZE}),
                         MATCH_TOO_LONG);
        matcher_deinit(&matcher);
        pcre2_code_free(code);
    }
    free(text);
}

static void text_that_is_no_utf_8_does_not_pass(void **state)
{
    struct matcher matcher;
    pcre2_code *code = compile("a");
    (void)state;
    assert_true(matcher_init(&matcher, 1000));
    assert_int_equal(match(&matcher, code, "\xff"), MATCH_TOO_LONG);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

static void harmless_patterns_have_enough_for_a_long_text(void **state)
{
    enum { SIZE = 64 * 1024, PATTERNS = 16 };
    static const char words[] = "now is the time for no needles, and the pins are in the pink; ";
    struct matcher matcher;
    pcre2_code *code = compile("(?:needle|pin)s?$");
    char *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = words[i % (sizeof words - 1)];
    assert_true(matcher_init(&matcher, 100000));
    matcher_begin(&matcher, SIZE);
    for (int i = 0; i < PATTERNS; i++)
        assert_int_equal(matcher_match(&matcher, code, (struct json_text){text, SIZE}), MATCH_NO);
    free(text);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

static void a_group_may_repeat_along_a_long_text(void **state)
{
    enum { SIZE = 64 * 1024 };
    struct matcher matcher;
    pcre2_code *code = compile("^(?:a|b)*$");
    char *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = "ab"[i % 2];
    assert_true(matcher_init(&matcher, 100000));
    matcher_begin(&matcher, SIZE);
    assert_int_equal(matcher_match(&matcher, code, (struct json_text){text, SIZE}), MATCH_YES);
    free(text);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_matches_from_others),
        cmocka_unit_test(a_bomb_is_given_up),
        cmocka_unit_test(many_matches_below_the_limit_use_up_the_budget),
        cmocka_unit_test(a_text_of_many_bombs_is_one_bomb),
        cmocka_unit_test(walks_along_the_text_are_counted),
        cmocka_unit_test(text_that_is_no_utf_8_does_not_pass),
        cmocka_unit_test(a_group_may_repeat_along_a_long_text),
        cmocka_unit_test(harmless_patterns_have_enough_for_a_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
