#include "schemas.h"

#define TYPES_MAX 256
#define PATH_SIZE 4096

/* -- options -- */

static int load_schema(struct sl_instance *self, const char *path, struct schema **schema)
{
    char error[SCHEMA_ERROR_SIZE] = "there is no memory for the schema";
    struct sl_string formats = sl_option_string(self, "formats");
    bool asserts = json_text_is((struct json_text){formats.data, formats.len}, "assert");
    const struct schema_options options = {.flags = asserts ? SCHEMA_ASSERT_FORMAT : 0};
    *schema = schema_load(path, &options, error);
    return *schema != NULL ? 0 : sl_fail(self, "%s", error);
}

/* Paths inside a map are not resolved by the server: they are looked for in `schema_folder`. */
static int load_typed(struct sl_instance *self, const struct sl_value *map, size_t index,
                      struct typed_schema *typed)
{
    const struct sl_host *host = self->host;
    struct sl_string type = host->value_key(map, index);
    struct sl_string file = host->value_string(host->value_at(map, index));
    char path[PATH_SIZE];
    if (file.len == 0)
        return sl_fail(self, "schemas: %.*s has to be the name of a file", (int)type.len,
                       type.data);
    int len = snprintf(path, sizeof path, "%s/%.*s", sl_option_string(self, "schema_folder").data,
                       (int)file.len, file.data);
    if (len < 0 || len >= PATH_SIZE)
        return sl_fail(self, "schemas: the path of %.*s is too long", (int)type.len, type.data);
    typed->type = (struct json_text){type.data, type.len};
    return load_schema(self, path, &typed->schema);
}

static int load_all_typed(struct schemas *schemas, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *map = host->option(self, "schemas");
    size_t count = host->value_count(map);
    if (map == NULL)
        return 0;
    if (count == 0 || count > TYPES_MAX)
        return sl_fail(self, "schemas names from 1 to %d types", TYPES_MAX);
    if (host->option(self, "schema_folder") == NULL)
        return sl_fail(self, "schemas needs schema_folder, which its files are in");
    schemas->typed = host->allocate(count * sizeof *schemas->typed);
    if (schemas->typed == NULL)
        return sl_fail(self, "there is no memory for schemas");
    for (size_t i = 0; i < count; i++) {
        if (load_typed(self, map, i, &schemas->typed[i]) != 0)
            return SL_ERROR;
        schemas->typed_count++;
    }
    return 0;
}

int schemas_init(struct schemas *schemas, struct sl_instance *self)
{
    struct sl_string discriminator = sl_option_string(self, "discriminator");
    *schemas = (struct schemas){.discriminator = {discriminator.data, discriminator.len}};
    bool has_schema = self->host->option(self, "schema") != NULL;
    if ((!has_schema ||
         load_schema(self, sl_option_string(self, "schema").data, &schemas->all) == 0) &&
        load_all_typed(schemas, self) == 0)
        return 0;
    schemas_deinit(schemas, self->host);
    return SL_ERROR;
}

void schemas_deinit(struct schemas *schemas, const struct sl_host *host)
{
    schema_destroy(schemas->all);
    for (size_t i = 0; i < schemas->typed_count; i++)
        schema_destroy(schemas->typed[i].schema);
    host->release(schemas->typed);
    *schemas = (struct schemas){0};
}

bool schemas_ask(const struct schemas *schemas)
{
    return schemas->all != NULL || schemas->typed_count > 0;
}

/* -- checking -- */

static bool check_with(const struct schema *schema, struct schema_context *context,
                       const struct json_value *message, struct refusal *refusal)
{
    struct schema_finding finding;
    return schema_check(schema, context, message, &finding) || refusal_of_schema(refusal, &finding);
}

/* If a message told its type twice, we might read one and the next reader the other. */
static bool check_typed(const struct schemas *schemas, struct schema_context *context,
                        const struct json_value *message, struct refusal *refusal)
{
    size_t count;
    const struct json_value *type = json_member_count(message, schemas->discriminator, &count);
    if (count > 1)
        return refusal_set(refusal, REFUSAL_DUPLICATE_MEMBER,
                           "The member that tells a message's type is there twice");
    for (size_t i = 0; count > 0 && type->type == JSON_STRING && i < schemas->typed_count; i++)
        if (json_text_compare(type->text, schemas->typed[i].type) == 0)
            return check_with(schemas->typed[i].schema, context, message, refusal);
    return refusal_set(refusal, REFUSAL_UNKNOWN_TYPE, "Messages of this type are not accepted");
}

bool schemas_check(const struct schemas *schemas, struct schema_context *context,
                   const struct json_value *message, struct refusal *refusal)
{
    if (schemas->all != NULL && !check_with(schemas->all, context, message, refusal))
        return false;
    return schemas->typed_count == 0 || check_typed(schemas, context, message, refusal);
}
