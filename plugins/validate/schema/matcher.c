#include "matcher.h"

#define JIT_STACK_MIN ((size_t)32 << 10)
#define JIT_STACK_MAX ((size_t)512 << 10)
#define DEPTH_MAX 10000   /* of what is matched without the just-in-time compiler */
#define HEAP_MAX_KIB 8192 /* likewise */
#define FIRST_STEPS 100   /* of the first try, besides those for each byte of text */
#define STEPS_A_BYTE 4    /* what a harmless pattern needs to walk along a text */
#define STEPS_GROWTH 10   /* of each further try */
#define BYTES_A_CHARGE 64 /* of text: what a match that costs nothing else is charged by */

bool matcher_init(struct matcher *matcher, uint32_t limit)
{
    *matcher = (struct matcher){.limit = limit};
    matcher->data = pcre2_match_data_create(1, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    matcher->jit_stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (matcher->data == NULL || matcher->context == NULL) {
        matcher_deinit(matcher);
        return false;
    }
    pcre2_set_depth_limit(matcher->context, DEPTH_MAX);
    pcre2_set_heap_limit(matcher->context, HEAP_MAX_KIB);
    if (matcher->jit_stack != NULL)
        pcre2_jit_stack_assign(matcher->context, NULL, matcher->jit_stack);
    matcher_begin(matcher);
    return true;
}

void matcher_deinit(struct matcher *matcher)
{
    pcre2_jit_stack_free(matcher->jit_stack);
    pcre2_match_context_free(matcher->context);
    pcre2_match_data_free(matcher->data);
    *matcher = (struct matcher){0};
}

void matcher_begin(struct matcher *matcher)
{
    matcher->left = (uint64_t)matcher->limit * MATCHER_BUDGET;
}

/* Takes steps from the budget. */
static void charge(struct matcher *matcher, uint64_t steps)
{
    matcher->left -= steps < matcher->left ? steps : matcher->left;
}

enum match matcher_match(struct matcher *matcher, const pcre2_code *pattern, struct json_text text)
{
    uint64_t most = matcher->limit < matcher->left ? matcher->limit : matcher->left;
    const PCRE2_SPTR subject = (PCRE2_SPTR)(text.len > 0 ? text.data : "");
    charge(matcher, 1 + text.len / BYTES_A_CHARGE);
    for (uint64_t steps = FIRST_STEPS + STEPS_A_BYTE * (uint64_t)text.len; most > 0;
         steps *= STEPS_GROWTH) {
        bool is_last = steps >= most;
        pcre2_set_match_limit(matcher->context, (uint32_t)(is_last ? most : steps));
        int result = pcre2_match(pattern, subject, text.len, 0, 0, matcher->data, matcher->context);
        if (result >= 0)
            return MATCH_YES;
        if (result == PCRE2_ERROR_NOMATCH)
            return MATCH_NO;
        charge(matcher, is_last ? most : steps);
        if (result != PCRE2_ERROR_MATCHLIMIT || is_last)
            break;
    }
    return MATCH_TOO_LONG;
}
