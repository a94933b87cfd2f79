#include "admin/metrics_writer.h"

#include "admin/metric_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void metrics_put(struct metrics_writer *writer, const char *format, ...)
{
    char line[2 * METRICS_LABEL_MAX + 256];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (writer->error == OK && (len < 0 || len >= (int)sizeof line))
        writer->error = ERR_LIMIT;
    if (writer->error == OK)
        writer->error = buffer_append(writer->out, line, (size_t)len);
}

void metrics_describe_as(struct metrics_writer *writer, const char *name, const char *type,
                         const char *help)
{
    metrics_put(writer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_describe(struct metrics_writer *writer, const char *name)
{
    static const struct {
        const char *name;
        const char *type;
        const char *help;
    } families[] = {
#define NO_SECTION(title)
#define FAMILY(name, type, labels, count, per, help, means) {name, type, help},
        METRIC_TABLE(NO_SECTION, FAMILY)
#undef FAMILY
#undef NO_SECTION
    };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (strcmp(families[i].name, name) == 0) {
            metrics_describe_as(writer, name, families[i].type, families[i].help);
            return;
        }
    }
    if (writer->error == OK)
        writer->error = ERR_INVALID;
}

void metrics_put_number(struct metrics_writer *writer, const char *name, uint64_t value)
{
    metrics_describe(writer, name);
    metrics_put(writer, "%s %" PRIu64 "\n", name, value);
}

void metrics_put_histogram(struct metrics_writer *writer, const char *name, const char *labels,
                           const struct histogram_snapshot *snapshot,
                           const struct metrics_buckets *buckets)
{
    const char *comma = labels[0] != '\0' ? "," : "";
    const char *open = labels[0] != '\0' ? "{" : "";
    const char *close = labels[0] != '\0' ? "}" : "";
    uint64_t count = 0;
    for (unsigned i = 0; i <= buckets->last; i++) {
        count += snapshot->buckets[i];
        if (i >= buckets->first && (i - buckets->first) % buckets->step == 0)
            metrics_put(writer, "%s_bucket{%s%sle=\"%.9g\"} %" PRIu64 "\n", name, labels, comma,
                        (double)histogram_bound(i) * buckets->unit, count);
    }
    metrics_put(writer, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma,
                snapshot->count);
    metrics_put(writer, "%s_sum%s%s%s %.9g\n", name, open, labels, close,
                (double)snapshot->sum * buckets->unit);
    metrics_put(writer, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, snapshot->count);
}

const char *metrics_value(double value, char text[METRICS_VALUE_MAX])
{
    double read = 0;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, METRICS_VALUE_MAX, "%.*g", digits, value);
        read = strtod(text, NULL);
        if (!(read < value) && !(read > value))
            break;
    }
    return text;
}

const char *metrics_label(const char *text, char escaped[METRICS_LABEL_MAX])
{
    size_t len = 0;
    for (; *text != '\0' && len < METRICS_LABEL_MAX - 2; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            escaped[len++] = '\\';
        escaped[len++] = *text == '\n' ? 'n' : *text;
    }
    escaped[len] = '\0';
    return escaped;
}
