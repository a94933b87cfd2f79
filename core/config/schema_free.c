#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

/* A pointer of whatever type; copied, since a struct pointer may not be read as another kind. */
static void *pointer_at(const char *target, size_t offset)
{
    void *pointer;
    memcpy(&pointer, target + offset, sizeof pointer);
    return pointer;
}

static void free_strings(const struct field *field, char *target)
{
    char **items = pointer_at(target, field->offset);
    size_t count = *(size_t *)(void *)(target + field->count_offset);
    for (size_t i = 0; i < count; i++)
        free(items[i]);
    free(items);
}

static void free_objects(const struct field *field, char *target)
{
    char *items = pointer_at(target, field->offset);
    size_t count = *(size_t *)(void *)(target + field->count_offset);
    for (size_t i = 0; i < count; i++)
        schema_free(field->schema, items + i * field->schema->size);
    free(items);
}

static void free_field(const struct field *field, char *target)
{
    void *object;
    switch (field->type) {
    case FIELD_STRING:
    case FIELD_PATH:
        free(pointer_at(target, field->offset));
        break;
    case FIELD_STRINGS:
    case FIELD_PATHS:
        free_strings(field, target);
        break;
    case FIELD_SECTION:
        schema_free(field->schema, target);
        break;
    case FIELD_OBJECT:
        object = pointer_at(target, field->offset);
        if (object != NULL)
            schema_free(field->schema, object);
        free(object);
        break;
    case FIELD_OBJECTS:
        free_objects(field, target);
        break;
    default: /* owns nothing */
        break;
    }
}

void schema_free(const struct schema *schema, void *target)
{
    for (size_t i = 0; i < schema->count; i++)
        free_field(&schema->fields[i], target);
}
