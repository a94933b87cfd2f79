#include "config/yaml_syntax.h"

#include <string.h>

struct line {
    const char *data;
    size_t len;
};

/* The nth line of the source, counted from 1; empty if there is none. */
static struct line line_at(const struct yaml_source *source, unsigned number)
{
    const char *at = source->data, *end = source->data + source->len;
    for (unsigned i = 1; i < number && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
    }
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return (struct line){.data = at, .len = (size_t)((newline != NULL ? newline : end) - at)};
}

static bool is_indented_with_tab(struct line line)
{
    for (size_t i = 0; i < line.len && (line.data[i] == ' ' || line.data[i] == '\t'); i++)
        if (line.data[i] == '\t')
            return true;
    return false;
}

/* Columns count from 1 in bytes here: what cannot be decoded has no characters. */
static struct position position_of_byte(const struct yaml_source *source, size_t offset)
{
    struct position at = {.file = source->file, .line = 1, .column = 1};
    for (size_t i = 0; i < offset && i < source->len; i++) {
        at.column++;
        if (source->data[i] == '\n') {
            at.line++;
            at.column = 1;
        }
    }
    return at;
}

static struct position position_of(const yaml_parser_t *parser, const struct yaml_source *source)
{
    if (parser->error == YAML_READER_ERROR)
        return position_of_byte(source, parser->problem_offset);
    return (struct position){.file = source->file,
                             .line = (unsigned)parser->problem_mark.line + 1,
                             .column = (unsigned)parser->problem_mark.column + 1};
}

static const char *hint(struct line line)
{
    if (is_indented_with_tab(line))
        return "; indent with spaces, not with tabs";
    if (line.len > 0 && memmem(line.data, line.len, "${", 2) != NULL)
        return "; inside { } and [ ] write ${...} in quotes";
    return "";
}

void yaml_syntax_error(const yaml_parser_t *parser, const struct yaml_source *source,
                       struct diagnostics *diagnostics)
{
    struct position at = position_of(parser, source);
    bool context = parser->context != NULL && parser->error != YAML_READER_ERROR;
    diagnostics_add(diagnostics, at, "%s%snot valid YAML: %s%s%s%s",
                    source->label != NULL ? source->label : "", source->label != NULL ? ": " : "",
                    parser->problem != NULL ? parser->problem : "unreadable", context ? " " : "",
                    context ? parser->context : "", hint(line_at(source, at.line)));
}
