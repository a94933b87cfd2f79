#include "config/schema.h"
#include "config/errors.h"
#include "failing_memory.h"

#include <stdlib.h>

enum colour { COLOUR_RED = 1, COLOUR_GREEN = 2 };

struct wheel {
    char *name;
    uint32_t spokes;
};

struct bicycle {
    bool is_fast;
    uint32_t gears;
    size_t weight;
    int64_t patience;
    enum colour colour;
    unsigned colours;
    char *owner;
    char *manual;
    struct position manual_position;
    char **tags;
    size_t tag_count;
    char **shops;
    size_t shop_count;
    uint32_t bells;
    struct wheel *spare;
    struct wheel *wheels;
    size_t wheel_count;
    const struct yaml_node *extras;
};

#define MEMBER(type, member)                                                                       \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define LIST(member, number)                                                                       \
    .offset = offsetof(struct bicycle, member), .count_offset = offsetof(struct bicycle, number)

static const struct choice colours[] = {
    {"red", COLOUR_RED}, {"green", COLOUR_GREEN}, {"blue", CHOICE_UNSUPPORTED}, {NULL, 0}};

static const struct field wheel_fields[] = {
    {.key = "name", .type = FIELD_STRING, .required = true, MEMBER(wheel, name)},
    {.key = "spokes", .type = FIELD_COUNT, .fallback = "36", MEMBER(wheel, spokes)},
};
static const struct schema wheel_schema = {wheel_fields, 2, sizeof(struct wheel)};

static const struct field bell_fields[] = {
    {.key = "count", .type = FIELD_COUNT, .fallback = "1", MEMBER(bicycle, bells)},
};
static const struct schema bell_schema = {bell_fields, 1, sizeof(struct bicycle)};

static int check_owner(const struct typed *typed, const char *text)
{
    return strcmp(text, "nobody") == 0 ? typed_error(typed, "owns nothing") : 0;
}

static const struct field bicycle_fields[] = {
    {.key = "fast", .type = FIELD_BOOL, .fallback = "true", MEMBER(bicycle, is_fast)},
    {.key = "gears",
     .type = FIELD_COUNT,
     .fallback = "3",
     .keyword = "none",
     .zero_allowed = true,
     .bounds = {2, 30},
     MEMBER(bicycle, gears)},
    {.key = "weight", .type = FIELD_SIZE, .bounds = {1, 1024}, MEMBER(bicycle, weight)},
    {.key = "patience", .type = FIELD_DURATION, .fallback = "5s", MEMBER(bicycle, patience)},
    {.key = "colour",
     .type = FIELD_CHOICE,
     .fallback = "green",
     .choices = colours,
     MEMBER(bicycle, colour)},
    {.key = "colours",
     .type = FIELD_FLAGS,
     .choices = (const struct choice[]){{"red", COLOUR_RED}, {"green", COLOUR_GREEN}, {NULL, 0}},
     MEMBER(bicycle, colours)},
    {.key = "owner", .type = FIELD_STRING, .check = check_owner, MEMBER(bicycle, owner)},
    {.key = "manual",
     .type = FIELD_PATH,
     .position_offset = offsetof(struct bicycle, manual_position),
     MEMBER(bicycle, manual)},
    {.key = "tags",
     .type = FIELD_STRINGS,
     .one_allowed = true,
     .bounds = {0, 3},
     LIST(tags, tag_count)},
    {.key = "shops", .type = FIELD_PATHS, LIST(shops, shop_count)},
    {.key = "bell", .type = FIELD_SECTION, .schema = &bell_schema},
    {.key = "spare", .type = FIELD_OBJECT, .schema = &wheel_schema, MEMBER(bicycle, spare)},
    {.key = "wheels",
     .type = FIELD_OBJECTS,
     .required = true,
     .schema = &wheel_schema,
     LIST(wheels, wheel_count)},
    {.key = "extras", .type = FIELD_NODE, MEMBER(bicycle, extras)},
    {.key = "motor", .type = FIELD_UNSUPPORTED},
};
static const struct schema bicycle_schema = {
    bicycle_fields, sizeof bicycle_fields / sizeof *bicycle_fields, sizeof(struct bicycle)};

#define LEAST "wheels: [{name: a}]\n"

static struct diagnostics errors;
static struct yaml_node *tree;

static void parse_tree(const char *text)
{
    struct yaml_source source = {.file = "t.yaml", .data = text, .len = strlen(text)};
    yaml_node_destroy(tree);
    tree = NULL;
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &tree), OK);
}

static int read_tree(struct bicycle *bicycle)
{
    struct walk walk = {.diagnostics = &errors, .folder = "/nowhere"};
    memset(bicycle, 0, sizeof *bicycle);
    return schema_read(&walk, &bicycle_schema, tree, (struct position){"t.yaml", 9, 9}, bicycle);
}

/* Reads a text without errors; schema_free is due. */
static struct bicycle read_good(const char *text)
{
    struct bicycle bicycle;
    parse_tree(text);
    assert_int_equal(read_tree(&bicycle), OK);
    assert_errors(&errors, "");
    return bicycle;
}

static void assert_refused(const char *text, const char *expected)
{
    struct bicycle bicycle;
    parse_tree(text);
    assert_int_equal(read_tree(&bicycle), OK);
    assert_errors(&errors, expected);
    schema_free(&bicycle_schema, &bicycle);
}

static int free_tree(void **state)
{
    (void)state;
    yaml_node_destroy(tree);
    tree = NULL;
    return 0;
}

static void absent_keys_get_their_defaults(void **state)
{
    (void)state;
    struct bicycle bicycle = read_good(LEAST);
    assert_true(bicycle.is_fast);
    assert_int_equal(bicycle.gears, 3);
    assert_int_equal(bicycle.weight, 0);
    assert_int_equal(bicycle.patience, 5000000000);
    assert_int_equal(bicycle.colour, COLOUR_GREEN);
    assert_int_equal(bicycle.colours, COLOUR_RED | COLOUR_GREEN); /* all of them */
    assert_null(bicycle.owner);
    assert_int_equal(bicycle.manual_position.line, 0);
    assert_int_equal(bicycle.tag_count, 0);
    assert_int_equal(bicycle.bells, 1); /* of a section that is not there */
    assert_null(bicycle.spare);
    assert_int_equal(bicycle.wheels[0].spokes, 36);
    assert_null(bicycle.extras);
    schema_free(&bicycle_schema, &bicycle);
}

static void each_type_reaches_its_member(void **state)
{
    (void)state;
    struct bicycle bicycle =
        read_good("{fast: false, gears: 30, weight: 1KiB, patience: 0, colour: red,\n"
                  " colours: [red], owner: ann, manual: m.txt, tags: [a, b], shops: [s, /t],\n"
                  " bell: {count: 2}, spare: {name: z, spokes: 8},\n"
                  " wheels: [{name: a}, {name: b}], extras: {any: 1}}\n");
    assert_false(bicycle.is_fast);
    assert_int_equal(bicycle.gears, 30);
    assert_int_equal(bicycle.weight, 1024);
    assert_int_equal(bicycle.patience, 0);
    assert_int_equal(bicycle.colour, COLOUR_RED);
    assert_int_equal(bicycle.colours, COLOUR_RED);
    assert_string_equal(bicycle.owner, "ann");
    assert_string_equal(bicycle.manual, "/nowhere/m.txt");
    assert_int_equal(bicycle.manual_position.line, 2);
    assert_int_equal(bicycle.tag_count, 2);
    assert_string_equal(bicycle.tags[1], "b");
    assert_string_equal(bicycle.shops[0], "/nowhere/s");
    assert_string_equal(bicycle.shops[1], "/t");
    assert_int_equal(bicycle.bells, 2);
    assert_int_equal(bicycle.spare->spokes, 8);
    assert_int_equal(bicycle.wheel_count, 2);
    assert_string_equal(bicycle.wheels[1].name, "b");
    assert_non_null(yaml_node_get(bicycle.extras, "any"));
    schema_free(&bicycle_schema, &bicycle);
}

static void zero_and_keywords_are_besides_the_bounds(void **state)
{
    (void)state;
    struct bicycle bicycle = read_good(LEAST "gears: 0\n");
    assert_int_equal(bicycle.gears, 0);
    schema_free(&bicycle_schema, &bicycle);
    bicycle = read_good(LEAST "gears: none\n");
    assert_int_equal(bicycle.gears, 0);
    schema_free(&bicycle_schema, &bicycle);
    assert_refused(LEAST "gears: 1\n", "2:8 gears: 1 is out of range; it must be from 2 to 30\n");
}

static void a_text_may_stand_for_a_list_of_one(void **state)
{
    (void)state;
    struct bicycle bicycle = read_good(LEAST "tags: fast\n");
    assert_int_equal(bicycle.tag_count, 1);
    assert_string_equal(bicycle.tags[0], "fast");
    schema_free(&bicycle_schema, &bicycle);
    assert_refused(LEAST "shops: one\n", "2:8 shops: is a single value; a list is expected\n");
}

static void errors_name_the_whole_way_and_reading_goes_on(void **state)
{
    (void)state;
    assert_refused("{gears: x, colour: blue, owner: nobody, tags: [a, '', c], motor: 1,\n"
                   " wheels: [{}, {name: a, spokes: many}, 5], colours: []}",
                   "1:9 gears: \"x\" is not an integer\n"
                   "1:20 colour: this version does not support \"blue\" yet\n"
                   "2:53 colours: is an empty list; name at least one\n"
                   "1:33 owner: owns nothing\n"
                   "1:51 tags.1: is empty\n"
                   "2:11 wheels.0.name: is missing; it is required\n"
                   "2:33 wheels.1.spokes: \"many\" is not an integer\n"
                   "2:40 wheels.2: is a single value; a mapping is expected\n"
                   "1:59 motor: this version does not support it yet; remove it\n");
    assert_refused("tags: [a, b, c, d]", "1:7 tags: has 4 entries; there may be 3\n"
                                         "1:1 wheels: is missing; it is required\n");
}

static void nothing_at_all_is_an_empty_mapping(void **state)
{
    (void)state;
    assert_refused("", "1:1 wheels: is missing; it is required\n");
    assert_refused("wheels: []", "1:9 wheels: is empty; at least one entry is needed\n");
    struct bicycle bicycle;
    free_tree(NULL);
    diagnostics_init(&errors);
    assert_int_equal(read_tree(&bicycle), OK);
    assert_errors(&errors, "9:9 wheels: is missing; it is required\n");
    schema_free(&bicycle_schema, &bicycle);
}

static int read_and_free(void *context)
{
    struct bicycle bicycle;
    (void)context;
    int error = read_tree(&bicycle);
    schema_free(&bicycle_schema, &bicycle);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    parse_tree("{owner: ann, manual: m, tags: [a, b], shops: [s], spare: {name: z},\n"
               " wheels: [{name: a}, {name: b}]}");
    assert_true(survive_failing_allocations(read_and_free, NULL) >= 10);
    assert_errors(&errors, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(absent_keys_get_their_defaults, free_tree),
        cmocka_unit_test_teardown(each_type_reaches_its_member, free_tree),
        cmocka_unit_test_teardown(zero_and_keywords_are_besides_the_bounds, free_tree),
        cmocka_unit_test_teardown(a_text_may_stand_for_a_list_of_one, free_tree),
        cmocka_unit_test_teardown(errors_name_the_whole_way_and_reading_goes_on, free_tree),
        cmocka_unit_test_teardown(nothing_at_all_is_an_empty_mapping, free_tree),
        cmocka_unit_test_teardown(survives_every_failing_allocation, free_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
