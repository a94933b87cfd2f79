#include "config/yaml_anchors.h"

#include <stdlib.h>
#include <string.h>

int yaml_anchors_add(struct yaml_anchors *anchors, const char *name, const struct yaml_node *node,
                     struct yaml_budget *budget)
{
    struct yaml_anchor *anchor = &anchors->list[anchors->count];
    int error = yaml_node_copy(node, 0, budget, &anchor->node);
    if (error != 0)
        return error;
    anchor->name = strdup(name);
    if (anchor->name == NULL) {
        yaml_node_destroy(anchor->node);
        return ERR_NO_MEMORY;
    }
    anchors->count++;
    return 0;
}

const struct yaml_node *yaml_anchors_get(const struct yaml_anchors *anchors, const char *name)
{
    for (size_t i = anchors->count; i-- > 0;)
        if (strcmp(anchors->list[i].name, name) == 0)
            return anchors->list[i].node;
    return NULL;
}

void yaml_anchors_deinit(struct yaml_anchors *anchors)
{
    for (size_t i = 0; i < anchors->count; i++) {
        free(anchors->list[i].name);
        yaml_node_destroy(anchors->list[i].node);
    }
    anchors->count = 0;
}
