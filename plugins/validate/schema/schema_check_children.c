#include "schema_context.h"

#define MEMBERS_LOOKED_UP 2 /* count as much as one schema that is applied */

static size_t count_or(const struct json_value *bound, size_t otherwise)
{
    return bound == NULL ? otherwise : *(const size_t *)bound->attachment;
}

static bool check_contains(struct schema_context *context, const struct schema_node *node,
                           const struct json_value *value, evaluated *seen)
{
    size_t found = 0;
    if (node->contains == NULL)
        return true;
    context->quiet++;
    for (const struct json_value *item = value->first; item != NULL; item = item->next)
        if (schema_apply(context, node->contains, item, NULL)) {
            schema_evaluated_add(seen, item->index);
            found++;
        }
    context->quiet--;
    if (found < count_or(node->min_contains, 1))
        return schema_refuse(context, node, "contains", value,
                             "Only %zu items are of the kind that it has to contain", found);
    if (found > count_or(node->max_contains, SIZE_MAX))
        return schema_refuse(context, node, "maxContains", value,
                             "%zu items are of the kind that it may contain less of", found);
    return true;
}

static bool check_items(struct schema_context *context, const struct schema_node *node,
                        const struct json_value *value, evaluated *seen)
{
    if (node->items == NULL && node->prefix_items.count == 0)
        return true;
    for (const struct json_value *item = value->first; item != NULL; item = item->next) {
        const struct schema_node *child = item->index < node->prefix_items.count
                                              ? node->prefix_items.nodes[item->index]
                                              : node->items;
        if (child == NULL)
            return true;
        if (!schema_apply(context, child, item, NULL))
            return false;
        schema_evaluated_add(seen, item->index);
    }
    return true;
}

/* One member: properties and patternProperties, or if none of them is about it, the rest. */
static bool check_member(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *member, evaluated *seen)
{
    bool known = false;
    const struct json_value *property =
        node->properties == NULL ? NULL : json_member(node->properties, member->name);
    if (property != NULL) {
        known = true;
        if (!schema_apply(context, property->attachment, member, NULL))
            return false;
    }
    for (size_t i = 0; i < node->pattern_property_count; i++) {
        const struct schema_pattern_property *pattern = &node->pattern_properties[i];
        if (!schema_match(context, node, member, pattern->pattern, member->name))
            continue;
        known = true;
        if (!schema_apply(context, pattern->node, member, NULL))
            return false;
    }
    if (!known && node->additional_properties != NULL) {
        known = true;
        if (!schema_apply(context, node->additional_properties, member, NULL))
            return false;
    }
    if (known)
        schema_evaluated_add(seen, member->index);
    return context->fault == SCHEMA_VALID;
}

/* The name as a value of its own; it says it is where its member is. */
static bool check_property_name(struct schema_context *context, const struct schema_node *node,
                                const struct json_value *member)
{
    const struct json_value name = {
        .type = JSON_STRING,
        .name = member->name,
        .index = member->index,
        .parent = member->parent,
        .text = member->name,
    };
    return schema_apply(context, node->property_names, &name, NULL);
}

static bool check_members(struct schema_context *context, const struct schema_node *node,
                          const struct json_value *value, evaluated *seen)
{
    bool any = node->properties != NULL || node->pattern_property_count > 0 ||
               node->additional_properties != NULL;
    if (!any && node->property_names == NULL)
        return true;
    if (!schema_work(context, node, value, value->count / MEMBERS_LOOKED_UP))
        return false;
    for (const struct json_value *member = value->first; member != NULL; member = member->next) {
        if (any && !check_member(context, node, member, seen))
            return false;
        if (node->property_names != NULL && !check_property_name(context, node, member))
            return false;
    }
    return true;
}

bool schema_check_children(struct schema_context *context, const struct schema_node *node,
                           const struct json_value *value, evaluated *seen)
{
    if (value->type == JSON_ARRAY)
        return check_items(context, node, value, seen) &&
               check_contains(context, node, value, seen);
    return value->type != JSON_OBJECT || check_members(context, node, value, seen);
}

bool schema_check_unevaluated(struct schema_context *context, const struct schema_node *node,
                              const struct json_value *value, evaluated *seen)
{
    const struct schema_node *rest =
        value->type == JSON_ARRAY ? node->unevaluated_items : node->unevaluated_properties;
    for (const struct json_value *child = value->first; child != NULL; child = child->next) {
        if (seen[child->index / 8] & 1u << child->index % 8)
            continue;
        if (!schema_apply(context, rest, child, NULL))
            return false;
        schema_evaluated_add(seen, child->index);
    }
    return true;
}
