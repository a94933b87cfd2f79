/*
 * Groups that back references name, and their names (22.2.1, DecimalEscape and GroupName).
 */
#include "ecma.h"

#include <stdio.h>
#include <string.h>

uint32_t ecma_referenced_before(const struct ecma *ecma, uint32_t group)
{
    uint32_t count = 0;
    while (count < ecma->referenced_count && ecma->referenced[count] < group)
        count++;
    return count;
}

bool ecma_is_referenced(const struct ecma *ecma, uint32_t group)
{
    uint32_t at = ecma_referenced_before(ecma, group);
    return at < ecma->referenced_count && ecma->referenced[at] == group;
}

static void note_reference(struct ecma *ecma, uint32_t group)
{
    uint32_t at = ecma_referenced_before(ecma, group);
    if (ecma_is_referenced(ecma, group))
        return;
    if (ecma->referenced_count == ECMA_REFERENCED_MAX) {
        ecma->fault = "back references name more than 64 groups";
        return;
    }
    memmove(ecma->referenced + at + 1, ecma->referenced + at,
            (ecma->referenced_count - at) * sizeof *ecma->referenced);
    ecma->referenced[at] = group;
    ecma->referenced_count++;
}

void ecma_put_empty_captures(struct ecma *ecma, uint32_t first, uint32_t last)
{
    uint32_t count =
        ecma_referenced_before(ecma, last + 1) - ecma_referenced_before(ecma, first + 1);
    while (count-- > 0)
        ecma_put(ecma, "()");
}

void ecma_forget_captures(struct ecma *ecma, uint32_t first, uint32_t last)
{
    uint32_t end = ecma_referenced_before(ecma, last + 1);
    for (uint32_t i = ecma_referenced_before(ecma, first + 1); i < end; i++)
        ecma->is_closed[i] = false;
}

/* Nothing is known of shapes and names in the first reading, nor of references in the second. */
void ecma_put_reference(struct ecma *ecma, uint32_t group)
{
    char text[24];
    if (ecma->shapes == NULL)
        return;
    if (group == 0 || group > ecma->group_count) {
        ecma->fault = "there is a reference to a group that is not there";
        return;
    }
    note_reference(ecma, group);
    uint32_t index = ecma_referenced_before(ecma, group);
    /* Before its end a group has captured nothing: whatever repeats both has begun anew. Looking
     * behind, what stands behind comes first; PCRE2 has no such references and says so. Behind a
     * negative look-around its groups have captured nothing either. */
    if (ecma->fault == NULL && !ecma->is_closed[index] && ecma->look_behinds == 0) {
        ecma_put(ecma, "(?:)");
        return;
    }
    (void)snprintf(text, sizeof text, "\\g{%u}", index + 1);
    ecma_put(ecma, text);
}

bool ecma_take_name(struct ecma *ecma, struct json_text *name)
{
    const char *start = ecma->at;
    const char *close = memchr(start, '>', (size_t)(ecma->end - start));
    bool is_good = close != NULL && close > start && (*start < '0' || *start > '9');
    for (const char *at = start; is_good && at < close; at++)
        is_good = ecma_is_alphanumeric((unsigned char)*at) || *at == '_' || *at == '$' ||
                  (unsigned char)*at >= 0x80;
    if (!is_good) {
        ecma->fault = "the name of a group is no identifier";
        return false;
    }
    *name = (struct json_text){start, (size_t)(close - start)};
    ecma->at = close + 1;
    return true;
}

uint32_t ecma_find_name(const struct ecma *ecma, struct json_text name)
{
    for (uint32_t i = 0; i < ecma->name_count; i++)
        if (ecma->names[i].text.len == name.len &&
            memcmp(ecma->names[i].text.data, name.data, name.len) == 0)
            return ecma->names[i].group;
    return 0;
}

void ecma_note_name(struct ecma *ecma, struct json_text name, uint32_t group)
{
    if (ecma->shapes != NULL)
        return;
    if (ecma_find_name(ecma, name) != 0)
        ecma->fault = "two groups have the same name";
    else if (ecma->name_count == ECMA_NAMES_MAX)
        ecma->fault = "more than 64 groups have a name";
    else
        ecma->names[ecma->name_count++] = (struct ecma_name){name, group};
}
