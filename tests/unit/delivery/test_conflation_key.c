#include "unit.h"

#include "delivery/conflation_key.h"
#include "failing_memory.h"

#include <stdlib.h>
#include <string.h>

static const struct siphash_key secret = {{1, 2}};

/* The text is read from memory that ends where it does. */
static uint64_t key_of(const char *pointer, const char *json)
{
    size_t len = strlen(json);
    char *copy = malloc(len > 0 ? len : 1);
    struct conflation_key *key = conflation_key_create(pointer);
    assert_non_null(key);
    assert_non_null(copy);
    memcpy(copy, json, len);
    uint64_t hash = conflation_key_of_json(key, &secret, copy, len);
    conflation_key_destroy(key);
    free(copy);
    return hash;
}

static uint64_t hash_of(const char *value)
{
    return siphash_1_3(&secret, value, strlen(value));
}

static void expect_key(const char *pointer, const char *json, const char *value)
{
    assert_int_equal(key_of(pointer, json), hash_of(value));
}

static void finds_a_member_wherever_it_stands(void **state)
{
    (void)state;
    expect_key("/symbol", "{\"symbol\":\"ABC\"}", "\"ABC\"");
    expect_key("/symbol", " {\t\"price\" : 1.5 ,\n\"symbol\" : \"ABC\" } ", "\"ABC\"");
    expect_key("/symbol", "{\"symbol\":17,\"x\":1}", "17");
    expect_key("/symbol", "{\"symbol\":null}", "null");
    expect_key("/symbol", "{\"a\":{\"symbol\":1},\"symbol\":2}", "2");
    expect_key("/symbol", "{\"a\":[1,{\"b\":[]},\"]}\"],\"symbol\":3}", "3");
    expect_key("/symbol", "{\"a\":\"\\\"symbol\\\":1\",\"symbol\":4}", "4");
    expect_key("/a/b", "{\"a\":{\"x\":1,\"b\":\"c\"}}", "\"c\"");
    expect_key("/a/1/b", "{\"a\":[0,{\"b\":5}]}", "5");
    expect_key("/0", "[\"x\"]", "\"x\"");
    expect_key("/", "{\"\":6}", "6");
    expect_key("/a~1b/c~0d", "{\"a/b\":{\"c~d\":7}}", "7");
    expect_key("/s", "{\"s\":\"a\\\"b\"}", "\"a\\\"b\"");
}

static void a_message_without_it_has_no_key(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "\"symbol\"",
        "{\"other\":1}",
        "text",
        "{\"symbol\"",
        "{\"symbol\":",
        "{symbol:1}",
        "{\"symbol\":{\"a\":1}}",
        "[1,2,3]",
        "{\"symbol\":[1]}",
        "{\"symbol\":\"ABC",
        "\xff\xfe",
        "{\"a\":1 \"symbol\":2}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(key_of("/symbol", texts[i]), CONFLATION_NO_KEY);
    assert_int_equal(key_of("/a/2", "{\"a\":[0,1]}"), CONFLATION_NO_KEY);
    assert_int_equal(key_of("/a/x", "{\"a\":[0,1]}"), CONFLATION_NO_KEY);
}

/* Cut anywhere, or with any byte wrong: it ends, and within the text. */
static void broken_texts_are_read_to_their_ends_at_most(void **state)
{
    static const char text[] = "{\"a\":[1,{\"b\\\"\":[]},\"]}\"],\"x\":{},\"symbol\":\"ABC\"}";
    char copy[sizeof text];
    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        (void)key_of("/symbol", copy);
        for (unsigned byte = 1; byte < 256; byte++) {
            memcpy(copy, text, sizeof text);
            copy[len] = (char)byte;
            copy[sizeof text - 1] = '\0';
            (void)key_of("/symbol/0", copy);
            (void)key_of("/symbol", copy);
        }
    }
}

static void deep_texts_are_no_deeper_for_the_stack(void **state)
{
    static char text[1u << 20];
    (void)state;
    memset(text, '[', sizeof text - 1);
    assert_int_equal(key_of("/symbol", text), CONFLATION_NO_KEY);
    memcpy(text, "{\"a\":", 5);
    assert_int_equal(key_of("/symbol", text), CONFLATION_NO_KEY);
}

static void says_what_it_is(void **state)
{
    (void)state;
    struct conflation_key *key = conflation_key_create("topic");
    assert_true(key->is_topic);
    assert_string_equal(key->text, "topic");
    conflation_key_destroy(key);
    key = conflation_key_create("/topic");
    assert_false(key->is_topic);
    assert_int_equal(key->depth, 1);
    conflation_key_destroy(key);
    conflation_key_destroy(NULL);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= 2; number++) {
        fail_allocation(number);
        assert_null(conflation_key_create("/a"));
        assert_true(end_failing_allocations());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_member_wherever_it_stands),
        cmocka_unit_test(a_message_without_it_has_no_key),
        cmocka_unit_test(broken_texts_are_read_to_their_ends_at_most),
        cmocka_unit_test(deep_texts_are_no_deeper_for_the_stack),
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
