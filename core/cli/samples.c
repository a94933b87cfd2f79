#include "cli/samples.h"

#include <stdlib.h>
#include <string.h>

/* Where the labels end that begin here: behind a '{'. Values may contain braces, and escaped
 * quotes. */
static char *end_of_labels(char *labels)
{
    bool is_quoted = false;
    char *at = labels;
    for (; *at != '\0' && (is_quoted || *at != '}'); at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
    }
    return at;
}

/* Splits `name{labels} value` in place. Returns whether it is a sample. */
static bool split_line(char *line, struct sample *out)
{
    char *end = line + strcspn(line, "{ ");
    char *value = end;
    *out = (struct sample){.name = line, .labels = ""};
    if (*end == '{') {
        value = end_of_labels(end + 1);
        if (*value == '\0')
            return false;
        out->labels = end + 1;
        *value++ = '\0';
    } else if (*end == ' ') {
        value++;
    }
    *end = '\0';
    char *rest = NULL;
    out->value = strtod(value, &rest);
    return rest != value && *rest == '\0';
}

int samples_read(struct samples *samples, const char *page)
{
    size_t lines = 1;
    for (const char *at = page; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    *samples =
        (struct samples){.text = strdup(page), .items = calloc(lines, sizeof *samples->items)};
    if (samples->text == NULL || samples->items == NULL) {
        samples_free(samples);
        return ERR_NO_MEMORY;
    }
    char *rest = samples->text;
    char *line;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '#' && line[0] != '\0' && split_line(line, &samples->items[samples->count]))
            samples->count++;
    return OK;
}

void samples_free(struct samples *samples)
{
    free(samples->text);
    free(samples->items);
    *samples = (struct samples){.text = NULL};
}

double samples_sum(const struct samples *samples, const char *name, const char *part)
{
    double sum = 0;
    for (size_t i = 0; i < samples->count; i++)
        if (strcmp(samples->items[i].name, name) == 0 &&
            (part == NULL || strstr(samples->items[i].labels, part) != NULL))
            sum += samples->items[i].value;
    return sum;
}

const struct sample *samples_find(const struct samples *samples, const char *name,
                                  const char *labels)
{
    for (size_t i = 0; i < samples->count; i++)
        if (strcmp(samples->items[i].name, name) == 0 &&
            strcmp(samples->items[i].labels, labels) == 0)
            return &samples->items[i];
    return NULL;
}

/* The text behind `label="`, or NULL. */
static const char *value_of(const char *labels, const char *label)
{
    size_t len = strlen(label);
    const char *at = labels;
    while ((at = strstr(at, label)) != NULL) {
        bool is_whole = at == labels || at[-1] == ',';
        if (is_whole && at[len] == '=' && at[len + 1] == '"')
            return at + len + 2;
        at += len;
    }
    return NULL;
}

const char *samples_label(const struct sample *sample, const char *label, char *text, size_t size)
{
    const char *from = value_of(sample->labels, label);
    size_t len = 0;
    for (; from != NULL && *from != '"' && *from != '\0' && len + 1 < size; from++) {
        if (*from == '\\' && from[1] != '\0')
            from++;
        text[len++] = *from;
    }
    text[len] = '\0';
    return text;
}
