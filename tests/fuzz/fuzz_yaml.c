/*
 * Any bytes as a configuration, and its pipelines' options against a table with every type: no
 * crash, no leak, and an error is always reported with a reason.
 *
 * Up to a byte 0x1e the input is the file; what follows is a path and a value of an override,
 * divided by another one.
 */
#include "config/config_parse.h"
#include "config/options.h"

#include <stdlib.h>
#include <string.h>

#define DIVIDER 0x1e

static const char *const choices[] = {"drop", "close", NULL};

static const struct sl_option rows[] = {
    {.name = "bool", .type = SL_OPTION_BOOL, .summary = "s"},
    {.name = "integer", .type = SL_OPTION_INTEGER, .minimum = 1, .maximum = 9, .summary = "s"},
    {.name = "number", .type = SL_OPTION_NUMBER, .summary = "s"},
    {.name = "string", .type = SL_OPTION_STRING, .maximum = 9, .summary = "s"},
    {.name = "duration", .type = SL_OPTION_DURATION, .default_value = "1s", .summary = "s"},
    {.name = "size", .type = SL_OPTION_SIZE, .summary = "s"},
    {.name = "messages", .type = SL_OPTION_RATE, .summary = "s"},
    {.name = "action", .type = SL_OPTION_CHOICE, .choices = choices, .summary = "s"},
    {.name = "strings", .type = SL_OPTION_STRINGS, .summary = "s"},
    {.name = "path", .type = SL_OPTION_PATH, .summary = "s"},
    {.name = "required", .type = SL_OPTION_MAP, .summary = "s"},
    {.name = "maps", .type = SL_OPTION_MAPS, .summary = "s"},
};
static const struct option_table table = {rows, sizeof rows / sizeof rows[0], sizeof rows[0]};

/* Everything in a value can be reached. */
static size_t walk(const struct sl_value *value)
{
    size_t total = value_string(value).len + (size_t)value_integer(value) + value_bool(value);
    for (size_t i = 0; i < value_count(value); i++)
        total += walk(value_at(value, i)) + value_key(value, i).len;
    return total;
}

static void read_options(const struct stage_config *stage, struct diagnostics *diagnostics)
{
    struct option_set *set = NULL;
    size_t before = diagnostics->count + diagnostics->lost;
    int error =
        option_set_create(&table, "demo", stage->options, stage->position, diagnostics, &set);
    if (error == ERR_CONFIG && diagnostics->count + diagnostics->lost == before)
        abort();
    for (size_t i = 0; i < table.count; i++)
        walk(option_set_get(set, rows[i].name));
    option_set_destroy(set);
}

static void read_pipelines(const struct config *config, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < config->endpoint_count; i++)
        for (size_t j = 0; j < config->endpoints[i].pipeline_length; j++)
            read_options(&config->endpoints[i].pipeline[j], diagnostics);
}

/* What follows the first divider, or NULL. */
static const char *after_divider(const char *data, const char *end)
{
    const char *divider = data < end ? memchr(data, DIVIDER, (size_t)(end - data)) : NULL;
    return divider != NULL ? divider + 1 : NULL;
}

static void parse(const char *data, size_t len, const struct config_override *override)
{
    struct diagnostics diagnostics;
    struct config *config = NULL;
    diagnostics_init(&diagnostics);
    int error = config_parse("fuzz.yaml", data, len, override, override != NULL ? 1 : 0,
                             &diagnostics, &config);
    if (error == ERR_CONFIG && diagnostics.count == 0)
        abort();
    if (error == 0)
        read_pipelines(config, &diagnostics);
    config_destroy(config);
    diagnostics_deinit(&diagnostics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *file = (const char *)data, *end = file + size;
    const char *path = after_divider(file, end);
    const char *value = path != NULL ? after_divider(path, end) : NULL;
    if (value == NULL) {
        parse(file, size, NULL);
        return 0;
    }
    char *path_text = strndup(path, (size_t)(value - path) - 1);
    char *value_text = strndup(value, (size_t)(end - value));
    struct config_override override = {path_text, value_text};
    if (path_text != NULL && value_text != NULL)
        parse(file, (size_t)(path - file) - 1, &override);
    free(path_text);
    free(value_text);
    return 0;
}
