#include "schema_pattern.h"

#include "ecma.h"

#include <stdio.h>

static pcre2_code *compile_translated(struct json_text pattern, uint32_t options, char *error,
                                      size_t error_size)
{
    int number;
    PCRE2_SIZE offset;
    unsigned char message[120];
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len,
                                     options | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                                         PCRE2_ALLOW_EMPTY_CLASS,
                                     &number, &offset, NULL);
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
    struct json_text translated;
    const char *fault;
    pcre2_code *code = NULL;
    if (ecma_translate(pattern, arena, &translated, &fault))
        code = compile_translated(translated, options, error, error_size);
    else
        snprintf(error, error_size, "%s", fault);
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
