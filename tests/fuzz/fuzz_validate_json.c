/*
 * Feeds text to validate's scan, parser and rewriting. The first byte chooses the limits.
 *
 * Besides the sanitizers: the scan and the parser agree on everything but members that are there
 * twice; and a message that was rewritten is JSON again, with none of what was to go.
 */
#include "../../plugins/validate/json/json_parse.h"
#include "../../plugins/validate/json/json_scan.h"
#include "../../plugins/validate/escape.c"
#include "../../plugins/validate/rewrite.c"
#include "../../plugins/validate/texts.c"
#include "../../plugins/validate/refusal.c"

#define ARENA_MAX ((size_t)64 << 20)

static const struct texts rules = {.control = TEXT_REMOVE, .bidi = TEXT_REMOVE};

static void mark_all(struct arena *arena, struct json_value *value)
{
    if (value->type == JSON_STRING) {
        bool is_cleaned;
        struct refusal refusal;
        if (!texts_check(&rules, NULL, arena, &value->text, false, &is_cleaned, &refusal))
            abort();
        rewrite_mark(value, is_cleaned, true);
    }
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        for (struct json_value *child = value->first; child != NULL; child = child->next)
            mark_all(arena, child);
}

static void assert_clean(const struct json_value *value)
{
    if (value->type == JSON_STRING) {
        struct content_of_text found = look_at(value->text);
        if (found.control || found.bidi || memchr(value->text.data, '<', value->text.len) != NULL)
            abort();
    }
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        for (const struct json_value *child = value->first; child != NULL; child = child->next)
            assert_clean(child);
}

static void check_rewriting(struct arena *arena, struct json_value *root, const char *text,
                            size_t len, const struct json_limits *limits)
{
    struct json_limits wide = *limits;
    struct json_text out;
    size_t at;
    wide.max_string *= JSON_STRING_GROWTH;
    mark_all(arena, root);
    if (!rewrite_message(root, (struct json_text){text, len}, true, arena, &out))
        abort();
    if (json_scan(out.data, out.len, &wide, &at) != JSON_OK ||
        json_parse(out.data, out.len, &wide, arena, &root, &at) != JSON_OK)
        abort();
    assert_clean(root);
}

static void check(struct arena *arena, const char *text, size_t len,
                  const struct json_limits *limits)
{
    struct json_value *root;
    size_t scanned_at, parsed_at;
    enum json_result scanned = json_scan(text, len, limits, &scanned_at);
    enum json_result parsed = json_parse(text, len, limits, arena, &root, &parsed_at);
    if (parsed == JSON_DUPLICATE && limits->refuse_duplicates)
        return;
    if (scanned != parsed || scanned_at != parsed_at || scanned_at > len)
        abort();
    if (parsed == JSON_OK)
        check_rewriting(arena, root, text, len, limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (size == 0)
        return 0;
    const struct json_limits limits = {.max_depth = 1 + data[0] % 8,
                                       .max_values = data[0] >= 128 ? 16 : 1000,
                                       .max_members = data[0] & 32 ? 3 : 1000,
                                       .max_string = data[0] & 16 ? 8 : 1000,
                                       .max_number = data[0] & 8 ? 6 : 100,
                                       .refuse_duplicates = (data[0] & 64) != 0,
                                       .refuse_nul_names = (data[0] & 64) != 0};
    arena_init(&arena, ARENA_MAX, malloc, free);
    check(&arena, (const char *)data + 1, size - 1, &limits);
    arena_deinit(&arena);
    return 0;
}
