#include "schema_context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORK_BASE 100000                /* that a message may take however short it is */
#define WORK_A_BYTE 8                   /* that it may take besides, for each byte */
#define MEMORY_KEPT ((size_t)256 << 10) /* bytes that a context keeps between messages */

struct schema_context *schema_context_create(const struct schema_limits *limits,
                                             struct matcher *matcher)
{
    struct schema_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return NULL;
    context->limits = *limits;
    if (context->limits.max_depth > SCHEMA_DEPTH_MAX)
        context->limits.max_depth = SCHEMA_DEPTH_MAX;
    arena_init(&context->arena, limits->max_memory, malloc, free);
    context->matcher = matcher;
    return context;
}

void schema_context_destroy(struct schema_context *context)
{
    if (context == NULL)
        return;
    arena_deinit(&context->arena);
    free(context);
}

static void note_refusal(struct schema_context *context, const struct schema_node *node,
                         const char *name, const struct json_value *value)
{
    const struct json_value *at = name == NULL || node->source->type != JSON_OBJECT
                                      ? NULL
                                      : json_member_cstr(node->source, name);
    json_pointer_write(value, context->finding->instance, sizeof context->finding->instance);
    schema_where(context->schema, at == NULL ? node->source : at, context->finding->keyword,
                 sizeof context->finding->keyword);
}

bool schema_refuse(struct schema_context *context, const struct schema_node *node, const char *name,
                   const struct json_value *value, const char *format, ...)
{
    va_list arguments;
    if (context->quiet > 0 || context->fault != SCHEMA_VALID ||
        context->finding->fault != SCHEMA_VALID)
        return false;
    context->finding->fault = SCHEMA_INVALID;
    note_refusal(context, node, name, value);
    va_start(arguments, format);
    vsnprintf(context->finding->sentence, sizeof context->finding->sentence, format, arguments);
    va_end(arguments);
    return false;
}

bool schema_stop(struct schema_context *context, enum schema_fault fault,
                 const struct schema_node *node, const struct json_value *value,
                 const char *sentence)
{
    if (context->fault != SCHEMA_VALID)
        return false;
    context->fault = fault;
    context->finding->fault = fault;
    note_refusal(context, node, NULL, value);
    snprintf(context->finding->sentence, sizeof context->finding->sentence, "%s", sentence);
    return false;
}

bool schema_work(struct schema_context *context, const struct schema_node *node,
                 const struct json_value *value, uint64_t work)
{
    if (context->fault != SCHEMA_VALID)
        return false;
    if (work > context->work_left)
        return schema_stop(context, SCHEMA_TOO_MUCH_WORK, node, value,
                           "The check of this message takes too much work");
    context->work_left -= work;
    return true;
}

evaluated *schema_evaluated(struct schema_context *context, const struct schema_node *node,
                            const struct json_value *value)
{
    if (!schema_work(context, node, value, value->count / 256))
        return NULL;
    evaluated *seen = arena_alloc(&context->arena, value->count / 8 + 1);
    if (seen == NULL)
        schema_stop(context, SCHEMA_NO_MEMORY, node, value, "There is no memory for the check");
    return seen;
}

void schema_evaluated_add(evaluated *seen, size_t index)
{
    if (seen != NULL)
        seen[index / 8] |= (evaluated)(1u << index % 8);
}

void schema_evaluated_merge(evaluated *seen, const evaluated *other, size_t count)
{
    for (size_t i = 0; seen != NULL && i < count / 8 + 1; i++)
        seen[i] |= other[i];
}

bool schema_match(struct schema_context *context, const struct schema_node *node,
                  const struct json_value *value, const pcre2_code *pattern, struct json_text text)
{
    if (!schema_work(context, node, value, 1 + text.len / 256))
        return false;
    enum match match = matcher_match(context->matcher, pattern, text);
    if (match == MATCH_TOO_LONG)
        return schema_stop(context, SCHEMA_PATTERN_LIMIT, node, value,
                           "A pattern takes too long on this text");
    return match == MATCH_YES;
}

/* The steps of one schema on one value, in an order in which unevaluated* comes last. */
static bool apply_keywords(struct schema_context *context, const struct schema_node *node,
                           const struct json_value *value, evaluated *seen)
{
    bool asks = (node->unevaluated_items != NULL && value->type == JSON_ARRAY) ||
                (node->unevaluated_properties != NULL && value->type == JSON_OBJECT);
    evaluated *own = asks ? schema_evaluated(context, node, value) : seen;
    if (asks && own == NULL)
        return false;
    if (!schema_check_value(context, node, value) ||
        !schema_check_in_place(context, node, value, own) ||
        !schema_check_children(context, node, value, own))
        return false;
    if (!asks)
        return true;
    if (!schema_check_unevaluated(context, node, value, own))
        return false;
    schema_evaluated_merge(seen, own, value->count);
    return true;
}

bool schema_apply(struct schema_context *context, const struct schema_node *node,
                  const struct json_value *value, evaluated *seen)
{
    if (!schema_work(context, node, value, 1))
        return false;
    if (node->source->type == JSON_BOOLEAN)
        return node->source->boolean ||
               schema_refuse(context, node, NULL, value, "Nothing is allowed here");
    if (context->depth == context->limits.max_depth)
        return schema_stop(context, SCHEMA_TOO_DEEP, node, value,
                           "Too many schemas are inside each other");
    context->depth++;
    size_t scopes = context->scope_count;
    if (scopes == 0 || context->scopes[scopes - 1] != node->resource)
        context->scopes[context->scope_count++] = node->resource;
    struct arena_mark mark = arena_mark(&context->arena);
    bool fine = apply_keywords(context, node, value, seen);
    arena_release(&context->arena, mark);
    context->scope_count = scopes;
    context->depth--;
    return fine;
}

/* A short message may take less work than a long one, whatever the schema makes of it. */
static uint64_t work_for(const struct schema_limits *limits, const struct json_value *message)
{
    uint64_t work = WORK_BASE + (uint64_t)message->raw.len * WORK_A_BYTE;
    return work < limits->max_work ? work : limits->max_work;
}

bool schema_check(const struct schema *schema, struct schema_context *context,
                  const struct json_value *message, struct schema_finding *finding)
{
    memset(finding, 0, sizeof *finding);
    arena_shrink(&context->arena, MEMORY_KEPT);
    context->schema = schema;
    context->finding = finding;
    context->depth = 0;
    context->work_left = work_for(&context->limits, message);
    context->quiet = 0;
    context->fault = SCHEMA_VALID;
    context->scope_count = 0;
    bool fine = schema_apply(context, schema->root, message, NULL);
    if (fine && context->fault == SCHEMA_VALID)
        return true;
    if (finding->fault == SCHEMA_VALID)
        finding->fault = SCHEMA_INVALID;
    return false;
}
