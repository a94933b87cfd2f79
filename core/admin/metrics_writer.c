#include "admin/metrics_writer.h"

#include <stdarg.h>
#include <stdio.h>

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

void metrics_describe(struct metrics_writer *writer, const char *name, const char *type,
                      const char *help)
{
    metrics_put(writer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
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
