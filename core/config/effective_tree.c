#include "config/effective_tree.h"

#include "config/effective.h"
#include "config/paths.h"
#include "config/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITTEN_SHOWN 256

const char effective_default_file[] = "default";

struct position effective_default_position(void)
{
    return (struct position){.file = effective_default_file, .line = 1, .column = 1};
}

int effective_copy(const struct yaml_node *node, enum node_kind kind, struct yaml_node **out)
{
    struct yaml_budget budget = {.nodes = YAML_MAX_NODES, .text = 2 * YAML_MAX_TEXT};
    if (kind == NODE_SCALAR || !yaml_node_is_null(node))
        return yaml_node_copy(node, 0, &budget, out);
    *out = yaml_node_create(kind, node->position);
    return *out != NULL ? 0 : ERR_NO_MEMORY;
}

int effective_scalar(char *text, struct position position, struct yaml_node **out)
{
    struct yaml_node *node = text != NULL ? yaml_node_create(NODE_SCALAR, position) : NULL;
    if (node == NULL) {
        free(text);
        return ERR_NO_MEMORY;
    }
    node->text = text;
    node->plain = true;
    *out = node;
    return 0;
}

static bool is_text(const struct yaml_node *scalar)
{
    int64_t integer;
    double number;
    bool boolean;
    struct yaml_node plain = {.kind = NODE_SCALAR, .text = scalar->text, .plain = true};
    return !yaml_node_is_null(&plain) && integer_parse(scalar->text, &integer) == ERR_INVALID &&
           number_parse(scalar->text, &number) == ERR_INVALID &&
           bool_parse(scalar->text, &boolean) == ERR_INVALID;
}

void effective_quote(struct yaml_node *node)
{
    if (node->kind == NODE_SCALAR)
        node->plain = is_text(node);
    for (size_t i = 0; i < node->count; i++)
        effective_quote(node->entries[i].value);
}

int effective_path(const char *path, const struct yaml_node *given, struct yaml_node **out)
{
    struct position at = given != NULL ? given->position : effective_default_position();
    int error = effective_scalar(path_absolute(path), at, out);
    if (error != 0)
        return error;
    effective_quote(*out);
    if (given == NULL || given->written == NULL)
        return 0;
    (*out)->written = strdup(given->written);
    return (*out)->written != NULL ? 0 : ERR_NO_MEMORY;
}

/* Copies a text with spaces for what would end a line. Returns its length. */
static size_t copy_line(const char *from, size_t most, char *to)
{
    size_t len = 0;
    for (; from[len] != '\0' && len < most; len++)
        to[len] = (unsigned char)from[len] < ' ' || from[len] == 0x7f ? ' ' : from[len];
    to[len] = '\0';
    return len;
}

void effective_source(const struct yaml_node *node, char text[YAML_COMMENT_MAX])
{
    const struct position *at = &node->position;
    size_t len = 0;
    if (at->file == effective_default_file)
        len += copy_line("default", YAML_COMMENT_MAX - 1, text);
    else if (at->file == yaml_override_file)
        len += copy_line("command line", YAML_COMMENT_MAX - 1, text);
    else {
        len += copy_line(at->file, YAML_COMMENT_MAX - WRITTEN_SHOWN - 64, text);
        len += (size_t)snprintf(text + len, 32, ":%u:%u", at->line, at->column);
    }
    if (node->written == NULL)
        return;
    len += copy_line(", written ", 16, text + len);
    copy_line(node->written, WRITTEN_SHOWN, text + len);
}
