/*
 * Feeds text to validate's scan and parser. The first byte chooses the limits.
 *
 * Besides the sanitizers: what passes has no more depth and no more values than was allowed, as
 * counted anew in the tree that cJSON makes of it.
 */
#include "../../plugins/validate/json_check.c"
#include "../../plugins/validate/json_scan.c"

#include <stdlib.h>

struct measure {
    size_t values;
    size_t depth;
};

static void measure(const cJSON *item, size_t above, struct measure *found)
{
    size_t depth = above + (cJSON_IsArray(item) || cJSON_IsObject(item));
    found->values++;
    if (depth > found->depth)
        found->depth = depth;
    for (const cJSON *child = item->child; child != NULL; child = child->next)
        measure(child, depth, found);
}

static void check_passed(const char *text, size_t len, const struct json_limits *limits)
{
    struct measure found = {0, 0};
    cJSON *document = cJSON_ParseWithLength(text, len);
    if (document == NULL)
        abort();
    measure(document, 0, &found);
    if (found.values > limits->max_values || found.depth > limits->max_depth)
        abort();
    cJSON_Delete(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct member members[] = {
        {.name = "a", .name_len = 1, .type = MEMBER_STRING},
        {.name = "n", .name_len = 1, .type = MEMBER_INTEGER},
    };
    if (size == 0)
        return 0;
    const struct json_limits limits = {.max_depth = 1 + data[0] % 8,
                                       .max_values = data[0] >= 128 ? 16 : 1000};
    size_t count = data[0] & 64 ? 2 : 0;
    struct json_finding finding;
    const char *text = (const char *)data + 1;
    size_t len = size - 1;
    bool passed = json_check(text, len, &limits, members, count, &finding);
    if (finding.at > len || (!passed && finding.result == JSON_OK && finding.fault == MEMBERS_OK))
        abort();
    if (passed)
        check_passed(text, len, &limits);
    return 0;
}
