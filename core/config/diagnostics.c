#include "config/diagnostics.h"

#include "base/event.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIAGNOSTICS_MAX 100
#define TEXT_MAX 1024 /* of one error; what is quoted from a file is cut long before */

void diagnostics_init(struct diagnostics *diagnostics)
{
    memset(diagnostics, 0, sizeof *diagnostics);
}

static void release(struct diagnostic *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(items[i].text);
    free(items);
}

void diagnostics_deinit(struct diagnostics *diagnostics)
{
    release(diagnostics->items, diagnostics->count);
    release(diagnostics->warnings, diagnostics->warning_count);
    diagnostics_init(diagnostics);
}

/* Room for one more in a list, or NULL. */
static struct diagnostic *next_item(struct diagnostic **items, size_t count, size_t *capacity)
{
    if (count == DIAGNOSTICS_MAX)
        return NULL;
    if (count == *capacity) {
        size_t more = *capacity == 0 ? 8 : *capacity * 2;
        struct diagnostic *grown = realloc(*items, more * sizeof *grown);
        if (grown == NULL)
            return NULL;
        *items = grown;
        *capacity = more;
    }
    return &(*items)[count];
}

/* An error is one line, whatever bytes it quotes. */
static void replace_control_bytes(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static bool fill(struct diagnostic *item, struct position position, const char *format,
                 va_list arguments) __attribute__((format(printf, 3, 0)));

/* Returns false without memory. `item` may be NULL. */
static bool fill(struct diagnostic *item, struct position position, const char *format,
                 va_list arguments)
{
    char text[TEXT_MAX];
    vsnprintf(text, sizeof text, format, arguments);
    replace_control_bytes(text);

    const char *file = position.file != NULL ? position.file : "";
    size_t text_size = strlen(text) + 1, file_size = strlen(file) + 1;
    char *copy = item != NULL ? malloc(text_size + file_size) : NULL;
    if (copy == NULL)
        return false;
    /* The file's name lives behind the text, so that one free releases both. */
    memcpy(copy, text, text_size);
    memcpy(copy + text_size, file, file_size);
    item->text = copy;
    item->position = position;
    item->position.file = copy + text_size;
    return true;
}

void diagnostics_add(struct diagnostics *diagnostics, struct position position, const char *format,
                     ...)
{
    va_list arguments;
    struct diagnostic *item =
        next_item(&diagnostics->items, diagnostics->count, &diagnostics->capacity);
    va_start(arguments, format);
    if (fill(item, position, format, arguments))
        diagnostics->count++;
    else
        diagnostics->lost++;
    va_end(arguments);
}

void diagnostics_warn(struct diagnostics *diagnostics, struct position position, const char *format,
                      ...)
{
    va_list arguments;
    struct diagnostic *item = next_item(&diagnostics->warnings, diagnostics->warning_count,
                                        &diagnostics->warning_capacity);
    va_start(arguments, format);
    if (fill(item, position, format, arguments))
        diagnostics->warning_count++;
    va_end(arguments);
}

void diagnostics_take_back_warnings(struct diagnostics *diagnostics, size_t count)
{
    while (diagnostics->warning_count > count)
        free(diagnostics->warnings[--diagnostics->warning_count].text);
}

static int compare(const void *left, const void *right)
{
    const struct diagnostic *a = *(const struct diagnostic *const *)left;
    const struct diagnostic *b = *(const struct diagnostic *const *)right;
    int order = strcmp(a->position.file, b->position.file);
    if (order != 0)
        return order;
    if (a->position.line != b->position.line)
        return a->position.line < b->position.line ? -1 : 1;
    if (a->position.column != b->position.column)
        return a->position.column < b->position.column ? -1 : 1;
    return a < b ? -1 : a > b; /* as found: items are in one array */
}

void diagnostic_format(const struct diagnostic *item, char line[DIAGNOSTIC_LINE_MAX])
{
    const struct position *at = &item->position;
    if (at->line > 0)
        snprintf(line, DIAGNOSTIC_LINE_MAX, "%s:%u:%u: %s", at->file, at->line, at->column,
                 item->text);
    else
        snprintf(line, DIAGNOSTIC_LINE_MAX, "%s: %s", at->file, item->text);
}

static void sort_items(const struct diagnostic *items, size_t count,
                       const struct diagnostic *sorted[DIAGNOSTICS_MAX])
{
    for (size_t i = 0; i < count; i++)
        sorted[i] = &items[i];
    qsort(sorted, count, sizeof sorted[0], compare);
}

static void print_list(const struct diagnostic *items, size_t count, const char *end)
{
    const struct diagnostic *sorted[DIAGNOSTICS_MAX];
    char line[DIAGNOSTIC_LINE_MAX];
    sort_items(items, count, sorted);
    for (size_t i = 0; i < count; i++) {
        diagnostic_format(sorted[i], line);
        log_raw("%s%s", line, end);
    }
}

void diagnostics_print(const struct diagnostics *diagnostics)
{
    if (log_is_json()) {
        diagnostics_log(diagnostics, "config");
        return;
    }
    print_list(diagnostics->items, diagnostics->count, "");
    if (diagnostics->lost > 0)
        log_raw("and %zu more errors", diagnostics->lost);
    print_list(diagnostics->warnings, diagnostics->warning_count, " (a warning)");
}

/* In text the sentence has the position, where editors look for it, and fields need not repeat it.
 */
static void log_item(const struct diagnostic *item, enum event event, const char *module)
{
    char line[DIAGNOSTIC_LINE_MAX];
    struct event_values values = {.message = line};
    diagnostic_format(item, line);
    if (log_is_json())
        values.texts[EVENT_FIELD_FILE] = item->position.file;
    if (log_is_json() && item->position.line > 0) {
        event_set_number(&values, EVENT_FIELD_LINE, item->position.line);
        event_set_number(&values, EVENT_FIELD_COLUMN, item->position.column);
    }
    event_log(event, module, &values);
}

static void log_list(const struct diagnostic *items, size_t count, enum event event,
                     const char *module)
{
    const struct diagnostic *sorted[DIAGNOSTICS_MAX];
    sort_items(items, count, sorted);
    for (size_t i = 0; i < count; i++)
        log_item(sorted[i], event, module);
}

void diagnostics_log(const struct diagnostics *diagnostics, const char *module)
{
    log_list(diagnostics->items, diagnostics->count, EVENT_CONFIGURATION_ERROR, module);
    if (diagnostics->lost > 0)
        log_error(module, "and %zu more errors", diagnostics->lost);
    log_list(diagnostics->warnings, diagnostics->warning_count, EVENT_CONFIGURATION_WARNING,
             module);
}
