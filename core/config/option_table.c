/* Whether a plugin's option table keeps the contract's rules: its author's mistakes, not the
 * operator's, so one sentence about the first is enough. */
#include "config/option_read.h"
#include "config/option_value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The size of a row in ABI 1.0; a row of a newer plugin may be longer. */
#define ROW_SIZE_1_0 (offsetof(struct sl_option, summary) + sizeof(char *))
#define ROWS_MAX 256
#define ROW_SIZE_MAX 4096 /* far beyond what a later header could make of a row */
#define NAME_LEN_MAX 64

struct checker {
    char *text;
    size_t text_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct checker *checker,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(checker->text, checker->text_size, format, arguments);
    va_end(arguments);
    return ERR_PLUGIN;
}

static int check_layout(const struct checker *checker, const struct option_table *table)
{
    if (table->count == 0)
        return 0;
    if (table->rows == NULL)
        return refuse(checker, "it is NULL but should have %zu rows; use SL_OPTIONS", table->count);
    if (table->count > ROWS_MAX)
        return refuse(checker, "the option table has %zu rows; at most %d are allowed",
                      table->count, ROWS_MAX);
    if (table->option_size < ROW_SIZE_1_0 || table->option_size > ROW_SIZE_MAX ||
        table->option_size % _Alignof(struct sl_option) != 0)
        return refuse(checker,
                      "option_size is %zu but a row has at least %zu bytes; use SL_OPTIONS()",
                      table->option_size, ROW_SIZE_1_0);
    return 0;
}

static int check_name(const struct checker *checker, const struct option_table *table, size_t index)
{
    const char *name = option_table_row(table, index)->name;
    if (name == NULL)
        return refuse(checker, "row %zu of the option table has no name", index);
    size_t len = strnlen(name, NAME_LEN_MAX + 1);
    if (len == 0 || len > NAME_LEN_MAX || name[0] < 'a' || name[0] > 'z' ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        return refuse(checker,
                      "the option's name \"%.64s\" is not a letter and then up to %d letters, "
                      "digits and _, all lower case",
                      name, NAME_LEN_MAX - 1);
    for (size_t i = 0; i < index; i++)
        if (strcmp(option_table_row(table, i)->name, name) == 0)
            return refuse(checker, "the option \"%s\" is in the table twice", name);
    return 0;
}

static bool may_be_bounded(enum sl_option_type type)
{
    switch (type) {
    case SL_OPTION_INTEGER:
    case SL_OPTION_NUMBER:
    case SL_OPTION_DURATION:
    case SL_OPTION_SIZE:
    case SL_OPTION_RATE:
    case SL_OPTION_STRING:
    case SL_OPTION_STRINGS:
    case SL_OPTION_SECRET:
        return true;
    default:
        return false;
    }
}

static int check_bounds(const struct checker *checker, const struct sl_option *row)
{
    if (row->minimum == 0 && row->maximum == 0)
        return 0;
    if (!may_be_bounded(row->type))
        return refuse(checker, "the option \"%s\" has bounds, which the type %s cannot have",
                      row->name, option_type_name(row->type));
    if (!isfinite(row->minimum) || !isfinite(row->maximum) || row->minimum > row->maximum)
        return refuse(checker, "the bounds of the option \"%s\" are not in order", row->name);
    return 0;
}

static int check_choices(const struct checker *checker, const struct sl_option *row)
{
    bool has_choices = row->choices != NULL && row->choices[0] != NULL;
    if (row->type == SL_OPTION_CHOICE && !has_choices)
        return refuse(checker, "the option \"%s\" is a choice without choices", row->name);
    if (row->choices != NULL && row->type != SL_OPTION_CHOICE && row->type != SL_OPTION_STRINGS)
        return refuse(checker, "the option \"%s\" has choices, which the type %s cannot have",
                      row->name, option_type_name(row->type));
    return 0;
}

static int check_row(const struct checker *checker, const struct sl_option *row)
{
    if (row->type < SL_OPTION_BOOL || row->type > SL_OPTION_MAPS)
        return refuse(checker, "the option \"%s\" has the type %d, which this server does not know",
                      row->name, (int)row->type);
    if (row->summary == NULL || row->summary[0] == '\0')
        return refuse(checker, "the option \"%s\" has no summary", row->name);
    if (row->default_value != NULL && (row->flags & SL_OPTION_REQUIRED) != 0)
        return refuse(checker, "the option \"%s\" is required and has a default", row->name);
    if (row->default_value != NULL && row->type == SL_OPTION_SECRET)
        return refuse(checker, "the option \"%s\" is a secret and has a default", row->name);
    int error = check_bounds(checker, row);
    return error != 0 ? error : check_choices(checker, row);
}

/* Reads the default as option_set_create will. */
static int read_default(const struct sl_option *row, struct diagnostics *diagnostics)
{
    struct yaml_node *node;
    struct sl_value value = {0};
    struct yaml_source source = {.file = "default",
                                 .label = NULL,
                                 .data = row->default_value,
                                 .len = strlen(row->default_value)};
    int error = yaml_parse(&source, diagnostics, &node);
    if (error != 0)
        return error;
    struct option_reader reader = {
        .typed = {.node = node, .name = row->name, .diagnostics = diagnostics},
        .row = row,
        .folder = "."};
    error = option_read(&reader, &value);
    option_value_deinit(&value);
    yaml_node_destroy(node);
    return error;
}

static int check_default(const struct checker *checker, const struct sl_option *row)
{
    struct diagnostics diagnostics;
    if (row->default_value == NULL)
        return 0;
    diagnostics_init(&diagnostics);
    int error = read_default(row, &diagnostics);
    if (error != 0 || diagnostics.count > 0)
        error = refuse(checker, "the default of the option \"%s\" is wrong: %s", row->name,
                       diagnostics.count > 0 ? diagnostics.items[0].text : error_text(error));
    diagnostics_deinit(&diagnostics);
    return error;
}

int option_table_check(const struct option_table *table, char *text, size_t text_size)
{
    struct checker checker = {.text = text, .text_size = text_size};
    int error = check_layout(&checker, table);
    for (size_t i = 0; i < table->count && error == 0; i++) {
        const struct sl_option *row = option_table_row(table, i);
        error = check_name(&checker, table, i);
        if (error == 0)
            error = check_row(&checker, row);
        if (error == 0)
            error = check_default(&checker, row);
    }
    return error;
}
