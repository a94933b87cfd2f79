#include "config/typed.h"
#include "config/suggest.h"
#include "config/values.h"

#include <stdarg.h>
#include <stdio.h>

/* Nothing longer than this is quoted in a message. */
#define QUOTED_MAX "64"

/* One notation: its parser's errors and how bounds are shown. */
struct notation {
    const char *noun; /* with its article */
    const char *how;  /* what to write, or "" */
    void (*format)(double value, char text[VALUE_TEXT_MAX]);
};

static void format_duration(double value, char text[VALUE_TEXT_MAX])
{
    duration_format((int64_t)value, text);
}

static void format_size(double value, char text[VALUE_TEXT_MAX])
{
    size_format((int64_t)value, text);
}

static const struct notation integer_notation = {"an integer", "", number_format};
static const struct notation number_notation = {"a number", "", number_format};
static const struct notation duration_notation = {
    "a duration", "; write a whole number with its unit, such as 250ms, 5s, 2m or 1h",
    format_duration};
static const struct notation size_notation = {
    "a size", "; write a whole number of bytes, or one with its unit, such as 64KiB, 1MiB or 1GiB",
    format_size};
static const struct notation rate_notation = {
    "a rate", "; write how many in which time, such as 50/s, 1000/m or 10/h", rate_format};

int typed_error(const struct typed *typed, const char *format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct position at = typed->node != NULL ? typed->node->position : typed->where;
    diagnostics_add(typed->diagnostics, at, "%s: %s", typed->name, text);
    return ERR_CONFIG;
}

static int scalar_text(const struct typed *typed, const char *expected, const char **out)
{
    if (typed->node != NULL && typed->node->broken)
        return ERR_CONFIG;
    if (typed->node == NULL || yaml_node_is_null(typed->node)) {
        typed_error(typed, "has no value; %s is expected", expected);
        return ERR_CONFIG;
    }
    if (typed->node->kind != NODE_SCALAR) {
        typed_error(typed, "is %s; %s is expected", yaml_node_kind_name(typed->node), expected);
        return ERR_CONFIG;
    }
    *out = typed->node->text;
    return 0;
}

/* Says why a parser did not take `text`. */
static int parse_error(const struct typed *typed, const struct notation *notation, const char *text,
                       int error)
{
    if (error == ERR_LIMIT)
        return typed_error(typed, "%." QUOTED_MAX "s is too large", text);
    return typed_error(typed, "\"%." QUOTED_MAX "s\" is not %s%s", text, notation->noun,
                       notation->how);
}

static int check_bounds(const struct typed *typed, const struct notation *notation,
                        struct bounds bounds, double value)
{
    char low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
    if (bounds.minimum == 0 && bounds.maximum == 0)
        return 0;
    if (value >= bounds.minimum && value <= bounds.maximum)
        return 0;
    notation->format(bounds.minimum, low);
    notation->format(bounds.maximum, high);
    return typed_error(typed, "%." QUOTED_MAX "s is out of range; it must be from %s to %s",
                       typed->node->text, low, high);
}

/* The three notations that are read as an integer. */
static int read_integer(const struct typed *typed, const struct notation *notation,
                        int (*parse)(const char *, int64_t *), struct bounds bounds, int64_t *out)
{
    const char *text;
    int64_t value;
    int error = scalar_text(typed, notation->noun, &text);
    if (error != 0)
        return error;
    error = parse(text, &value);
    if (error != 0)
        return parse_error(typed, notation, text, error);
    if (check_bounds(typed, notation, bounds, (double)value) != 0)
        return ERR_CONFIG;
    *out = value;
    return 0;
}

static int read_number(const struct typed *typed, const struct notation *notation,
                       int (*parse)(const char *, double *), struct bounds bounds, double *out)
{
    const char *text;
    double value;
    int error = scalar_text(typed, notation->noun, &text);
    if (error != 0)
        return error;
    error = parse(text, &value);
    if (error != 0)
        return parse_error(typed, notation, text, error);
    if (check_bounds(typed, notation, bounds, value) != 0)
        return ERR_CONFIG;
    *out = value;
    return 0;
}

int typed_integer(const struct typed *typed, struct bounds bounds, int64_t *out)
{
    return read_integer(typed, &integer_notation, integer_parse, bounds, out);
}

int typed_duration(const struct typed *typed, struct bounds bounds, int64_t *out)
{
    return read_integer(typed, &duration_notation, duration_parse, bounds, out);
}

int typed_size(const struct typed *typed, struct bounds bounds, int64_t *out)
{
    return read_integer(typed, &size_notation, size_parse, bounds, out);
}

int typed_number(const struct typed *typed, struct bounds bounds, double *out)
{
    return read_number(typed, &number_notation, number_parse, bounds, out);
}

int typed_rate(const struct typed *typed, struct bounds bounds, double *out)
{
    return read_number(typed, &rate_notation, rate_parse, bounds, out);
}

int typed_bool(const struct typed *typed, bool *out)
{
    const char *text;
    int error = scalar_text(typed, "true or false", &text);
    if (error != 0)
        return error;
    if (typed->node->plain && bool_parse(text, out) == 0)
        return 0;
    bool quoted;
    const char *hint =
        bool_parse(text, &quoted) == 0 ? (quoted ? "true" : "false") : bool_hint(text);
    return typed_error(typed, "\"%." QUOTED_MAX "s\" is not true or false; write %s%s", text,
                       hint != NULL ? hint : "true or false",
                       hint != NULL && !typed->node->plain ? " without quotes" : "");
}

int typed_text(const struct typed *typed, const char **out)
{
    return scalar_text(typed, "a text", out);
}

int typed_length(const struct typed *typed, struct bounds bounds, size_t len)
{
    if (bounds.minimum == 0 && bounds.maximum == 0)
        return 0;
    if ((double)len >= bounds.minimum && (double)len <= bounds.maximum)
        return 0;
    return typed_error(typed, "is %zu bytes long; it must be from %.0f to %.0f bytes", len,
                       bounds.minimum, bounds.maximum);
}

int typed_kind(const struct typed *typed, enum node_kind kind)
{
    struct yaml_node expected = {.kind = kind};
    if (typed->node != NULL && typed->node->broken)
        return ERR_CONFIG;
    if (typed->node == NULL || yaml_node_is_null(typed->node) || typed->node->kind == kind)
        return 0;
    return typed_error(typed, "is %s; %s is expected", yaml_node_kind_name(typed->node),
                       yaml_node_kind_name(&expected));
}

/* "a, b, c", cut if there are very many. */
static void list_names(const char *const *names, size_t count, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "", names[i]);
}

int typed_unknown_choice(const struct typed *typed, const char *text, const char *const *names,
                         size_t count)
{
    char known[384];
    struct suggestion suggestion = suggest_begin(text);
    for (size_t i = 0; i < count; i++)
        suggest_offer(&suggestion, names[i]);
    list_names(names, count, known, sizeof known);
    if (suggestion.nearest != NULL)
        return typed_error(typed,
                           "\"%." QUOTED_MAX "s\" is not known; did you mean \"%s\"? (one of: %s)",
                           text, suggestion.nearest, known);
    return typed_error(typed, "\"%." QUOTED_MAX "s\" is not known; write one of: %s", text, known);
}
