/*
 * What counts as JSON, and what does not, however it is dressed.
 */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static void assert_all(const char *options, const char *const *texts, size_t count, int expected)
{
    struct fake_instance *instance = instance_with(options);
    for (size_t i = 0; i < count; i++) {
        int outcome = send_text(instance, texts[i]);
        if (outcome != expected)
            fail_msg("%s met %d, not %d: %s", texts[i], outcome, expected, last_reason());
    }
    fake_instance_destroy(instance);
}

#define ASSERT_ALL(options, texts, expected)                                                       \
    assert_all(options, texts, sizeof(texts) / sizeof((texts)[0]), expected)

static void takes_what_rfc_8259_calls_json(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "\"\"",
        " \t\r\n[ ] \n",
        "{\"a\":[1,-2.5,3e10,4E-2,5.0e+1,\"x\",true,false,null,{}]}",
        "\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\ud83d\\ude00\"",
        "\"\xc3\xa9 \xf0\x9f\x98\x80 \x7f\"",
        "\"a value may hold \\u0000\"",
        "{\"twice\":1,\"twice\":2}",
        "123456789012345678901234567890123456789012345678901234567890123",
        "1e999",
    };
    ASSERT_ALL("{json: true}", texts, 0);
}

static void refuses_broken_structure(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",        " ",         "{",         "}",           "[",        "]",     "[1,]",
        "[,1]",    "[1 2]",     "[1,,2]",    "{\"a\"}",     "{\"a\":}", "{:1}",  "{\"a\":1,}",
        "{a:1}",   "{1:2}",     "[1}",       "{\"a\":1]",   "[[]",      "[]]",   "{} {}",
        "1 2",     "[] x",      "{}garbage", "{\"a\" 1}",   "[1:2]",    ",",     ":",
        "\"a\":1", "{\"a\",1}", "[\"a\":1]", "{\"a\":1:2}", "[] ,",     "null,",
    };
    ASSERT_ALL("{json: true}", texts, 1007);
}

/* NOLINTNEXTLINE(readability-function-size): a table */
static void refuses_what_looks_like_a_token_but_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "tru",
        "True",
        "nul",
        "nulll",
        "NaN",
        "Infinity",
        "-",
        "-a",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "-.5",
        "1e",
        "1e+",
        "1.e5",
        "0x10",
        "1-2",
        "1.2.3",
        "[1-2]",
        "'a'",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"tab\there\"",
        "\"line\nfeed\"",
        "\"\x01\"",
        "\x01[]",
        "[]\x0b",
        "[\x0c]",
        "\xef\xbb\xbf{}",
        "// no\n{}",
        "{} /* no */",
        "truefalse",
        "[truefalse]",
        "[\"a\"\"b\"]",
    };
    ASSERT_ALL("{json: true}", texts, 1007);
}

static void nul_bytes_end_nothing(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{json: true}");
    assert_int_equal(send_bytes(instance, SL_TEXT, "{}\0", 3), 1007);
    assert_int_equal(send_bytes(instance, SL_TEXT, "\0{}", 3), 1007);
    assert_int_equal(send_bytes(instance, SL_TEXT, "{}\0garbage", 10), 1007);
    assert_int_equal(send_bytes(instance, SL_TEXT, "\"a\0b\"", 5), 1007);
    assert_int_equal(send_bytes(instance, SL_TEXT, "[1\0]", 4), 1007);
    assert_int_equal(send_bytes(instance, SL_TEXT, "\"\\\0\"", 4), 1007);
    fake_instance_destroy(instance);
}

static void counts_depth_to_the_last_level(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{json: true, max_depth: 3}");
    assert_int_equal(send_text(instance, "[{\"a\":[]},[[]]]"), 0);
    assert_int_equal(send_text(instance, "[[[[]]]]"), 1008);
    assert_int_equal(send_text(instance, "{\"a\":{\"a\":{\"a\":{}}}}"), 1008);
    assert_int_equal(send_text(instance, "\"[[[[[[\""), 0);
    fake_instance_destroy(instance);
}

static void deep_and_huge_texts_are_refused_before_they_cost_anything(void **state)
{
    (void)state;
    size_t size = 4 * 1024 * 1024;
    char *text = malloc(size);
    assert_non_null(text);
    struct fake_instance *instance = instance_with("{json: true, max_string: 4MiB}");
    memset(text, '[', size);
    assert_int_equal(send_bytes(instance, SL_TEXT, text, size), 1008);
    for (size_t i = 1; i < size; i++)
        text[i] = i % 2 == 0 ? ',' : '0';
    text[size - 1] = ']';
    assert_int_equal(send_bytes(instance, SL_TEXT, text, size), 1009);
    memset(text, '\\', size);
    text[0] = text[size - 1] = '"';
    assert_int_equal(send_bytes(instance, SL_TEXT, text, size - 1), 1007);
    assert_int_equal(send_bytes(instance, SL_TEXT, text, size), 0);
    memset(text, ' ', size);
    assert_int_equal(send_bytes(instance, SL_TEXT, text, size), 1007);
    fake_instance_destroy(instance);
    free(text);
}

static void the_deepest_depth_that_can_be_allowed_is_parsed(void **state)
{
    (void)state;
    char text[2002];
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1001);
    struct fake_instance *instance = instance_with("{json: true, max_depth: 1000}");
    assert_int_equal(send_bytes(instance, SL_TEXT, text + 1, 2000), 0);
    assert_int_equal(send_bytes(instance, SL_TEXT, text, 2002), 1008);
    fake_instance_destroy(instance);
}

static void counts_values_but_not_names(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{json: true, max_values: 4}");
    assert_int_equal(send_text(instance, "{\"a\":1,\"b\":\"x\",\"c\":null}"), 0);
    assert_int_equal(send_text(instance, "[[[[]]]]"), 0);
    assert_int_equal(send_text(instance, "[1,2,3,4]"), 1009);
    fake_instance_destroy(instance);
}

#define ALL_TYPES                                                                                  \
    "{json: true, required: {s: string, n: number, i: integer, b: boolean, o: object, a: array, "  \
    "z: \"null\", x: any}}"

static void takes_members_of_the_right_types(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"s\":\"\",\"n\":1.5,\"i\":-3,\"b\":false,\"o\":{},\"a\":[],\"z\":null,\"x\":0}",
        "{\"x\":{},\"more\":1,\"z\":null,\"a\":[1],\"o\":{\"s\":1},\"b\":true,\"i\":1e3,\"n\":0,"
        "\"s\":\"\\u0000\"}",
        "{\"s\":\"\",\"n\":1,\"i\":9007199254740991,\"b\":true,\"o\":{},\"a\":[],\"z\":null,"
        "\"\\u0078\":1}",
    };
    ASSERT_ALL(ALL_TYPES, texts, 0);
}

static void refuses_members_of_other_types(void **state)
{
    (void)state;
    static const char *const integers[] = {
        "{\"i\":1.5}",   "{\"i\":\"1\"}", "{\"i\":9007199254740992}",
        "{\"i\":1e999}", "{\"i\":null}",  "{\"i\":true}",
        "{\"i\":[1]}",
    };
    ASSERT_ALL("{json: true, required: {i: integer}}", integers, 1008);
    static const char *const numbers[] = {"{\"n\":1e999}", "{\"n\":\"1\"}"};
    ASSERT_ALL("{json: true, required: {n: number}}", numbers, 1008);
    static const char *const strings[] = {"{\"s\":1}", "{\"s\":null}", "{\"s\":{}}"};
    ASSERT_ALL("{json: true, required: {s: string}}", strings, 1008);
    static const char *const booleans[] = {"{\"b\":0}", "{\"b\":\"true\"}"};
    ASSERT_ALL("{json: true, required: {b: boolean}}", booleans, 1008);
    static const char *const nulls[] = {"{\"z\":0}", "{\"z\":\"null\"}", "{}"};
    ASSERT_ALL("{json: true, required: {z: \"null\"}}", nulls, 1008);
}

static void refuses_other_tops_and_missing_members(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[]",         "\"a\"",     "null",        "1",
        "{}",         "{\"A\":1}", "[{\"a\":1}]", "{\"b\":{\"a\":1}}",
        "{\"aa\":1}", "{\"\":1}",
    };
    ASSERT_ALL("{json: true, required: {a: any}}", texts, 1008);
}

static void a_required_member_may_not_come_twice(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"type\":\"x\",\"type\":5}",
        "{\"type\":\"x\",\"type\":\"x\"}",
        "{\"type\":\"x\",\"ty\\u0070e\":5}",
    };
    ASSERT_ALL("{json: true, required: {type: string}}", texts, 1008);
}

static void a_nul_in_a_name_cannot_pass_for_another_name(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"type\\u0000x\":\"a\"}",
        "{\"type\\u0000\" :\"a\"}",
        "{\"\\u0000\":1,\"type\":\"a\"}",
    };
    ASSERT_ALL("{json: true, required: {type: string}}", texts, 1007);
}

static void limits_hold_to_the_last_byte_and_member(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{json: true, max_string: 4, max_number: 5, max_members: 2}");
    assert_int_equal(send_text(instance, "{\"four\":\"f\\u00e9r\",\"b\":12345}"), 0);
    assert_int_equal(send_text(instance, "[\"fiver\"]"), 1009);
    assert_string_equal(last_reason(), "A string has at most 4 bytes; the one at byte 1 has more");
    assert_int_equal(send_text(instance, "{\"fiver\":1}"), 1009);
    assert_int_equal(send_text(instance, "[\"\\ud83d\\ude00.\"]"), 1009);
    assert_int_equal(send_text(instance, "[123456]"), 1009);
    assert_string_equal(last_reason(),
                        "A number has at most 5 characters; the one at byte 1 has more");
    assert_int_equal(send_text(instance, "[{},{\"a\":1,\"b\":2,\"c\":3}]"), 1009);
    assert_string_equal(last_reason(), "An object has at most 2 members");
    fake_instance_destroy(instance);
}

static void two_members_of_one_name_are_refused_by_choice(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\":1,\"b\":2,\"a\":1}",
        "[[{\"x\":{},\"\\u0078\":{}}]]",
        "{\"\":1,\"\":2}",
    };
    ASSERT_ALL("{json: true}", texts, 0);
    ASSERT_ALL("{json: true, unique_members: true}", texts, 1008);
}

/* A worker, its arena's blocks: each allocation fails once, and then nothing passes. */
static void nothing_passes_while_there_is_no_memory_to_check_with(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,\"two\",{\"b\":null}],\"c\":\"d\"}";
    unsigned had = 1;
    for (int outcome = 1011; outcome != 0; had++) {
        struct fake_instance *instance = instance_with("{json: true, required: {a: array}}");
        fake_fail_allocation(had);
        outcome = send_text(instance, text);
        assert_true(outcome == 0 || outcome == 1011);
        fake_fail_allocation(0);
        assert_int_equal(send_text(instance, text), 0);
        fake_instance_destroy(instance);
    }
    assert_true(had > 3);
    assert_int_equal(fake_live_allocations(), 0);
}

int run_json_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_what_rfc_8259_calls_json, set_up),
        cmocka_unit_test_setup(refuses_broken_structure, set_up),
        cmocka_unit_test_setup(refuses_what_looks_like_a_token_but_is_none, set_up),
        cmocka_unit_test_setup(nul_bytes_end_nothing, set_up),
        cmocka_unit_test_setup(counts_depth_to_the_last_level, set_up),
        cmocka_unit_test_setup(deep_and_huge_texts_are_refused_before_they_cost_anything, set_up),
        cmocka_unit_test_setup(the_deepest_depth_that_can_be_allowed_is_parsed, set_up),
        cmocka_unit_test_setup(counts_values_but_not_names, set_up),
        cmocka_unit_test_setup(takes_members_of_the_right_types, set_up),
        cmocka_unit_test_setup(refuses_members_of_other_types, set_up),
        cmocka_unit_test_setup(refuses_other_tops_and_missing_members, set_up),
        cmocka_unit_test_setup(a_required_member_may_not_come_twice, set_up),
        cmocka_unit_test_setup(a_nul_in_a_name_cannot_pass_for_another_name, set_up),
        cmocka_unit_test_setup(limits_hold_to_the_last_byte_and_member, set_up),
        cmocka_unit_test_setup(two_members_of_one_name_are_refused_by_choice, set_up),
        cmocka_unit_test_setup(nothing_passes_while_there_is_no_memory_to_check_with, set_up),
    };
    return cmocka_run_group_tests_name("validate, JSON", tests, NULL, NULL);
}
