#include "matcher.h"

#define JIT_STACK_MIN ((size_t)32 << 10)
#define JIT_STACK_MAX ((size_t)2 << 20) /* enough for a group that repeats over 64 KiB */
#define DEPTH_MAX 10000                 /* of what is matched without the just-in-time compiler */
#define HEAP_MAX_KIB 8192               /* likewise */
#define STEPS_A_MATCH 4                 /* what it costs to begin one */
#define BYTES_A_STEP 16                 /* that a match walks along without calling back */

/* Takes steps from what the match and the message have. */
static bool charge_steps(struct matcher *matcher, uint64_t steps)
{
    if (steps > matcher->left || steps > matcher->match_left)
        return false;
    matcher->left -= steps;
    matcher->match_left -= steps;
    return true;
}

/* Before each item of the pattern: counts it, and how far the match has come since the last one. */
static int on_item(pcre2_callout_block *block, void *data)
{
    struct matcher *matcher = data;
    size_t from = matcher->position, to = block->current_position;
    matcher->position = to;
    return charge_steps(matcher, 1 + (to > from ? to - from : from - to) / BYTES_A_STEP)
               ? 0
               : PCRE2_ERROR_CALLOUT;
}

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
    pcre2_set_callout(matcher->context, on_item, matcher);
    matcher_begin(matcher, 0);
    return true;
}

void matcher_deinit(struct matcher *matcher)
{
    pcre2_jit_stack_free(matcher->jit_stack);
    pcre2_match_context_free(matcher->context);
    pcre2_match_data_free(matcher->data);
    *matcher = (struct matcher){0};
}

void matcher_begin(struct matcher *matcher, size_t len)
{
    matcher->left =
        (uint64_t)matcher->limit * MATCHER_BUDGET + (uint64_t)len * MATCHER_STEPS_A_BYTE;
}

enum match matcher_match(struct matcher *matcher, const pcre2_code *pattern, struct json_text text)
{
    const PCRE2_SPTR subject = (PCRE2_SPTR)(text.len > 0 ? text.data : "");
    matcher->match_left = matcher->limit + (uint64_t)text.len * MATCHER_STEPS_A_BYTE;
    matcher->position = 0;
    /* PCRE2 walks along the text to see that it is UTF-8. */
    if (!charge_steps(matcher, STEPS_A_MATCH + text.len / BYTES_A_STEP))
        return MATCH_TOO_LONG;
    int result = pcre2_match(pattern, subject, text.len, 0, 0, matcher->data, matcher->context);
    if (result >= 0)
        return MATCH_YES;
    return result == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_TOO_LONG;
}
