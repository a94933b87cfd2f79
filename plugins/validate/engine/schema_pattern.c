/*
 * Patterns of ECMA-262, as schemas hold them, in PCRE2's terms.
 */
#include "schema_node.h"

#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 4096

/* General categories that ECMA-262 lets people write out, and PCRE2 does not. */
static const struct {
    const char *name;
    const char *letter;
} categories[] = {
    {"Letter", "L"},
    {"Lowercase_Letter", "Ll"},
    {"Uppercase_Letter", "Lu"},
    {"Titlecase_Letter", "Lt"},
    {"Mark", "M"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Symbol", "S"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Other", "C"},
    {"Control", "Cc"},
};

/* At "\p{" or "\P{". Writes the property in PCRE2's words; returns how much of it was read. */
static size_t translate_property(const char *at, size_t left, char *out, size_t *written)
{
    const char *end = memchr(at, '}', left);
    if (end == NULL || left < 4)
        return 0;
    struct json_text name = {at + 3, (size_t)(end - at - 3)};
    const char *equals = memchr(name.data, '=', name.len);
    if (equals != NULL) {
        name.len -= (size_t)(equals + 1 - name.data);
        name.data = equals + 1;
    }
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (json_text_is(name, categories[i].name))
            name = (struct json_text){categories[i].letter, strlen(categories[i].letter)};
    memcpy(out, at, 3);
    memcpy(out + 3, name.data, name.len);
    out[3 + name.len] = '}';
    *written = name.len + 4;
    return (size_t)(end + 1 - at);
}

static bool translate(struct json_text text, char *out, size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < text.len;) {
        size_t written = 1, read = 1;
        const char *at = text.data + i;
        if (*len + 80 > PATTERN_MAX)
            return false;
        out[*len] = *at;
        if (*at == '\\' && i + 1 < text.len) {
            read = written = 2;
            out[*len + 1] = at[1];
            if ((at[1] == 'p' || at[1] == 'P') && i + 2 < text.len && at[2] == '{') {
                const char *end = memchr(at, '}', text.len - i);
                if (end != NULL && end - at < 64)
                    read = translate_property(at, text.len - i, out + *len, &written);
            }
        }
        i += read;
        *len += written;
    }
    return true;
}

pcre2_code *schema_pattern_compile(struct json_text text, int *code, size_t *offset)
{
    char pattern[PATTERN_MAX];
    size_t len;
    *code = PCRE2_ERROR_NOMEMORY;
    *offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        return NULL;
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
    pcre2_set_max_pattern_length(context, PATTERN_MAX);
    pcre2_set_parens_nest_limit(context, 100);
    pcre2_code *compiled = NULL;
    if (translate(text, pattern, &len))
        compiled = pcre2_compile((PCRE2_SPTR)pattern, len,
                                 PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
                                     PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
                                     PCRE2_NEVER_BACKSLASH_C,
                                 code, offset, context);
    pcre2_compile_context_free(context);
    if (compiled != NULL)
        (void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
    return compiled;
}
