#include "config/typed.h"
#include "config/errors.h"

static struct diagnostics errors;
static struct yaml_node *tree;

/* What a text's node is read as; the node stays until the next one. */
static struct typed typed_of(const char *text)
{
    struct yaml_source source = {.file = "t.yaml", .data = text, .len = strlen(text)};
    yaml_node_destroy(tree);
    tree = NULL;
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &tree), OK);
    return (struct typed){.node = tree, .name = "x", .diagnostics = &errors};
}

static int free_tree(void **state)
{
    (void)state;
    yaml_node_destroy(tree);
    tree = NULL;
    return 0;
}

static const struct bounds unbounded = {0, 0};

static void reads_each_notation(void **state)
{
    (void)state;
    bool flag = false;
    int64_t integer = 0;
    double number = 0;
    const char *text = NULL;
    struct typed typed = typed_of("true");
    assert_int_equal(typed_bool(&typed, &flag), OK);
    assert_true(flag);
    typed = typed_of("-7");
    assert_int_equal(typed_integer(&typed, unbounded, &integer), OK);
    assert_int_equal(integer, -7);
    typed = typed_of("250ms");
    assert_int_equal(typed_duration(&typed, unbounded, &integer), OK);
    assert_int_equal(integer, 250000000);
    typed = typed_of("64KiB");
    assert_int_equal(typed_size(&typed, unbounded, &integer), OK);
    assert_int_equal(integer, 65536);
    typed = typed_of("1.5");
    assert_int_equal(typed_number(&typed, unbounded, &number), OK);
    assert_true(number == 1.5);
    typed = typed_of("30/m");
    assert_int_equal(typed_rate(&typed, unbounded, &number), OK);
    assert_true(number == 0.5);
    typed = typed_of("''");
    assert_int_equal(typed_text(&typed, &text), OK);
    assert_string_equal(text, "");
    assert_errors(&errors, "");
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    const struct bounds bounds = {1e6, 1e9};
    int64_t value = 5;
    static const char *const good[] = {"1ms", "1s"}, *const bad[] = {"999us", "1001ms"};
    for (size_t i = 0; i < 2; i++) {
        struct typed typed = typed_of(good[i]);
        assert_int_equal(typed_duration(&typed, bounds, &value), OK);
        assert_errors(&errors, "");
    }
    for (size_t i = 0; i < 2; i++) {
        char expected[128];
        struct typed typed = typed_of(bad[i]);
        value = 5;
        assert_int_equal(typed_duration(&typed, bounds, &value), ERR_CONFIG);
        assert_int_equal(value, 5);
        snprintf(expected, sizeof expected,
                 "1:1 x: %s is out of range; it must be from 1ms to 1s\n", bad[i]);
        assert_errors(&errors, expected);
    }
}

static void says_what_to_write_instead(void **state)
{
    (void)state;
    bool flag;
    int64_t integer;
    double number;
    struct typed typed = typed_of("on");
    assert_int_equal(typed_bool(&typed, &flag), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: \"on\" is not true or false; write true\n");
    typed = typed_of("'false'");
    assert_int_equal(typed_bool(&typed, &flag), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: \"false\" is not true or false; write false without quotes\n");
    typed = typed_of("maybe");
    assert_int_equal(typed_bool(&typed, &flag), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: \"maybe\" is not true or false; write true or false\n");
    typed = typed_of("10");
    assert_int_equal(typed_duration(&typed, unbounded, &integer), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: \"10\" is not a duration; write a whole number with its unit, "
                           "such as 250ms, 5s, 2m or 1h\n");
    typed = typed_of("50");
    assert_int_equal(typed_rate(&typed, unbounded, &number), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: \"50\" is not a rate; write how many in which time, such as "
                           "50/s, 1000/m or 10/h\n");
    typed = typed_of("99999999999999999999");
    assert_int_equal(typed_integer(&typed, unbounded, &integer), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: 99999999999999999999 is too large\n");
}

static void what_is_missing_or_no_scalar_is_named(void **state)
{
    (void)state;
    const char *text;
    int64_t integer;
    struct typed typed = typed_of("~");
    assert_int_equal(typed_text(&typed, &text), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: has no value; a text is expected\n");
    typed = typed_of("[a]");
    assert_int_equal(typed_integer(&typed, unbounded, &integer), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: is a list; an integer is expected\n");
    diagnostics_init(&errors);
    typed.node = NULL;
    typed.where = (struct position){.file = "t.yaml", .line = 4, .column = 2};
    assert_int_equal(typed_size(&typed, unbounded, &integer), ERR_CONFIG);
    assert_errors(&errors, "4:2 x: has no value; a size is expected\n");
}

static void what_was_reported_is_not_reported_again(void **state)
{
    (void)state;
    const char *text;
    struct typed typed = typed_of("a");
    tree->broken = true;
    assert_int_equal(typed_text(&typed, &text), ERR_CONFIG);
    assert_int_equal(typed_kind(&typed, NODE_MAPPING), ERR_CONFIG);
    assert_errors(&errors, "");
}

static void a_null_is_an_empty_one_of_each_kind(void **state)
{
    (void)state;
    struct typed typed = typed_of("~");
    assert_int_equal(typed_kind(&typed, NODE_MAPPING), OK);
    assert_int_equal(typed_kind(&typed, NODE_SEQUENCE), OK);
    typed = typed_of("{}");
    assert_int_equal(typed_kind(&typed, NODE_MAPPING), OK);
    assert_int_equal(typed_kind(&typed, NODE_SEQUENCE), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: is a mapping; a list is expected\n");
}

static void lengths_are_bytes(void **state)
{
    (void)state;
    const struct bounds bounds = {2, 4};
    struct typed typed = typed_of("a");
    assert_int_equal(typed_length(&typed, bounds, 2), OK);
    assert_int_equal(typed_length(&typed, bounds, 4), OK);
    assert_int_equal(typed_length(&typed, unbounded, 1000), OK);
    assert_int_equal(typed_length(&typed, bounds, 1), ERR_CONFIG);
    assert_int_equal(typed_length(&typed, bounds, 5), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: is 1 bytes long; it must be from 2 to 4 bytes\n"
                           "1:1 x: is 5 bytes long; it must be from 2 to 4 bytes\n");
}

static void an_unknown_choice_names_the_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"drop", "delay", "close"};
    struct typed typed = typed_of("a");
    assert_int_equal(typed_unknown_choice(&typed, "dropp", names, 3), ERR_CONFIG);
    assert_int_equal(typed_unknown_choice(&typed, "xyz", names, 3), ERR_CONFIG);
    assert_errors(&errors, "1:1 x: \"dropp\" is not known; did you mean \"drop\"? (one of: drop, "
                           "delay, close)\n"
                           "1:1 x: \"xyz\" is not known; write one of: drop, delay, close\n");
}

static void quotes_no_more_than_64_bytes(void **state)
{
    (void)state;
    int64_t integer;
    char text[101] = "", expected[160];
    memset(text, 'y', 100);
    struct typed typed = typed_of(text);
    assert_int_equal(typed_integer(&typed, unbounded, &integer), ERR_CONFIG);
    snprintf(expected, sizeof expected, "1:1 x: \"%.64s\" is not an integer\n", text);
    assert_errors(&errors, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_each_notation, free_tree),
        cmocka_unit_test_teardown(bounds_are_inclusive, free_tree),
        cmocka_unit_test_teardown(says_what_to_write_instead, free_tree),
        cmocka_unit_test_teardown(what_is_missing_or_no_scalar_is_named, free_tree),
        cmocka_unit_test_teardown(what_was_reported_is_not_reported_again, free_tree),
        cmocka_unit_test_teardown(a_null_is_an_empty_one_of_each_kind, free_tree),
        cmocka_unit_test_teardown(lengths_are_bytes, free_tree),
        cmocka_unit_test_teardown(an_unknown_choice_names_the_nearest, free_tree),
        cmocka_unit_test_teardown(quotes_no_more_than_64_bytes, free_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
