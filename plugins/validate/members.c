#include "members.h"

#include <math.h>
#include <string.h>

/* Integers up to here are exact as a double, which is how every browser reads them. */
#define INTEGER_MAX 9007199254740991.0

enum member_type {
    MEMBER_ANY,
    MEMBER_STRING,
    MEMBER_NUMBER,
    MEMBER_INTEGER,
    MEMBER_BOOLEAN,
    MEMBER_OBJECT,
    MEMBER_ARRAY,
    MEMBER_NULL,
    MEMBER_TYPES /* how many there are */
};

struct member {
    struct json_text name; /* holds no NUL */
    enum member_type type;
};

/* As they stand in YAML. */
static const char *const type_names[MEMBER_TYPES] = {
    [MEMBER_ANY] = "any",         [MEMBER_STRING] = "string",   [MEMBER_NUMBER] = "number",
    [MEMBER_INTEGER] = "integer", [MEMBER_BOOLEAN] = "boolean", [MEMBER_OBJECT] = "object",
    [MEMBER_ARRAY] = "array",     [MEMBER_NULL] = "null",
};

/* -- options -- */

static bool find_type(struct sl_string name, enum member_type *type)
{
    for (int i = 0; i < MEMBER_TYPES; i++)
        if (json_text_is((struct json_text){name.data, name.len}, type_names[i])) {
            *type = (enum member_type)i;
            return true;
        }
    return false;
}

static int read_member(struct sl_instance *self, const struct sl_value *required, size_t index,
                       struct member *member)
{
    const struct sl_host *host = self->host;
    struct sl_string name = host->value_key(required, index);
    if (name.len > MEMBER_NAME_MAX || memchr(name.data, '\0', name.len) != NULL)
        return sl_fail(self, "required: the name number %zu is longer than %d bytes or holds a NUL",
                       index + 1, MEMBER_NAME_MAX);
    member->name = (struct json_text){name.data, name.len};
    if (find_type(host->value_string(host->value_at(required, index)), &member->type))
        return 0;
    return sl_fail(self,
                   "required: the type of \"%.*s\" has to be one of string, number, integer, "
                   "boolean, object, array, \"null\" (in quotation marks) and any",
                   (int)name.len, name.data);
}

int members_init(struct members *members, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *required = host->option(self, "required");
    size_t count = host->value_count(required);
    *members = (struct members){NULL, 0};
    if (required == NULL)
        return 0;
    if (count > MEMBERS_MAX)
        return sl_fail(self, "required names %zu members, but %d is the most", count, MEMBERS_MAX);
    if (count == 0)
        return sl_fail(self, "required is empty: name a member, or leave required out");
    members->items = host->allocate(count * sizeof *members->items);
    if (members->items == NULL)
        return sl_fail(self, "there is no memory for required");
    members->count = count;
    for (size_t i = 0; i < count; i++)
        if (read_member(self, required, i, &members->items[i]) != 0) {
            members_deinit(members, host);
            return SL_ERROR;
        }
    return 0;
}

void members_deinit(struct members *members, const struct sl_host *host)
{
    host->release(members->items);
    *members = (struct members){NULL, 0};
}

/* -- checking -- */

static bool is_of_type(const struct json_value *value, enum member_type type)
{
    switch (type) {
    case MEMBER_STRING:
        return value->type == JSON_STRING;
    case MEMBER_NUMBER:
        return value->type == JSON_NUMBER && isfinite(value->number);
    case MEMBER_INTEGER:
        return value->type == JSON_NUMBER && fabs(value->number) <= INTEGER_MAX &&
               trunc(value->number) == value->number;
    case MEMBER_BOOLEAN:
        return value->type == JSON_BOOLEAN;
    case MEMBER_OBJECT:
        return value->type == JSON_OBJECT;
    case MEMBER_ARRAY:
        return value->type == JSON_ARRAY;
    case MEMBER_NULL:
        return value->type == JSON_NULL;
    case MEMBER_ANY:
    case MEMBER_TYPES:
    default:
        return true;
    }
}

static bool check_member(const struct member *member, const struct json_value *message,
                         struct refusal *refusal)
{
    int name_len = (int)member->name.len;
    const char *name = member->name.data;
    size_t count;
    const struct json_value *value = json_member_count(message, member->name, &count);
    if (count == 0)
        return refusal_set(refusal, REFUSAL_WRONG_MEMBERS, "The member \"%.*s\" is missing",
                           name_len, name);
    if (count > 1)
        return refusal_set(refusal, REFUSAL_WRONG_MEMBERS, "The member \"%.*s\" is there twice",
                           name_len, name);
    return is_of_type(value, member->type) ||
           refusal_set(refusal, REFUSAL_WRONG_MEMBERS, "The member \"%.*s\" is not of type %s",
                       name_len, name, type_names[member->type]);
}

bool members_check(const struct members *members, const struct json_value *message,
                   struct refusal *refusal)
{
    if (members->count > 0 && message->type != JSON_OBJECT)
        return refusal_set(refusal, REFUSAL_WRONG_MEMBERS, "A message is a JSON object");
    for (size_t i = 0; i < members->count; i++)
        if (!check_member(&members->items[i], message, refusal))
            return false;
    return true;
}
