#include "schema_pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What ECMA-262 calls white space, inside a character class: \s of PCRE2 is ASCII, and U+FEFF,
 * U+2028 and U+2029 stand here as themselves, since \x{...} is none in this dialect. */
#define SPACES "\\s\\p{Zs}\xef\xbb\xbf\xe2\x80\xa8\xe2\x80\xa9"

/* The letters that may follow a backslash in a pattern of ECMA-262 with the u flag. */
#define ESCAPES "bBcdDfknpPrsStuvwWx"

static const char *const categories[][2] = {
    {"Letter", "L"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Cased_Letter", "L&"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Unassigned", "Cn"},
    {"LC", "L&"},
};

struct translation {
    const char *at;
    const char *end;
    char *out;
    bool in_class;
    const char *fault; /* what is wrong, or NULL */
};

static void put(struct translation *translation, const char *text, size_t len)
{
    memcpy(translation->out, text, len);
    translation->out += len;
}

/* At "p{" or "P{" behind a backslash. */
static void translate_property(struct translation *translation)
{
    const char *start = translation->at + 2;
    const char *close = memchr(start, '}', (size_t)(translation->end - start));
    if (close == NULL) {
        translation->fault = "\\p{ is not closed";
        return;
    }
    put(translation, "\\", 1);
    put(translation, translation->at, 2);
    const char *equals = memchr(start, '=', (size_t)(close - start));
    struct json_text name = {start, (size_t)(close - start)};
    if (equals != NULL)
        name = (struct json_text){equals + 1, (size_t)(close - equals - 1)};
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (json_text_is(name, categories[i][0])) {
            name = (struct json_text){categories[i][1], strlen(categories[i][1])};
            break;
        }
    put(translation, name.data, name.len);
    put(translation, "}", 1);
    translation->at = close + 1;
}

/* Behind a backslash. */
static void translate_escape(struct translation *translation)
{
    char c = *translation->at;
    bool brace = translation->end - translation->at > 1 && translation->at[1] == '{';
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && strchr(ESCAPES, c) == NULL) {
        translation->fault = "there is an escape that ECMA-262 does not know";
    } else if ((c == 'p' || c == 'P') && brace) {
        translate_property(translation);
    } else if (c == 's' || (c == 'S' && !translation->in_class)) {
        const char *open = translation->in_class ? "" : c == 's' ? "[" : "[^";
        put(translation, open, strlen(open));
        put(translation, SPACES, strlen(SPACES));
        put(translation, "]", translation->in_class ? 0 : 1);
        translation->at++;
    } else {
        put(translation, "\\", 1);
        put(translation, translation->at++, 1);
    }
}

/* Groups that only PCRE2 knows, such as verbs and recursion, are none of JSON Schema's. */
static bool is_foreign_group(const char *at, const char *end)
{
    if (end - at < 2 || (at[1] != '*' && at[1] != '?'))
        return false;
    return at[1] == '*' || end - at < 3 || memchr(":=!<", at[2], 4) == NULL;
}

static void translate(struct translation *translation)
{
    while (translation->at < translation->end && translation->fault == NULL) {
        char c = *translation->at;
        if (c == '\\' && translation->end - translation->at > 1) {
            translation->at++;
            translate_escape(translation);
            continue;
        }
        if (c == '(' && !translation->in_class &&
            is_foreign_group(translation->at, translation->end))
            translation->fault = "there is a group that ECMA-262 does not know";
        if (c == '[' && translation->in_class)
            put(translation, "\\", 1); /* else [: would begin a POSIX class */
        translation->in_class = c == '[' || (translation->in_class && c != ']');
        put(translation, translation->at++, 1);
    }
}

static pcre2_code *compile(const char *pattern, size_t len, uint32_t options, char *error,
                           size_t error_size)
{
    int number;
    PCRE2_SIZE offset;
    unsigned char message[120];
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        return NULL;
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, len,
                                     options | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
                                         PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS,
                                     &number, &offset, context);
    pcre2_compile_context_free(context);
    if (code == NULL) {
        pcre2_get_error_message(number, message, sizeof message);
        snprintf(error, error_size, "%s", (const char *)message);
    }
    return code;
}

static pcre2_code *translate_and_compile(struct json_text pattern, uint32_t options,
                                         struct arena *arena, char *error, size_t error_size)
{
    struct arena_mark mark = arena_mark(arena);
    pcre2_code *code = NULL;
    char *buffer = arena_array(arena, pattern.len + 1, sizeof SPACES + 3);
    snprintf(error, error_size, "there is no memory");
    if (buffer == NULL)
        return NULL;
    struct translation translation = {
        .at = pattern.data, .end = pattern.data + pattern.len, .out = buffer};
    translate(&translation);
    if (translation.fault == NULL)
        code = compile(buffer, (size_t)(translation.out - buffer), options, error, error_size);
    else
        snprintf(error, error_size, "%s", translation.fault);
    arena_release(arena, mark);
    return code;
}

pcre2_code *pattern_compile(struct json_text pattern, struct arena *arena, char *error,
                            size_t error_size)
{
    pcre2_code *code = translate_and_compile(pattern, MATCHER_COMPILE, arena, error, error_size);
    if (code != NULL)
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without, it is slower but works */
    return code;
}

/* Neither callouts nor machine code: it is never matched, and what a message asks has to be cheap.
 */
bool pattern_is_valid(struct json_text pattern, struct arena *arena)
{
    char error[128];
    pcre2_code *code = translate_and_compile(pattern, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, arena,
                                             error, sizeof error);
    pcre2_code_free(code);
    return code != NULL;
}
