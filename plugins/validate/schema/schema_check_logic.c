#include "schema_context.h"

/* Tries a schema whose failure is no failure yet. What it evaluates counts only if it succeeds. */
static bool try_apply(struct schema_context *context, const struct schema_node *node,
                      const struct json_value *value, evaluated *seen)
{
    struct arena_mark mark = arena_mark(&context->arena);
    evaluated *scratch = seen == NULL ? NULL : schema_evaluated(context, node, value);
    if (seen != NULL && scratch == NULL)
        return false;
    context->quiet++;
    bool fine = schema_apply(context, node, value, scratch);
    context->quiet--;
    if (fine)
        schema_evaluated_merge(seen, scratch, value->count);
    arena_release(&context->arena, mark);
    return fine;
}

/* Core, section 8.2.3.2: the outermost resource in the dynamic scope with this anchor decides. */
static const struct schema_node *dynamic_target(const struct schema_context *context,
                                                const struct schema_node *node)
{
    for (size_t i = 0; node->dynamic_name.len > 0 && i < context->scope_count; i++) {
        const struct schema_anchor *anchor =
            schema_find_anchor(context->scopes[i], node->dynamic_name, true);
        if (anchor != NULL)
            return anchor->node;
    }
    return node->dynamic_ref;
}

static bool check_any_of(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value, evaluated *seen)
{
    bool fine = node->any_of.count == 0;
    for (size_t i = 0; i < node->any_of.count && (!fine || seen != NULL); i++)
        fine |= try_apply(context, node->any_of.nodes[i], value, seen);
    return fine || schema_refuse(context, node, "anyOf", value,
                                 "The value is valid under none of the alternatives");
}

static bool check_one_of(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value, evaluated *seen)
{
    size_t fine = 0;
    if (node->one_of.count == 0)
        return true;
    for (size_t i = 0; i < node->one_of.count && fine < 2; i++)
        fine += try_apply(context, node->one_of.nodes[i], value, seen);
    if (fine == 1)
        return true;
    return schema_refuse(context, node, "oneOf", value,
                         "The value is valid under %s of the alternatives",
                         fine == 0 ? "none" : "more than one");
}

static bool check_condition(struct schema_context *context, const struct schema_node *node,
                            const struct json_value *value, evaluated *seen)
{
    if (node->if_ == NULL)
        return true;
    const struct schema_node *then =
        try_apply(context, node->if_, value, seen) ? node->then : node->else_;
    return then == NULL || schema_apply(context, then, value, seen);
}

static bool check_dependent(struct schema_context *context, const struct schema_node *node,
                            const struct json_value *schemas, const struct json_value *value,
                            evaluated *seen)
{
    if (schemas == NULL || value->type != JSON_OBJECT)
        return true;
    if (!schema_work(context, node, value, schemas->count / 4))
        return false;
    for (const struct json_value *member = schemas->first; member != NULL; member = member->next)
        if (member->type != JSON_ARRAY && json_member(value, member->name) != NULL &&
            !schema_apply(context, member->attachment, value, seen))
            return false;
    return true;
}

bool schema_check_in_place(struct schema_context *context, const struct schema_node *node,
                           const struct json_value *value, evaluated *seen)
{
    if (node->ref != NULL && !schema_apply(context, node->ref, value, seen))
        return false;
    if (node->dynamic_ref != NULL &&
        !schema_apply(context, dynamic_target(context, node), value, seen))
        return false;
    for (size_t i = 0; i < node->all_of.count; i++)
        if (!schema_apply(context, node->all_of.nodes[i], value, seen))
            return false;
    if (node->not_ != NULL && try_apply(context, node->not_, value, NULL))
        return schema_refuse(context, node, "not", value, "The value is of the kind ruled out");
    return check_any_of(context, node, value, seen) && check_one_of(context, node, value, seen) &&
           check_condition(context, node, value, seen) &&
           check_dependent(context, node, node->dependent_schemas, value, seen) &&
           check_dependent(context, node, node->dependencies, value, seen);
}
