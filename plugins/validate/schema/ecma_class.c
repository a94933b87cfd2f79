/*
 * Classes of characters (22.2.1.4).
 */
#include "ecma.h"

#define SURROGATE_FIRST 0xd800u
#define SURROGATE_LAST 0xdfffu

/* One that stands for itself, or the end of a range. Returns false if it was a set instead, which
 * has been written. */
static bool take_atom(struct ecma *ecma, uint32_t *character)
{
    if (!ecma_take(ecma, '\\')) {
        *character = ecma_take_character(ecma);
        return true;
    }
    if (ecma_take_set(ecma, true))
        return false;
    *character = ecma_take_escape(ecma, true);
    return true;
}

static bool is_surrogate(uint32_t character)
{
    return character >= SURROGATE_FIRST && character <= SURROGATE_LAST;
}

/* No text has surrogates, and PCRE2 takes none as an end of a range. */
static void put_range(struct ecma *ecma, uint32_t first, uint32_t last)
{
    if (is_surrogate(first))
        first = SURROGATE_LAST + 1;
    if (is_surrogate(last))
        last = SURROGATE_FIRST - 1;
    if (first > last)
        return;
    ecma_put_character(ecma, first);
    if (first == last)
        return;
    ecma_put(ecma, "-");
    ecma_put_character(ecma, last);
}

static bool begins_range(const struct ecma *ecma)
{
    return ecma->end - ecma->at > 1 && ecma->at[0] == '-' && ecma->at[1] != ']';
}

static void take_member(struct ecma *ecma)
{
    uint32_t first, last;
    bool is_character = take_atom(ecma, &first);
    if (!begins_range(ecma)) {
        if (is_character)
            put_range(ecma, first, first);
        return;
    }
    ecma->at++;
    if (!take_atom(ecma, &last) || !is_character)
        ecma->fault = "a range in a class begins or ends with a set of characters";
    else if (first > last)
        ecma->fault = "a range in a class is out of order";
    else
        put_range(ecma, first, last);
}

void ecma_take_class(struct ecma *ecma)
{
    ecma->at++;
    size_t opening = ecma->out_len;
    bool is_negated = ecma_take(ecma, '^');
    ecma_put(ecma, is_negated ? "[^" : "[");
    size_t members = ecma->out_len;
    while (ecma->fault == NULL && !ecma_take(ecma, ']')) {
        if (ecma->at == ecma->end)
            ecma->fault = "a class of characters is not closed";
        else
            take_member(ecma);
    }
    if (ecma->out_len == members && !is_negated) {
        ecma->out_len = opening;
        ecma_put(ecma, ECMA_NOTHING);
        return;
    }
    ecma_put(ecma, "]");
}
