#include "pipeline/attributes.h"

#include <stdlib.h>
#include <string.h>

struct attribute {
    struct attribute *next;
    size_t name_len;
    size_t value_len;
    char text[]; /* the name and the value, each with a zero byte */
};

static const char *attribute_value(const struct attribute *attribute)
{
    return attribute->text + attribute->name_len + 1;
}

static size_t attribute_size(const struct attribute *attribute)
{
    return attribute->name_len + attribute->value_len;
}

/* What points to the attribute of that name, or to the end. */
static struct attribute **attribute_link(struct attributes *attributes, const char *name)
{
    struct attribute **link = &attributes->first;
    while (*link != NULL && strcmp((*link)->text, name) != 0)
        link = &(*link)->next;
    return link;
}

static struct attribute *attribute_create(const char *name, size_t name_len, const char *value,
                                          size_t len)
{
    struct attribute *attribute = malloc(sizeof *attribute + name_len + len + 2);
    if (attribute == NULL)
        return NULL;
    attribute->next = NULL;
    attribute->name_len = name_len;
    attribute->value_len = len;
    memcpy(attribute->text, name, name_len + 1);
    if (len > 0)
        memcpy(attribute->text + name_len + 1, value, len);
    attribute->text[name_len + 1 + len] = '\0';
    return attribute;
}

static void attribute_remove(struct attributes *attributes, struct attribute **link)
{
    struct attribute *attribute = *link;
    if (attribute == NULL)
        return;
    *link = attribute->next;
    attributes->size -= attribute_size(attribute);
    free(attribute);
}

int attributes_set(struct attributes *attributes, const char *name, const char *value, size_t len)
{
    size_t name_len = name != NULL ? strnlen(name, ATTRIBUTE_NAME_MAX + 1) : 0;
    if (name_len == 0 || name_len > ATTRIBUTE_NAME_MAX || len > ATTRIBUTE_VALUE_MAX)
        return ERR_INVALID;
    struct attribute **link = attribute_link(attributes, name);
    if (value == NULL) {
        attribute_remove(attributes, link);
        return OK;
    }
    size_t before = *link != NULL ? attribute_size(*link) : 0;
    if (attributes->size - before + name_len + len > ATTRIBUTES_MAX)
        return ERR_LIMIT;
    struct attribute *attribute = attribute_create(name, name_len, value, len);
    if (attribute == NULL)
        return ERR_NO_MEMORY;
    attribute_remove(attributes, link);
    attribute->next = attributes->first;
    attributes->first = attribute;
    attributes->size += attribute_size(attribute);
    return OK;
}

/* How large they are without those whose names others have. */
static size_t size_without(struct attributes *attributes, const struct attributes *others)
{
    size_t size = attributes->size;
    for (const struct attribute *other = others->first; other != NULL; other = other->next) {
        const struct attribute *before = *attribute_link(attributes, other->text);
        if (before != NULL)
            size -= attribute_size(before);
    }
    return size;
}

static void take_over(struct attributes *attributes, struct attributes *others)
{
    while (others->first != NULL) {
        struct attribute *attribute = others->first;
        others->first = attribute->next;
        attribute_remove(attributes, attribute_link(attributes, attribute->text));
        attribute->next = attributes->first;
        attributes->first = attribute;
        attributes->size += attribute_size(attribute);
    }
}

int attributes_set_all(struct attributes *attributes, const struct sl_pair *pairs, size_t count)
{
    struct attributes made = {.first = NULL};
    int error = OK;
    for (size_t i = 0; i < count && error == OK; i++)
        error = attributes_set(&made, pairs[i].name.data, pairs[i].value.data, pairs[i].value.len);
    if (error == OK && size_without(attributes, &made) + made.size > ATTRIBUTES_MAX)
        error = ERR_LIMIT;
    if (error == OK)
        take_over(attributes, &made);
    attributes_clear(&made);
    return error;
}

const char *attributes_get(const struct attributes *attributes, const char *name, size_t *len)
{
    for (const struct attribute *attribute = attributes->first; attribute != NULL;
         attribute = attribute->next) {
        if (strcmp(attribute->text, name) != 0)
            continue;
        *len = attribute->value_len;
        return attribute_value(attribute);
    }
    return NULL;
}

void attributes_clear(struct attributes *attributes)
{
    while (attributes->first != NULL)
        attribute_remove(attributes, &attributes->first);
}
