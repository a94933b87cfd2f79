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
    matcher_begin(&matcher);
    assert_int_equal(match(&matcher, code, "aaaaaaaaaaaaaaab"), MATCH_NO);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
}

static void long_texts_cost_harmless_patterns_no_budget_to_speak_of(void **state)
{
    enum { SIZE = 64 * 1024 };
    struct matcher matcher;
    pcre2_code *code = compile("(?:needle|pin)s?$");
    char *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    memset(text, 'n', SIZE);
    assert_true(matcher_init(&matcher, 100000));
    for (int i = 0; i < 64; i++)
        assert_int_equal(matcher_match(&matcher, code, (struct json_text){text, SIZE}), MATCH_NO);
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
        cmocka_unit_test(long_texts_cost_harmless_patterns_no_budget_to_speak_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
