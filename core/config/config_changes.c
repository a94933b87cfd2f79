#include "config/config_changes.h"

#include "config/config.h"
#include "config/yaml.h"

#include <stdio.h>
#include <string.h>

#define MORE_MAX 24 /* " and 4294967295 more" */

struct changes {
    char *text; /* CONFIG_CHANGES_MAX bytes */
    size_t len;
    unsigned more;  /* names that do not fit */
    char name[128]; /* of what is compared */
    size_t name_len;
};

static void compare_nodes(struct changes *changes, const struct yaml_node *before,
                          const struct yaml_node *after, unsigned depth);

static void note_change(struct changes *changes)
{
    const char *comma = changes->len > 0 ? ", " : "";
    if (changes->more > 0 ||
        changes->len + strlen(comma) + changes->name_len >= CONFIG_CHANGES_MAX - MORE_MAX) {
        changes->more++;
        return;
    }
    changes->len +=
        (size_t)snprintf(changes->text + changes->len, CONFIG_CHANGES_MAX - changes->len, "%s%s",
                         comma, changes->name_len > 0 ? changes->name : "everything");
}

/* How deep to look into what lies under a key. */
static unsigned depth_below(const char *key, unsigned depth)
{
    return depth > 1 && strcmp(key, "options") == 0 ? 1 : depth - 1;
}

static void compare_under(struct changes *changes, const char *key, const struct yaml_node *before,
                          const struct yaml_node *after, unsigned depth)
{
    size_t outer = changes->name_len;
    size_t room = sizeof changes->name - outer;
    int len = snprintf(changes->name + outer, room, "%s%s", outer > 0 ? "." : "", key);
    changes->name_len += (size_t)len < room ? (size_t)len : room - 1;
    compare_nodes(changes, before, after, depth_below(key, depth));
    changes->name_len = outer;
    changes->name[outer] = '\0';
}

static void compare_mappings(struct changes *changes, const struct yaml_node *before,
                             const struct yaml_node *after, unsigned depth)
{
    for (size_t i = 0; i < before->count; i++)
        compare_under(changes, before->entries[i].key, before->entries[i].value,
                      yaml_node_get(after, before->entries[i].key), depth);
    for (size_t i = 0; i < after->count; i++)
        if (yaml_node_entry(before, after->entries[i].key) == NULL)
            compare_under(changes, after->entries[i].key, NULL, after->entries[i].value, depth);
}

static void compare_lists(struct changes *changes, const struct yaml_node *before,
                          const struct yaml_node *after, unsigned depth)
{
    char index[24];
    for (size_t i = 0; i < before->count; i++) {
        snprintf(index, sizeof index, "%zu", i);
        compare_under(changes, index, before->entries[i].value, after->entries[i].value, depth);
    }
}

/* NULL: it is not there. */
static void compare_nodes(struct changes *changes, const struct yaml_node *before,
                          const struct yaml_node *after, unsigned depth)
{
    if (yaml_node_equals(before, after))
        return;
    bool can_descend = before != NULL && after != NULL && before->kind == after->kind && depth > 0;
    if (can_descend && before->kind == NODE_MAPPING)
        compare_mappings(changes, before, after, depth);
    else if (can_descend && before->kind == NODE_SEQUENCE && before->count == after->count)
        compare_lists(changes, before, after, depth);
    else
        note_change(changes);
}

void config_changes_describe(const struct config *before, const struct config *after,
                             char text[CONFIG_CHANGES_MAX])
{
    struct changes changes = {.text = text};
    text[0] = '\0';
    compare_nodes(&changes, before->tree, after->tree, YAML_MAX_DEPTH);
    if (changes.more > 0)
        snprintf(text + changes.len, CONFIG_CHANGES_MAX - changes.len, "%s%u more",
                 changes.len > 0 ? " and " : "", changes.more);
}
