/*
 * A table of options with a row of each type, and sets that are made from it, for the tests of
 * options. Texts are read as if they stood in t.yaml in a folder of the test's own.
 */
#ifndef SLUICE_TESTS_CONFIG_OPTION_ROWS_H
#define SLUICE_TESTS_CONFIG_OPTION_ROWS_H

#include "config/options.h" /* before cmocka, whose macros plugin.h does not know */
#include "config/errors.h"
#include "config/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
static inline int make_from(const struct option_table *from, const char *text,
                            struct option_set **out)
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

static inline struct option_set *good_options(const char *text)
{
    struct option_set *set;
    int error = make_from(&table, text, &set);
    assert_errors(&errors, "");
    assert_int_equal(error, 0);
    return set;
}

static inline void refused_options(const char *text, const char *expected)
{
    struct option_set *set;
    assert_int_equal(make_from(&table, text, &set), ERR_CONFIG);
    assert_null(set);
    assert_errors(&errors, expected);
}

static inline void assert_text(const struct sl_value *value, const char *expected)
{
    struct sl_string text = value_string(value);
    assert_int_equal(text.len, strlen(expected));
    assert_string_equal(text.data, expected); /* zero-terminated as well */
}

static inline int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(config_file, sizeof config_file, "%s/t.yaml", folder);
    return 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#endif
