#include "config/diagnostics.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIAGNOSTICS_MAX 100
#define TEXT_MAX 1024 /* of one error; what is quoted from a file is cut long before */

void diagnostics_init(struct diagnostics *diagnostics)
{
    memset(diagnostics, 0, sizeof *diagnostics);
}

void diagnostics_deinit(struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        free(diagnostics->items[i].text);
    free(diagnostics->items);
    diagnostics_init(diagnostics);
}

static struct diagnostic *next_item(struct diagnostics *diagnostics)
{
    if (diagnostics->count == DIAGNOSTICS_MAX)
        return NULL;
    if (diagnostics->count == diagnostics->capacity) {
        size_t capacity = diagnostics->capacity == 0 ? 8 : diagnostics->capacity * 2;
        struct diagnostic *items = realloc(diagnostics->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        diagnostics->items = items;
        diagnostics->capacity = capacity;
    }
    return &diagnostics->items[diagnostics->count];
}

/* An error is one line, whatever bytes it quotes. */
static void replace_control_bytes(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

void diagnostics_add(struct diagnostics *diagnostics, struct position position, const char *format,
                     ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    replace_control_bytes(text);

    const char *file = position.file != NULL ? position.file : "";
    size_t text_size = strlen(text) + 1, file_size = strlen(file) + 1;
    struct diagnostic *item = next_item(diagnostics);
    char *copy = item != NULL ? malloc(text_size + file_size) : NULL;
    if (copy == NULL) {
        diagnostics->lost++;
        return;
    }
    /* The file's name lives behind the text, so that one free releases both. */
    memcpy(copy, text, text_size);
    memcpy(copy + text_size, file, file_size);
    item->text = copy;
    item->position = position;
    item->position.file = copy + text_size;
    diagnostics->count++;
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

static void print_item(const struct diagnostic *item)
{
    const struct position *at = &item->position;
    if (at->line > 0)
        log_raw("%s:%u:%u: %s", at->file, at->line, at->column, item->text);
    else
        log_raw("%s: %s", at->file, item->text);
}

void diagnostics_print(const struct diagnostics *diagnostics)
{
    const struct diagnostic *sorted[DIAGNOSTICS_MAX];
    for (size_t i = 0; i < diagnostics->count; i++)
        sorted[i] = &diagnostics->items[i];
    qsort(sorted, diagnostics->count, sizeof sorted[0], compare);
    for (size_t i = 0; i < diagnostics->count; i++)
        print_item(sorted[i]);
    if (diagnostics->lost > 0)
        log_raw("and %zu more errors", diagnostics->lost);
}
