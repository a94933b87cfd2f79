/* libyaml's events into a tree. Recursive, but never deeper than YAML_MAX_DEPTH. */
#include "config/yaml_anchors.h"
#include "config/yaml_node.h"
#include "config/yaml_syntax.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct builder {
    yaml_parser_t parser;
    const struct yaml_source *source;
    struct diagnostics *diagnostics;
    struct yaml_budget budget;
    struct yaml_anchors anchors;
};

static int build_node(struct builder *builder, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **out);

static struct position position_of(const struct builder *builder, const yaml_mark_t *mark)
{
    return (struct position){.file = builder->source->file,
                             .line = (unsigned)mark->line + 1,
                             .column = (unsigned)mark->column + 1};
}

#define report(builder, mark, format, ...)                                                         \
    diagnostics_add((builder)->diagnostics, position_of((builder), (mark)), "%s%s" format,         \
                    (builder)->source->label != NULL ? (builder)->source->label : "",              \
                    (builder)->source->label != NULL ? ": " : "", ##__VA_ARGS__)

/* The caller deletes the event if this returns 0. */
static int next_event(struct builder *builder, yaml_event_t *event)
{
    if (yaml_parser_parse(&builder->parser, event))
        return 0;
    if (builder->parser.error == YAML_MEMORY_ERROR)
        return ERR_NO_MEMORY;
    yaml_syntax_error(&builder->parser, builder->source, builder->diagnostics);
    return ERR_CONFIG;
}

static int limit_reached(struct builder *builder, const yaml_mark_t *mark)
{
    report(builder, mark,
           "the configuration is too large: at most %d values, %zu bytes of text, %d levels",
           YAML_MAX_NODES, YAML_MAX_TEXT, YAML_MAX_DEPTH);
    return ERR_CONFIG;
}

static int start_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event,
                      unsigned depth, struct yaml_node **out)
{
    if (depth >= YAML_MAX_DEPTH || builder->budget.nodes == 0)
        return limit_reached(builder, &event->start_mark);
    builder->budget.nodes--;
    *out = yaml_node_create(kind, position_of(builder, &event->start_mark));
    return *out != NULL ? 0 : ERR_NO_MEMORY;
}

static void check_tag(struct builder *builder, const yaml_event_t *event, const yaml_char_t *tag,
                      struct yaml_node *node)
{
    if (tag == NULL)
        return;
    report(builder, &event->start_mark, "tags (\"%.64s\") are not supported; leave it out",
           (const char *)tag);
    node->broken = true;
}

/* -- scalars -- */

/* What stands in the file says where a value comes from, and is all that may be shown of a secret.
 */
static int keep_written(struct yaml_node *node, const char *text)
{
    if (node->origin == ORIGIN_FILE)
        return 0;
    node->written = strdup(text);
    return node->written != NULL ? 0 : ERR_NO_MEMORY;
}

static int fill_scalar(struct builder *builder, const yaml_event_t *event, struct yaml_node *node)
{
    char why[384];
    struct yaml_expansion expansion;
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        snprintf(why, sizeof why, "a value must not hold a zero byte");
    else {
        int error = yaml_expand(text, &expansion, why, sizeof why);
        if (error == 0) {
            node->text = expansion.text;
            node->origin = expansion.origin;
            return keep_written(node, text);
        }
        if (error != ERR_CONFIG)
            return error;
    }
    report(builder, &event->start_mark, "%s", why);
    node->broken = true;
    node->text = strdup("");
    return node->text != NULL ? 0 : ERR_NO_MEMORY;
}

static int build_scalar(struct builder *builder, const yaml_event_t *event, struct yaml_node *node)
{
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    int error = fill_scalar(builder, event, node);
    if (error != 0)
        return error;
    size_t len = yaml_node_text_bytes(node);
    if (len > builder->budget.text)
        return limit_reached(builder, &event->start_mark);
    builder->budget.text -= len;
    return 0;
}

/* -- lists, mappings -- */

static int build_sequence(struct builder *builder, unsigned depth, struct yaml_node *node)
{
    for (;;) {
        yaml_event_t event;
        struct yaml_node *item = NULL;
        int error = next_event(builder, &event);
        if (error != 0)
            return error;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end)
            error = build_node(builder, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (end || error != 0)
            return error;
        error = yaml_node_append(node, NULL, (struct position){0}, item);
        if (error != 0)
            return error;
    }
}

/* A key's own rules. Returns 0 or ERR_CONFIG: then the mapping cannot be understood. */
static int check_key(struct builder *builder, const yaml_event_t *event,
                     const struct yaml_node *node)
{
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.anchor != NULL ||
        event->data.scalar.tag != NULL) {
        report(builder, &event->start_mark, "a key must be a plain name");
        return ERR_CONFIG;
    }
    const char *key = (const char *)event->data.scalar.value;
    if (*key == '\0' || strlen(key) != event->data.scalar.length) {
        report(builder, &event->start_mark, "a key must be a name that is not empty");
        return ERR_CONFIG;
    }
    if (strcmp(key, "<<") == 0) {
        report(builder, &event->start_mark,
               "merge keys (<<) are not supported; write the values out, or use an alias (*name) "
               "for the whole mapping");
        return ERR_CONFIG;
    }
    if (node->count == YAML_MAX_KEYS) {
        report(builder, &event->start_mark, "more than %d keys in one mapping", YAML_MAX_KEYS);
        return ERR_CONFIG;
    }
    return 0;
}

static int add_entry(struct builder *builder, const yaml_event_t *key_event,
                     struct yaml_node *mapping, struct yaml_node *value)
{
    const char *key = (const char *)key_event->data.scalar.value;
    const struct yaml_entry *first = yaml_node_entry(mapping, key);
    if (first == NULL)
        return yaml_node_append(mapping, key, position_of(builder, &key_event->start_mark), value);
    report(builder, &key_event->start_mark,
           "the key \"%.64s\" is here twice (first on line %u); keep one of them", key,
           first->key_position.line);
    yaml_node_destroy(value);
    return 0;
}

static int build_value(struct builder *builder, unsigned depth, struct yaml_node **out)
{
    yaml_event_t event;
    int error = next_event(builder, &event);
    if (error != 0)
        return error;
    error = build_node(builder, &event, depth, out);
    yaml_event_delete(&event);
    return error;
}

static int build_mapping(struct builder *builder, unsigned depth, struct yaml_node *node)
{
    for (;;) {
        yaml_event_t key;
        struct yaml_node *value = NULL;
        int error = next_event(builder, &key);
        if (error != 0)
            return error;
        bool end = key.type == YAML_MAPPING_END_EVENT;
        if (!end)
            error = check_key(builder, &key, node);
        if (!end && error == 0)
            error = build_value(builder, depth + 1, &value);
        if (!end && error == 0)
            error = add_entry(builder, &key, node, value);
        yaml_event_delete(&key);
        if (end || error != 0)
            return error;
    }
}

/* -- anchors and aliases -- */

static int remember_anchor(struct builder *builder, const yaml_event_t *event,
                           const yaml_char_t *name, const struct yaml_node *node)
{
    if (name == NULL)
        return 0;
    if (builder->anchors.count == YAML_ANCHORS_MAX) {
        report(builder, &event->start_mark, "more than %d anchors", YAML_ANCHORS_MAX);
        return ERR_CONFIG;
    }
    int error = yaml_anchors_add(&builder->anchors, (const char *)name, node, &builder->budget);
    return error == ERR_LIMIT ? limit_reached(builder, &event->start_mark) : error;
}

static int build_alias(struct builder *builder, const yaml_event_t *event, unsigned depth,
                       struct yaml_node **out)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct yaml_node *node = yaml_anchors_get(&builder->anchors, name);
    if (node == NULL) {
        report(builder, &event->start_mark,
               "there is no anchor &%.64s before this alias (it cannot stand inside itself either)",
               name);
        return ERR_CONFIG;
    }
    int error = yaml_node_copy(node, depth, &builder->budget, out);
    return error == ERR_LIMIT ? limit_reached(builder, &event->start_mark) : error;
}

/* -- the tree -- */

/* A node's properties, wherever its kind of event keeps them; both may be NULL. */
struct properties {
    const yaml_char_t *anchor;
    const yaml_char_t *tag;
};

static struct properties properties_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SEQUENCE_START_EVENT:
        return (struct properties){event->data.sequence_start.anchor,
                                   event->data.sequence_start.tag};
    case YAML_MAPPING_START_EVENT:
        return (struct properties){event->data.mapping_start.anchor, event->data.mapping_start.tag};
    default:
        return (struct properties){event->data.scalar.anchor, event->data.scalar.tag};
    }
}

static int build_content(struct builder *builder, const yaml_event_t *event, unsigned depth,
                         struct yaml_node *node)
{
    switch (node->kind) {
    case NODE_SEQUENCE:
        return build_sequence(builder, depth, node);
    case NODE_MAPPING:
        return build_mapping(builder, depth, node);
    default:
        return build_scalar(builder, event, node);
    }
}

static enum node_kind kind_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SEQUENCE_START_EVENT:
        return NODE_SEQUENCE;
    case YAML_MAPPING_START_EVENT:
        return NODE_MAPPING;
    default:
        return NODE_SCALAR;
    }
}

static int build_node(struct builder *builder, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **out)
{
    struct yaml_node *node = NULL;
    struct properties properties;
    if (event->type == YAML_ALIAS_EVENT)
        return build_alias(builder, event, depth, out);
    properties = properties_of(event);
    int error = start_node(builder, kind_of(event), event, depth, &node);
    if (error != 0)
        return error;
    check_tag(builder, event, properties.tag, node);
    error = build_content(builder, event, depth, node);
    if (error == 0)
        error = remember_anchor(builder, event, properties.anchor, node);
    if (error != 0) {
        yaml_node_destroy(node);
        return error;
    }
    *out = node;
    return 0;
}

static int empty_document(struct builder *builder, struct yaml_node **out)
{
    struct position start = {.file = builder->source->file, .line = 1, .column = 1};
    struct yaml_node *node = yaml_node_create(NODE_SCALAR, start);
    if (node == NULL || (node->text = strdup("")) == NULL) {
        yaml_node_destroy(node);
        return ERR_NO_MEMORY;
    }
    node->plain = true;
    *out = node;
    return 0;
}

/* Reads events until one that is neither the stream's nor a document's beginning or end, or until
 * the stream is over. */
static int next_content(struct builder *builder, yaml_event_t *event)
{
    for (;;) {
        int error = next_event(builder, event);
        if (error != 0)
            return error;
        if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT &&
            event->type != YAML_DOCUMENT_END_EVENT)
            return 0;
        yaml_event_delete(event);
    }
}

static int check_end(struct builder *builder)
{
    yaml_event_t event;
    int error = next_content(builder, &event);
    if (error != 0)
        return error;
    if (event.type != YAML_STREAM_END_EVENT) {
        report(builder, &event.start_mark, "only one YAML document is expected; remove the second");
        error = ERR_CONFIG;
    }
    yaml_event_delete(&event);
    return error;
}

static int build_document(struct builder *builder, struct yaml_node **out)
{
    yaml_event_t event;
    int error = next_content(builder, &event);
    if (error != 0)
        return error;
    if (event.type == YAML_STREAM_END_EVENT)
        error = empty_document(builder, out);
    else
        error = build_node(builder, &event, 0, out);
    bool over = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    if (error != 0 || over)
        return error;
    error = check_end(builder);
    if (error != 0)
        yaml_node_destroy(*out);
    return error;
}

int yaml_parse(const struct yaml_source *source, struct diagnostics *diagnostics,
               struct yaml_node **out)
{
    struct builder builder = {
        .source = source,
        .diagnostics = diagnostics,
        .budget = {.nodes = YAML_MAX_NODES, .text = YAML_MAX_TEXT},
    };
    if (source->len > YAML_MAX_FILE) {
        diagnostics_add(diagnostics, (struct position){.file = source->file},
                        "larger than %zu bytes", YAML_MAX_FILE);
        return ERR_CONFIG;
    }
    if (!yaml_parser_initialize(&builder.parser))
        return ERR_NO_MEMORY;
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)source->data, source->len);
    struct yaml_node *root = NULL;
    int error = build_document(&builder, &root);
    yaml_anchors_deinit(&builder.anchors);
    yaml_parser_delete(&builder.parser);
    if (error == 0)
        *out = root;
    return error;
}
