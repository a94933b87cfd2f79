#include "config/yaml_node.h"

#include <stdlib.h>
#include <string.h>

const char yaml_override_file[] = "--set";

static const struct position override_position = {
    .file = yaml_override_file, .line = 1, .column = 1};

#define SEGMENT_MAX 128

/* The way to the value, one segment at a time. */
struct override {
    const char *path;
    const char *rest; /* of `path`, after the segment */
    char segment[SEGMENT_MAX];
    struct diagnostics *diagnostics;
};

#define complain(override, ...)                                                                    \
    (diagnostics_add((override)->diagnostics, override_position, __VA_ARGS__), ERR_CONFIG)

static bool is_index(const char *segment)
{
    size_t len = strspn(segment, "0123456789");
    return len > 0 && len <= 6 && (segment[len] == '\0' || segment[len] == '.');
}

/* Takes the next segment from `rest`. */
static int next_segment(struct override *override)
{
    size_t len = strcspn(override->rest, ".");
    if (len == 0 || len >= SEGMENT_MAX)
        return complain(override,
                        "\"%.64s\" is not a path; write names and list indexes with dots between, "
                        "such as listen.0.address",
                        override->path);
    memcpy(override->segment, override->rest, len);
    override->segment[len] = '\0';
    override->rest += len;
    if (*override->rest == '.') {
        override->rest++;
        if (*override->rest == '\0')
            return complain(override, "\"%.64s\" ends in a dot", override->path);
    }
    return 0;
}

/* What stands where nothing stood: a sequence if the next segment is an index. */
static struct yaml_node *create_container(const struct override *override)
{
    return yaml_node_create(is_index(override->rest) ? NODE_SEQUENCE : NODE_MAPPING,
                            override_position);
}

static int find_item(struct override *override, struct yaml_node *sequence, size_t *index)
{
    if (!is_index(override->segment))
        return complain(override, "%.64s: \"%.64s\" must be a number from 0, since a list is here",
                        override->path, override->segment);
    *index = strtoul(override->segment, NULL, 10);
    if (*index > sequence->count)
        return complain(override, "%.64s: the list has %zu entries; %zu would add the next one",
                        override->path, sequence->count, sequence->count);
    return 0;
}

static int find_key(struct override *override, struct yaml_node *mapping, size_t *index)
{
    for (*index = 0; *index < mapping->count; (*index)++)
        if (strcmp(mapping->entries[*index].key, override->segment) == 0)
            return 0;
    if (mapping->count == YAML_MAX_KEYS)
        return complain(override, "%.64s: more than %d keys", override->path, YAML_MAX_KEYS);
    return 0;
}

/* Finds where the current segment points to in `parent`, adding an empty place if it is new. */
static int find_place(struct override *override, struct yaml_node *parent, struct yaml_node ***out)
{
    size_t index = 0;
    int error;
    if (parent->kind == NODE_SCALAR)
        return complain(override, "%.64s: there is a single value where \"%.64s\" should be in",
                        override->path, override->segment);
    if (parent->kind == NODE_SEQUENCE)
        error = find_item(override, parent, &index);
    else
        error = find_key(override, parent, &index);
    if (error == 0 && index == parent->count) {
        const char *key = parent->kind == NODE_MAPPING ? override->segment : NULL;
        error = yaml_node_append(parent, key, override_position, NULL);
    }
    if (error == 0)
        *out = &parent->entries[index].value;
    return error;
}

/* Makes what is at *place something that the next segment can look into. */
static int enter(const struct override *override, struct yaml_node **place)
{
    if (!yaml_node_is_null(*place))
        return 0;
    struct yaml_node *container = create_container(override);
    if (container == NULL)
        return ERR_NO_MEMORY;
    yaml_node_destroy(*place);
    *place = container;
    return 0;
}

/* Walks to the place of the value, making places on the way, and puts it there. */
static int put_value(struct override *override, struct yaml_node **root, struct yaml_node *value)
{
    struct yaml_node **place = root;
    override->rest = override->path;
    for (unsigned depth = 0; *override->rest != '\0' || depth == 0; depth++) {
        int error = depth < YAML_MAX_DEPTH
                        ? enter(override, place)
                        : complain(override, "%.64s...: too deep", override->path);
        if (error == 0)
            error = next_segment(override);
        if (error == 0)
            error = find_place(override, *place, &place);
        if (error != 0)
            return error;
    }
    yaml_node_destroy(*place);
    *place = value;
    return 0;
}

int yaml_override(struct yaml_node **root, const char *path, const char *value,
                  struct diagnostics *diagnostics)
{
    struct override override = {.path = path, .diagnostics = diagnostics};
    struct yaml_source source = {
        .file = yaml_override_file, .label = path, .data = value, .len = strlen(value)};
    struct yaml_node *node;
    int error = yaml_parse(&source, diagnostics, &node);
    if (error != 0)
        return error;
    error = put_value(&override, root, node);
    if (error != 0)
        yaml_node_destroy(node);
    return error;
}
