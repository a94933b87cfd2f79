/*
 * Compiles a JSON Schema and checks a message against it: the input is both, with a NUL byte
 * between them. The first byte chooses whether formats are asserted.
 *
 * Besides the sanitizers: checking ends within its limits, and twice the same comes to the same.
 */
#include "../../plugins/validate/schema/schema.h"

#include <stdlib.h>
#include <string.h>

static const struct json_limits message_limits = {.max_depth = 32,
                                                  .max_values = 10000,
                                                  .max_members = 1000,
                                                  .max_string = 10000,
                                                  .max_number = 100};

static void check(const struct schema *schema, struct schema_context *context,
                  struct matcher *matcher, const char *data, size_t len)
{
    struct arena arena;
    struct json_value *message;
    struct schema_finding first, second;
    size_t at;
    arena_init(&arena, (size_t)16 << 20, malloc, free);
    if (json_parse(data, len, &message_limits, &arena, &message, &at) == JSON_OK) {
        matcher_begin(matcher, len);
        bool valid = schema_check(schema, context, message, &first);
        matcher_begin(matcher, len);
        if (schema_check(schema, context, message, &second) != valid ||
            (!valid && (first.fault != second.fault || first.sentence[0] == '\0')))
            abort();
    }
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct schema_limits limits = {64, 10000, (size_t)1 << 20};
    char error[SCHEMA_ERROR_SIZE];
    const uint8_t *middle = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    if (middle == NULL)
        return 0;
    const struct schema_options options = {.flags = data[0] & 1 ? SCHEMA_ASSERT_FORMAT : 0};
    struct schema *schema = schema_parse((const char *)data + 1, (size_t)(middle - data) - 1,
                                         "urn:fuzz", &options, error);
    struct matcher matcher;
    if (schema == NULL)
        return 0;
    if (!matcher_init(&matcher, 1000))
        abort();
    struct schema_context *context = schema_context_create(&limits, &matcher);
    if (context == NULL)
        abort();
    check(schema, context, &matcher, (const char *)middle + 1, size - (size_t)(middle - data) - 1);
    schema_context_destroy(context);
    matcher_deinit(&matcher);
    schema_destroy(schema);
    return 0;
}
