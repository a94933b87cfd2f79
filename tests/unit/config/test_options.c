#include "config/options.h"
#include "config/errors.h"
#include "config/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const colours[] = {"red", "green", NULL};

static const struct sl_option rows[] = {
    {.name = "flag", .type = SL_OPTION_BOOL, .default_value = "true", .summary = "s"},
    {.name = "count", .type = SL_OPTION_INTEGER, .minimum = 1, .maximum = 10, .summary = "s"},
    {.name = "ratio", .type = SL_OPTION_NUMBER, .minimum = -1, .maximum = 1, .summary = "s"},
    {.name = "title", .type = SL_OPTION_STRING, .minimum = 2, .maximum = 5, .summary = "s"},
    {.name = "wait",
     .type = SL_OPTION_DURATION,
     .default_value = "250ms",
     .minimum = 1e6,
     .maximum = 60e9,
     .summary = "s"},
    {.name = "room", .type = SL_OPTION_SIZE, .minimum = 1024, .maximum = 1048576, .summary = "s"},
    {.name = "speed", .type = SL_OPTION_RATE, .minimum = 0.5, .maximum = 100, .summary = "s"},
    {.name = "colour", .type = SL_OPTION_CHOICE, .choices = colours, .summary = "s"},
    {.name = "words", .type = SL_OPTION_STRINGS, .maximum = 4, .summary = "s"},
    {.name = "colours",
     .type = SL_OPTION_STRINGS,
     .choices = colours,
     .default_value = "[green, red]",
     .summary = "s"},
    {.name = "file", .type = SL_OPTION_PATH, .summary = "s"},
    {.name = "password", .type = SL_OPTION_SECRET, .summary = "s"},
    {.name = "map", .type = SL_OPTION_MAP, .summary = "s"},
    {.name = "maps", .type = SL_OPTION_MAPS, .summary = "s"},
};
static const struct option_table table = {rows, sizeof rows / sizeof rows[0], sizeof rows[0]};

static struct diagnostics errors;
static char folder[] = "/tmp/sluice-options-XXXXXX";
static char config_file[64];

/* Makes options from a text as if it stood in `folder`/t.yaml. */
static int make_from(const struct option_table *from, const char *text, struct option_set **out)
{
    struct yaml_node *mapping = NULL;
    struct yaml_source source = {.file = config_file, .data = text, .len = strlen(text)};
    struct position where = {config_file, 9, 9};
    diagnostics_init(&errors);
    *out = NULL;
    assert_int_equal(yaml_parse(&source, &errors, &mapping), 0);
    int error = option_set_create(from, "demo", mapping, where, &errors, out);
    yaml_node_destroy(mapping); /* nothing may point into the tree */
    return error;
}

static struct option_set *good(const char *text)
{
    struct option_set *set;
    int error = make_from(&table, text, &set);
    assert_errors(&errors, "");
    assert_int_equal(error, 0);
    return set;
}

static void refused(const char *text, const char *expected)
{
    struct option_set *set;
    assert_int_equal(make_from(&table, text, &set), ERR_CONFIG);
    assert_null(set);
    assert_errors(&errors, expected);
}

static void assert_text(const struct sl_value *value, const char *expected)
{
    struct sl_string text = value_string(value);
    assert_int_equal(text.len, strlen(expected));
    assert_string_equal(text.data, expected); /* zero-terminated as well */
}

static void reads_every_type(void **state)
{
    (void)state;
    struct option_set *set =
        good("{flag: false, count: 3, ratio: 0.5, title: abc, wait: 5s, room: 64KiB, speed: 30/m,\n"
             " colour: green, words: [a, 'b c'], colours: [red]}");
    assert_false(value_bool(option_set_get(set, "flag")));
    assert_int_equal(value_type(option_set_get(set, "flag")), SL_OPTION_BOOL);
    assert_int_equal(value_integer(option_set_get(set, "count")), 3);
    assert_true(value_number(option_set_get(set, "count")) == 3.0);
    assert_true(value_number(option_set_get(set, "ratio")) == 0.5);
    assert_text(option_set_get(set, "title"), "abc");
    assert_int_equal(value_integer(option_set_get(set, "wait")), 5000000000);
    assert_int_equal(value_integer(option_set_get(set, "room")), 65536);
    assert_true(value_number(option_set_get(set, "speed")) == 0.5);
    assert_text(option_set_get(set, "colour"), "green");
    const struct sl_value *words = option_set_get(set, "words");
    assert_int_equal(value_count(words), 2);
    assert_text(value_at(words, 1), "b c");
    assert_null(value_at(words, 2));
    assert_int_equal(value_count(option_set_get(set, "colours")), 1);
    option_set_destroy(set);
}

static void fills_in_defaults_and_leaves_the_rest_unset(void **state)
{
    (void)state;
    struct option_set *set;
    struct position where = {config_file, 9, 9};
    diagnostics_init(&errors);
    assert_int_equal(option_set_create(&table, "demo", NULL, where, &errors, &set), 0);
    assert_true(value_bool(option_set_get(set, "flag")));
    assert_int_equal(value_integer(option_set_get(set, "wait")), 250000000);
    assert_text(value_at(option_set_get(set, "colours"), 0), "green");
    assert_null(option_set_get(set, "count"));
    assert_null(option_set_get(set, "no_such_option"));
    option_set_destroy(set);
    option_set_destroy(NULL);
}

static void accessors_take_null_and_other_types(void **state)
{
    (void)state;
    struct option_set *set = good("{title: abc}");
    const struct sl_value *title = option_set_get(set, "title");
    assert_int_equal(value_type(NULL), 0);
    assert_false(value_bool(NULL));
    assert_false(value_bool(title));
    assert_int_equal(value_integer(NULL), 0);
    assert_int_equal(value_integer(title), 0);
    assert_true(value_number(NULL) == 0.0);
    assert_true(value_number(title) == 0.0);
    assert_text(NULL, "");
    assert_text(option_set_get(set, "flag"), "");
    assert_int_equal(value_count(NULL), 0);
    assert_int_equal(value_count(title), 0);
    assert_null(value_at(title, 0));
    assert_int_equal(value_key(title, 0).len, 0);
    assert_null(value_member(NULL, "x"));
    assert_null(value_member(option_set_get(set, "colours"), "red"));
    option_set_destroy(set);
}

static void unknown_names_suggest_the_nearest(void **state)
{
    (void)state;
    refused("{colr: red, zzzzz: 1}",
            "1:2 plugin demo has no option \"colr\"; did you mean \"colour\"?\n"
            "1:13 plugin demo has no option \"zzzzz\"; sluice plugins demo lists them\n");
    refused("{colour: gren}",
            "1:10 demo: colour: \"gren\" is not known; did you mean \"green\"? (one "
            "of: red, green)\n");
    refused("{colours: [red, blue]}",
            "1:17 demo: colours.1: \"blue\" is not known; write one of: red, green\n");
    refused("[a]", "1:1 demo: is a list; a mapping is expected\n");
}

static void bounds_are_shown_in_the_units_that_people_write(void **state)
{
    (void)state;
    refused("{count: 0}", "1:9 demo: count: 0 is out of range; it must be from 1 to 10\n");
    refused("{ratio: 1.5}", "1:9 demo: ratio: 1.5 is out of range; it must be from -1 to 1\n");
    refused("{wait: 2m}", "1:8 demo: wait: 2m is out of range; it must be from 1ms to 1m\n");
    refused("{room: 2MiB}", "1:8 demo: room: 2MiB is out of range; it must be from 1KiB to 1MiB\n");
    refused("{speed: 1/m}",
            "1:9 demo: speed: 1/m is out of range; it must be from 30/m to 100/s\n");
    refused("{title: a}", "1:9 demo: title: is 1 bytes long; it must be from 2 to 5 bytes\n");
    refused("{words: [ok, toolong]}",
            "1:14 demo: words.1: is 7 bytes long; it must be from 0 to 4 bytes\n");
}

static void wrong_types_are_all_reported(void **state)
{
    (void)state;
    refused("{flag: on, count: x, speed: 50, words: a, map: [], maps: [1], title: [a]}",
            "1:8 demo: flag: \"on\" is not true or false; write true\n"
            "1:19 demo: count: \"x\" is not an integer\n"
            "1:70 demo: title: is a list; a text is expected\n"
            "1:29 demo: speed: \"50\" is not a rate; write how many in which time, such as 50/s, "
            "1000/m or 10/h\n"
            "1:40 demo: words: is a single value; a list is expected\n"
            "1:48 demo: map: is a list; a mapping is expected\n"
            "1:59 demo: maps.0: is a single value; a mapping is expected\n");
    refused("{count: }", "1:9 demo: count: has no value; an integer is expected\n");
}

static void a_missing_required_option_is_an_error(void **state)
{
    (void)state;
    const struct sl_option required[] = {
        {.name = "need", .type = SL_OPTION_STRING, .flags = SL_OPTION_REQUIRED, .summary = "s"}};
    const struct option_table from = {required, 1, sizeof required[0]};
    struct option_set *set;
    assert_int_equal(make_from(&from, "{}", &set), ERR_CONFIG);
    assert_errors(&errors, "9:9 demo: need: is missing; it is required\n");
}

static void rows_may_be_larger_than_ours(void **state)
{
    (void)state;
    struct later_option {
        struct sl_option option;
        const char *member_of_a_later_version;
        void *another;
    };
    const struct later_option later[] = {
        {{.name = "a", .type = SL_OPTION_INTEGER, .default_value = "1", .summary = "s"}, "x", NULL},
        {{.name = "b", .type = SL_OPTION_INTEGER, .default_value = "2", .summary = "s"}, "y", NULL},
    };
    const struct option_table from = {&later[0].option, 2, sizeof later[0]};
    char text[256];
    struct option_set *set;
    assert_int_equal(option_table_check(&from, text, sizeof text), 0);
    assert_string_equal(option_table_row(&from, 1)->name, "b");
    assert_int_equal(make_from(&from, "{a: 7}", &set), 0);
    assert_int_equal(value_integer(option_set_get(set, "a")), 7);
    assert_int_equal(value_integer(option_set_get(set, "b")), 2);
    option_set_destroy(set);
}

static void scalars_in_maps_have_the_types_of_yaml_1_2(void **state)
{
    (void)state;
    struct option_set *set = good("map: {i: 5, h: 0x10, n: 1.5, b: true, s: yes, q: '5', e: '',\n"
                                  "      m: {x: [1, a, [true]]}, l: [{k: v}], none: []}\n"
                                  "maps: [{a: 1}, {}, ~]\n");
    const struct sl_value *map = option_set_get(set, "map");
    assert_int_equal(value_type(map), SL_OPTION_MAP);
    assert_int_equal(value_count(map), 10);
    assert_int_equal(value_key(map, 1).len, 1);
    assert_string_equal(value_key(map, 1).data, "h");
    assert_int_equal(value_integer(value_member(map, "i")), 5);
    assert_int_equal(value_integer(value_member(map, "h")), 16);
    assert_true(value_number(value_member(map, "n")) == 1.5);
    assert_true(value_bool(value_member(map, "b")));
    assert_text(value_member(map, "s"), "yes");
    assert_text(value_member(map, "q"), "5");
    assert_int_equal(value_type(value_member(map, "e")), SL_OPTION_STRING);
    const struct sl_value *list = value_member(value_member(map, "m"), "x");
    assert_int_equal(value_type(list), SL_OPTION_STRINGS);
    assert_int_equal(value_integer(value_at(list, 0)), 1);
    assert_text(value_at(list, 1), "a");
    assert_true(value_bool(value_at(value_at(list, 2), 0)));
    assert_int_equal(value_type(value_member(map, "l")), SL_OPTION_MAPS);
    assert_int_equal(value_count(value_member(map, "none")), 0);
    assert_null(value_member(map, "absent"));
    const struct sl_value *maps = option_set_get(set, "maps");
    assert_int_equal(value_count(maps), 3);
    assert_int_equal(value_integer(value_member(value_at(maps, 0), "a")), 1);
    assert_int_equal(value_count(value_at(maps, 2)), 0);
    option_set_destroy(set);
}

static void values_in_maps_that_mean_nothing_are_errors(void **state)
{
    (void)state;
    refused(
        "{map: {a: , b: [~], c: 99999999999999999999, d: .inf, e: 1e999}}",
        "1:11 demo: map.a: has no value; a text is expected\n"
        "1:17 demo: map.b.0: has no value; a text is expected\n"
        "1:24 demo: map.c: 99999999999999999999 does not fit a 64-bit integer; put it in quotes "
        "if it is a text\n"
        "1:49 demo: map.d: .inf is not a finite number; put it in quotes if it is a text\n"
        "1:58 demo: map.e: 1e999 is not a finite number; put it in quotes if it is a text\n");
}

/* ----------------------------------------------------------------------------- paths, secrets */

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

static void relative_paths_are_the_configurations(void **state)
{
    (void)state;
    char expected[128];
    struct option_set *set = good("{file: some.txt}");
    snprintf(expected, sizeof expected, "%s/some.txt", folder);
    assert_text(option_set_get(set, "file"), expected);
    option_set_destroy(set);
    set = good("{file: /abs.txt}");
    assert_text(option_set_get(set, "file"), "/abs.txt");
    option_set_destroy(set);
    refused("{file: ''}", "1:8 demo: file: is empty\n");
}

static void secrets_come_from_the_environment(void **state)
{
    (void)state;
    setenv("SL_SECRET", "hunter2", 1);
    static const char *const forms[] = {"password: ${SL_SECRET}", "password: '${SL_SECRET}'",
                                        "password: {env: SL_SECRET}",
                                        "password: ${SL_SECRET:-other}"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct option_set *set = good(forms[i]);
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
    refused("password: hunter2", literal);
    refused("password: x${SL_SECRET}", literal);
    refused("password: ${SL_UNSET:-hunter2}", literal);
    refused("password: ''", literal);
    refused("password: ${SL_EMPTY}", "1:11 demo: password: the secret is empty\n");
    refused("password:",
            "1:10 demo: password: has no value; give it as ${NAME}, {env: NAME} or {file: PATH}\n");
    refused("password: [a]",
            "1:11 demo: password: has no value; give it as ${NAME}, {env: NAME} or {file: PATH}\n");
    refused("password: {evn: A}", "1:11 demo: password: is not a reference to a secret; give it as "
                                  "${NAME}, {env: NAME} or {file: PATH}\n");
    refused("password: {env: SL_UNSET}",
            "1:17 demo: password: the environment variable SL_UNSET is not set\n");
}

static void secrets_come_from_private_files(void **state)
{
    (void)state;
    static const char *const texts[] = {"hunter2", "hunter2\n", "hunter2\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file("secret", texts[i], strlen(texts[i]), 0600);
        struct option_set *set = good("password: {file: secret}");
        assert_text(option_set_get(set, "password"), "hunter2");
        option_set_destroy(set);
    }
}

static void refused_file(const char *name, const char *format)
{
    char text[128], path[128], expected[512];
    snprintf(text, sizeof text, "password: {file: %s}", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(expected, sizeof expected, "1:18 demo: password: %s%s\n",
             strncmp(format, "the", 3) == 0 ? "" : path, format);
    refused(text, expected);
}

static const char *sentence(const char *words, const char *name)
{
    static char expected[512];
    snprintf(expected, sizeof expected, "1:18 demo: password: %s/%s%s%s/%s\n", folder, name, words,
             folder, name);
    return expected;
}

static void files_that_are_no_good_secret_are_errors(void **state)
{
    (void)state;
    char fifo[128], *large = malloc(65537);
    refused_file("missing", ": No such file or directory");
    write_file("secret", "hunter2", 7, 0604);
    refused(
        "password: {file: secret}",
        sentence(": others may read it, and it is a secret; mend it with: chmod o-r ", "secret"));
    write_file("secret", "hunter2", 7, 0602);
    refused("password: {file: secret}",
            sentence(": others may write to it; mend it with: chmod go-w ", "secret"));
    write_file("secret", "\n", 1, 0600);
    refused_file("secret", "the secret is empty");
    memset(large, 'x', 65537);
    write_file("secret", large, 65537, 0600);
    refused_file("secret", " is longer than 64KiB");
    write_file("secret", large, 65536, 0600);
    option_set_destroy(good("password: {file: secret}"));
    free(large);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refused_file("fifo", ": it is not a regular file");
}

/* ------------------------------------------------------------------------------- table checks */

static void refuses_row(struct sl_option row, const char *expected)
{
    char text[256] = "";
    const struct option_table from = {&row, 1, sizeof row};
    if (row.summary == NULL)
        row.summary = "s";
    assert_int_equal(option_table_check(&from, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, expected);
}

static void refuses_tables_that_break_the_contract(void **state)
{
    (void)state;
    const char *const none[] = {NULL};
    refuses_row((struct sl_option){.type = SL_OPTION_BOOL},
                "row 0 of the option table has no name");
    refuses_row(
        (struct sl_option){.name = "Bad", .type = SL_OPTION_BOOL},
        "the option's name \"Bad\" is not a letter and then up to 63 letters, digits and _, "
        "all lower case");
    refuses_row((struct sl_option){.name = "a", .type = (enum sl_option_type)99},
                "the option \"a\" has the type 99, which this server does not know");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_BOOL, .summary = ""},
                "the option \"a\" has no summary");
    refuses_row((struct sl_option){.name = "a",
                                   .type = SL_OPTION_BOOL,
                                   .flags = SL_OPTION_REQUIRED,
                                   .default_value = "true"},
                "the option \"a\" is required and has a default");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_SECRET, .default_value = "x"},
                "the option \"a\" is a secret and has a default");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_CHOICE, .choices = none},
                "the option \"a\" is a choice without choices");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_INTEGER, .choices = colours},
                "the option \"a\" has choices, which the type integer cannot have");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_BOOL, .maximum = 1},
                "the option \"a\" has bounds, which the type bool cannot have");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_SIZE, .minimum = 2, .maximum = 1},
                "the bounds of the option \"a\" are not in order");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_SIZE, .default_value = "1KB"},
                "the default of the option \"a\" is wrong: a: \"1KB\" is not a size; write a whole "
                "number of bytes, or one with its unit, such as 64KiB, 1MiB or 1GiB");
    refuses_row((struct sl_option){.name = "a",
                                   .type = SL_OPTION_INTEGER,
                                   .default_value = "5",
                                   .minimum = 1,
                                   .maximum = 4},
                "the default of the option \"a\" is wrong: a: 5 is out of range; it must be from 1 "
                "to 4");
}

static void refuses_tables_of_a_wrong_shape(void **state)
{
    (void)state;
    char text[256];
    const struct sl_option twice[] = {{.name = "a", .type = SL_OPTION_BOOL, .summary = "s"},
                                      {.name = "a", .type = SL_OPTION_BOOL, .summary = "s"}};
    const struct option_table repeated = {twice, 2, sizeof twice[0]};
    const struct option_table small = {twice, 2, sizeof twice[0] - 8};
    const struct option_table odd = {twice, 2, sizeof twice[0] + 1};
    const struct option_table null = {NULL, 2, sizeof twice[0]};
    const struct option_table huge = {twice, 100000, sizeof twice[0]};
    const struct option_table empty = {NULL, 0, 0};
    assert_int_equal(option_table_check(&repeated, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, "the option \"a\" is in the table twice");
    assert_int_equal(option_table_check(&small, text, sizeof text), ERR_PLUGIN);
    assert_int_equal(option_table_check(&odd, text, sizeof text), ERR_PLUGIN);
    assert_int_equal(option_table_check(&null, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, "it is NULL but should have 2 rows; use SL_OPTIONS");
    assert_int_equal(option_table_check(&huge, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, "the option table has 100000 rows; at most 256 are allowed");
    assert_int_equal(option_table_check(&empty, text, sizeof text), 0);
    assert_int_equal(option_table_check(&table, text, sizeof text), 0);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(option_type_name(SL_OPTION_STRINGS), "list of strings");
    assert_string_equal(option_type_name(SL_OPTION_BOOL), "bool");
    assert_string_equal(option_type_name((enum sl_option_type)0), "unknown");
    assert_string_equal(option_type_name((enum sl_option_type)77), "unknown");
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(config_file, sizeof config_file, "%s/t.yaml", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"secret", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(fills_in_defaults_and_leaves_the_rest_unset),
        cmocka_unit_test(accessors_take_null_and_other_types),
        cmocka_unit_test(unknown_names_suggest_the_nearest),
        cmocka_unit_test(bounds_are_shown_in_the_units_that_people_write),
        cmocka_unit_test(wrong_types_are_all_reported),
        cmocka_unit_test(a_missing_required_option_is_an_error),
        cmocka_unit_test(rows_may_be_larger_than_ours),
        cmocka_unit_test(scalars_in_maps_have_the_types_of_yaml_1_2),
        cmocka_unit_test(values_in_maps_that_mean_nothing_are_errors),
        cmocka_unit_test(relative_paths_are_the_configurations),
        cmocka_unit_test(secrets_come_from_the_environment),
        cmocka_unit_test(secrets_do_not_stand_in_the_file),
        cmocka_unit_test(secrets_come_from_private_files),
        cmocka_unit_test(files_that_are_no_good_secret_are_errors),
        cmocka_unit_test(refuses_tables_that_break_the_contract),
        cmocka_unit_test(refuses_tables_of_a_wrong_shape),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
