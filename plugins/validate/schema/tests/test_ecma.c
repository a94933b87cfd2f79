/*
 * What patterns mean is what ECMA-262 says with the u flag, where PCRE2 has another opinion too.
 */
#include "../schema_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* NULL if the pattern is refused, with a sentence in `error`. */
static pcre2_code *compile(const char *pattern, char error[160])
{
    struct arena arena;
    arena_init(&arena, 1 << 20, malloc, free);
    struct json_text text = {pattern, strlen(pattern)};
    pcre2_code *code = pattern_compile(text, &arena, error, 160);
    if (pattern_is_valid(text, &arena) != (code != NULL))
        fail_msg("%s: compiling and asking whether it is valid differ", pattern);
    arena_deinit(&arena);
    return code;
}

static bool matches(const char *pattern, const char *text)
{
    char error[160];
    struct matcher matcher;
    pcre2_code *code = compile(pattern, error);
    if (code == NULL)
        fail_msg("%s: %s", pattern, error);
    assert_true(matcher_init(&matcher, 100000));
    enum match match = matcher_match(&matcher, code, (struct json_text){text, strlen(text)});
    assert_int_not_equal(match, MATCH_TOO_LONG);
    pcre2_code_free(code);
    matcher_deinit(&matcher);
    return match == MATCH_YES;
}

static void assert_matches(const char *pattern, const char *text)
{
    if (!matches(pattern, text))
        fail_msg("%s does not match \"%s\"", pattern, text);
}

static void assert_no_match(const char *pattern, const char *text)
{
    if (matches(pattern, text))
        fail_msg("%s matches \"%s\"", pattern, text);
}

static void assert_refused(const char *pattern, const char *expected)
{
    char error[160] = "";
    pcre2_code *code = compile(pattern, error);
    if (code != NULL || strstr(error, expected) == NULL)
        fail_msg("%s: expected \"%s\" in: %s", pattern, expected,
                 code != NULL ? "nothing, it was taken" : error);
}

static void surrogates_are_halves_of_characters(void **state)
{
    (void)state;
    assert_matches("^\\ud83d\\ude00$", "\360\237\230\200");
    assert_matches("^[\\ud83d\\ude00]$", "\360\237\230\200");
    assert_matches("^[\\ud83d\\ude00-\\ud83d\\ude4f]$", "\360\237\231\217");
    assert_no_match("^[\\ud83d\\ude00-\\ud83d\\ude4f]$", "\360\237\231\220");
    assert_matches("^[\\u{1f600}]$", "\360\237\230\200");
    assert_matches("^\\u{0001f600}+$", "\360\237\230\200\360\237\230\200");
    /* Alone they are no character of any text. */
    assert_no_match("[\\ud800]", "\360\237\230\200");
    assert_no_match("\\ud800", "\360\237\230\200");
    assert_matches("^\\ud800*$", "");
    assert_matches("^[^\\ud800]$", "\360\237\230\200");
    assert_matches("^[\\ud000-\\udfff]$", "\355\200\200");
    assert_matches("^[\\udc00-\\uffff]$", "\356\200\200");
    assert_no_match("^[\\udc00-\\uffff]$", "\355\237\277");
    assert_refused("[\\ud83d\\ude4f-\\ud83d\\ude00]", "out of order");
}

static void a_dot_is_anything_but_an_end_of_line(void **state)
{
    (void)state;
    assert_no_match("^.$", "\n");
    assert_no_match("^.$", "\r");
    assert_no_match("^.$", "\342\200\250");
    assert_no_match("^.$", "\342\200\251");
    assert_matches("^.$", "\302\205"); /* NEL is none of them */
    assert_matches("^.$", "\v");
    assert_matches("^.$", "\360\237\230\200");
    assert_matches("^[.]$", ".");
    assert_no_match("^[.]$", "a");
    assert_matches("^[^]$", "\n");
    assert_no_match("[]", "a");
    assert_matches("^[]*$", "");
    assert_matches("^[\\ud800]?a$", "a");
}

static void escapes_of_characters_are_single_characters(void **state)
{
    (void)state;
    assert_matches("^\\v$", "\v");
    assert_no_match("^\\v$", "\n");
    assert_no_match("^[\\v]$", "\f");
    assert_matches("^[\\f\\n\\r\\t\\v]{5}$", "\v\t\r\n\f");
    assert_matches("^\\cJ\\cj$", "\n\n");
    assert_matches("^\\x41\\u0042\\u{43}$", "ABC");
    assert_matches("^[\\b]$", "\b");
    assert_matches("\\bword\\b", "a word.");
    assert_matches("^\\$\\^\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|\\/\\\\$", "$^.*+?()[]{}|/\\");
    assert_matches("^[\\-a]+$", "-a");
    assert_matches("^[a-]+$", "-a");
    assert_matches("^[[:alpha:]+$", "[:alph");
    assert_matches("^a#b c$", "a#b c");
    assert_refused("\\a", "does not know");
    assert_refused("\\e", "does not know");
    assert_refused("\\h", "does not know");
    assert_refused("\\R", "does not know");
    assert_refused("\\Qa\\E", "does not know");
    assert_refused("\\-", "does not know");
    assert_refused("\\01", "octal");
    assert_refused("[\\1]", "does not know");
    assert_refused("\\x4", "\\x has no");
    assert_refused("\\x{41}", "\\x has no");
    assert_refused("\\u004", "\\u has neither");
    assert_refused("\\u{110000}", "\\u has neither");
    assert_refused("\\u{}", "\\u has neither");
    assert_refused("\\c1", "\\c has no letter");
    assert_refused("a\\", "last backslash");
}

static void sets_are_those_of_unicode_or_ascii_as_it_says(void **state)
{
    (void)state;
    assert_matches("^\\s$", "\302\240");
    assert_matches("^[\\s]$", "\357\273\277");
    assert_no_match("^\\S$", "\342\200\250");
    assert_no_match("^[\\S]$", "\302\240");
    assert_no_match("^[\\S]$", " ");
    assert_matches("^[\\S]$", "\342\202\254");
    assert_matches("^[^\\S]$", "\342\200\251");
    assert_no_match("^\\d$", "\331\241");
    assert_no_match("^\\w$", "\303\251");
    assert_matches("^[\\D\\W]$", "\303\251");
    assert_matches("^\\p{Letter}\\p{L}\\p{gc=Lu}\\p{General_Category=Ll}$", "\303\251aAb");
    assert_matches("^\\p{Script=Greek}\\p{sc=Grek}\\P{scx=Greek}$", "\316\261\316\262a");
    assert_matches("^[\\p{Lu}\\p{ASCII}]+$", "\303\211a");
    assert_matches("^\\p{Alphabetic}\\p{Emoji_Presentation}\\p{Any}\\p{Assigned}$",
                   "a\360\237\230\200bc");
    assert_matches("^\\P{Assigned}$", "\315\270");
    assert_refused("\\p{Greek}", "no such property");
    assert_refused("\\p{L&}", "no such property");
    assert_refused("\\p{Xan}", "no such property");
    assert_refused("\\p{letter}", "no such property");
    assert_refused("\\p{gc=Any}", "no such property");
    assert_refused("\\p{sc=}", "");
    assert_refused("\\pL", "\\p has no property");
    assert_refused("\\p{L", "\\p has no property");
    assert_refused("[\\d-z]", "begins or ends with a set");
    assert_refused("[a-\\d]", "begins or ends with a set");
}

static void what_pcre2_knows_beyond_is_refused(void **state)
{
    static const char *const possessive[] = {"a*+", "a++", "a?+", "a{2}+", "a**", "a*?+", "(a)*+"};
    static const char *const groups[] = {"(?>a)",    "(?i)a",   "(?i:a)", "(*FAIL)",
                                         "(?P<n>a)", "(?|a)",   "(?#x)",  "(?R)",
                                         "(?1)",     "(?'n'a)", "(?",     "(?C1)"};
    (void)state;
    for (size_t i = 0; i < sizeof possessive / sizeof *possessive; i++)
        assert_refused(possessive[i], "possessive");
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        assert_refused(groups[i], "group that ECMA-262 does not know");
    assert_refused("*a", "nothing to repeat");
    assert_refused("^*", "nothing to repeat");
    assert_refused("(?=a)*", "nothing to repeat");
    assert_refused("\\b+", "nothing to repeat");
    assert_refused("a{", "neither part of a quantifier");
    assert_refused("a{,2}", "neither part of a quantifier");
    assert_refused("a{2,1}", "out of order");
    assert_refused("a{65536}", "65535");
    assert_refused("{", "stands alone");
    assert_refused("a}", "stands alone");
    assert_refused("]", "stands alone");
    assert_refused("[a", "not closed");
    assert_refused("(a", "not closed");
    assert_refused("a)", "not opened");
    assert_refused("[b-a]", "out of order");
}

/* 22.2.2.9: a reference to a group without a capture matches; 22.2.2.3.1: repeating forgets. */
static void groups_that_did_not_take_part_are_empty(void **state)
{
    (void)state;
    assert_matches("^(?:(a)|b)\\1$", "b");
    assert_matches("^(?:(a)|b)*\\1$", "ab");
    assert_no_match("^(?:(a)|b)*\\1$", "aba!");
    assert_no_match("^(?:(a)|b){2}\\1$", "aba");
    assert_matches("^(?:(a)|b)*\\1$", "baa");
    assert_matches("^(?:(a)?b)*\\1$", "abb");
    assert_no_match("^(?:(a)?b){2}\\1$", "abba");
    assert_matches("^(?:(a)??b){2}\\1$", "abb");
    assert_no_match("^(?:(a)??b){2}\\1$", "abba");
    assert_matches("^(?:(a){0}b)\\1$", "b");
    assert_matches("^(a){0}\\1+b$", "b");
    assert_matches("^(?:(a)|(b)|c){3}\\1\\2$", "abc");
    assert_no_match("^(?:(a)|(b)|c){3}\\1\\2$", "abcab");
    assert_matches("^(?:(a)|(b)|c){3}\\1\\2$", "cabb");
    assert_matches("^(?:(?:(a)|b)c\\1)*$", "acabc");
    assert_no_match("^(?:(?:(a)|b)c\\1)*$", "acabca");
    /* Before the end of the group there is no capture, however often it was repeated. */
    assert_matches("^\\1(a)$", "a");
    assert_matches("^(a\\1)$", "a");
    assert_matches("^(?:\\1(a)){3}$", "aaa");
    assert_no_match("^(?:\\1(a)){2}$", "aaaa");
    assert_matches("^(?:\\2b|(c)(d))+$", "cdbcdb");
    assert_matches("^(?!(a)b)a\\1c$", "ac");
    assert_matches("^(?!(b))\\1+a$", "a");
    assert_matches("^(?!(a)\\1)aba$", "aba");
    assert_no_match("^(?!(a)\\1)a*$", "aa");
}

static void references_name_groups_by_number_or_name(void **state)
{
    (void)state;
    assert_matches("^(x)(?<quote>['\"])a\\2\\k<quote>$", "x'a''");
    assert_matches("^\\k<n>(?<n>a)\\k<n>$", "aa");
    assert_matches("^(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10\\3$", "abcdefghijjc");
    assert_matches("^(?<$_1>a)$", "a");
    assert_matches("^(a)\\1{2}$", "aaa");
    assert_matches("^(a|ab)(c|bcd)(d*)\\1$", "abcda");
    assert_refused("\\1", "group that is not there");
    assert_refused("(a)\\2", "group that is not there");
    assert_refused("(a)\\99999999999999999999", "group that is not there");
    assert_refused("\\k<n>", "group that is not there");
    assert_refused("\\k", "no name of a group");
    assert_refused("(?<n>a)(?<n>b)", "the same name");
    assert_refused("(?<1>a)", "name of a group is no identifier");
    assert_refused("(?<>a)", "name of a group is no identifier");
}

/* A message may hold any pattern, for "format": "regex". */
static void patterns_without_measure_are_refused_or_cheap(void **state)
{
    enum { SIZE = 60000 };
    static const char *const pieces[] = {"(",   "(?:",    "[",        "(a)|", "\\S", "[\\S]",
                                         "(?=", "\\p{L}", "(a)?|\\1", "{",    "|",   "(?<a>"};
    char *text = malloc(SIZE + 16);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct arena arena;
        size_t len = strlen(pieces[i]);
        size_t at = 0;
        for (; at + len <= SIZE; at += len)
            memcpy(text + at, pieces[i], len);
        arena_init(&arena, 16 << 20, malloc, free);
        (void)pattern_is_valid((struct json_text){text, at}, &arena);
        arena_deinit(&arena);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surrogates_are_halves_of_characters),
        cmocka_unit_test(a_dot_is_anything_but_an_end_of_line),
        cmocka_unit_test(escapes_of_characters_are_single_characters),
        cmocka_unit_test(sets_are_those_of_unicode_or_ascii_as_it_says),
        cmocka_unit_test(what_pcre2_knows_beyond_is_refused),
        cmocka_unit_test(groups_that_did_not_take_part_are_empty),
        cmocka_unit_test(references_name_groups_by_number_or_name),
        cmocka_unit_test(patterns_without_measure_are_refused_or_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
