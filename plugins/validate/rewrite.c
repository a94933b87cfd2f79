#include "rewrite.h"

#include "escape.h"
#include "json/json_string.h"

#include <string.h>

/* What is done to a string: its attachment. */
struct marks {
    bool is_cleaned;
    bool is_escaped;
};

static struct marks all_marks[] = {{false, false}, {true, false}, {false, true}, {true, true}};

void rewrite_mark(struct json_value *string, bool is_cleaned, bool is_escaped)
{
    string->attachment =
        is_cleaned || is_escaped ? &all_marks[(is_cleaned ? 1 : 0) + (is_escaped ? 2 : 0)] : NULL;
}

/* The message as it is written. */
struct rewriting {
    struct arena *arena;
    bool escapes;
    const char *from; /* what of the old message is not copied yet */
    char *to;
};

static const struct marks *marks_of(const struct json_value *value)
{
    return value->type == JSON_STRING ? value->attachment : NULL;
}

bool rewrite_escaped(struct json_text text, struct arena *arena, struct json_text *out)
{
    char *escaped = arena_array(arena, text.len + 1, ESCAPE_GROWTH);
    if (escaped == NULL)
        return false;
    *out = (struct json_text){escaped, escape_html(text, escaped)};
    return true;
}

/* What is written instead of the marked strings, at the most. A byte grows by escaping for HTML or
 * for JSON, never both. */
static size_t growth_of(const struct json_value *value)
{
    _Static_assert(ESCAPE_GROWTH <= JSON_STRING_GROWTH, "a byte becomes more than is counted");
    size_t sum = marks_of(value) != NULL ? value->text.len * JSON_STRING_GROWTH : 0;
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return sum;
    for (const struct json_value *child = value->first; child != NULL; child = child->next)
        sum += growth_of(child);
    return sum;
}

static void copy_until(struct rewriting *rewriting, const char *end)
{
    size_t len = (size_t)(end - rewriting->from);
    memcpy(rewriting->to, rewriting->from, len);
    rewriting->to += len;
    rewriting->from = end;
}

static bool write_string(struct rewriting *rewriting, const struct json_value *string)
{
    struct json_text text = string->text;
    if (rewriting->escapes && marks_of(string)->is_escaped &&
        !rewrite_escaped(text, rewriting->arena, &text))
        return false;
    copy_until(rewriting, string->raw.data + 1); /* with the quote */
    rewriting->to += json_string_write(text.data, text.len, rewriting->to);
    rewriting->from = string->raw.data + string->raw.len - 1;
    return true;
}

/* Recursive as the message is deep. */
static bool write_strings(struct rewriting *rewriting, const struct json_value *value)
{
    if (marks_of(value) != NULL)
        return write_string(rewriting, value);
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return true;
    for (const struct json_value *child = value->first; child != NULL; child = child->next)
        if (!write_strings(rewriting, child))
            return false;
    return true;
}

bool rewrite_message(const struct json_value *root, struct json_text message, bool escapes,
                     struct arena *arena, struct json_text *out)
{
    char *start = arena_alloc(arena, message.len + growth_of(root));
    struct rewriting rewriting = {
        .arena = arena, .escapes = escapes, .from = message.data, .to = start};
    if (start == NULL || !write_strings(&rewriting, root))
        return false;
    copy_until(&rewriting, message.data + message.len);
    *out = (struct json_text){start, (size_t)(rewriting.to - start)};
    return true;
}
