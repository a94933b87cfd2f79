/*
 * A tree of YAML nodes as text: in block style, a value a line, which reads back as the same tree.
 *
 * Any thread.
 */
#ifndef SLUICE_CONFIG_YAML_WRITE_H
#define SLUICE_CONFIG_YAML_WRITE_H

#include "config/yaml.h"

#include <stdio.h>

#define YAML_COMMENT_MAX 8192

/* Writes the comment for a node into `text`, without # and line breaks. */
typedef void yaml_comment(const struct yaml_node *node, char text[YAML_COMMENT_MAX]);

/* Writes the mapping `root`. A key whose value is NULL becomes a comment that says that it is not
 * set. A scalar whose text is NULL is written as it was before ${...} was replaced. `comment` may
 * be NULL: no comments. */
void yaml_write(FILE *to, const struct yaml_node *root, yaml_comment *comment);

#endif
