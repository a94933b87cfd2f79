#include "json_check.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* Integers up to here are exact as a double, which is how cJSON and every browser read them. */
#define INTEGER_MAX 9007199254740991.0

static const char *const type_names[MEMBER_TYPES] = {
    [MEMBER_ANY] = "any",         [MEMBER_STRING] = "string",   [MEMBER_NUMBER] = "number",
    [MEMBER_INTEGER] = "integer", [MEMBER_BOOLEAN] = "boolean", [MEMBER_OBJECT] = "object",
    [MEMBER_ARRAY] = "array",     [MEMBER_NULL] = "null",
};

const char *member_type_name(enum member_type type)
{
    return type_names[type];
}

bool member_type_find(const char *name, size_t len, enum member_type *type)
{
    for (int i = 0; i < MEMBER_TYPES; i++)
        if (strlen(type_names[i]) == len && memcmp(type_names[i], name, len) == 0) {
            *type = (enum member_type)i;
            return true;
        }
    return false;
}

static bool is_of_type(const cJSON *item, enum member_type type)
{
    switch (type) {
    case MEMBER_ANY:
        return true;
    case MEMBER_STRING:
        return cJSON_IsString(item);
    case MEMBER_NUMBER:
        return cJSON_IsNumber(item) && isfinite(item->valuedouble);
    case MEMBER_INTEGER:
        return cJSON_IsNumber(item) && fabs(item->valuedouble) <= INTEGER_MAX &&
               trunc(item->valuedouble) == item->valuedouble;
    case MEMBER_BOOLEAN:
        return cJSON_IsBool(item);
    case MEMBER_OBJECT:
        return cJSON_IsObject(item);
    case MEMBER_ARRAY:
        return cJSON_IsArray(item);
    case MEMBER_NULL:
        return cJSON_IsNull(item);
    default:
        return false;
    }
}

static bool has_name(const cJSON *item, const struct member *member)
{
    return strlen(item->string) == member->name_len &&
           memcmp(item->string, member->name, member->name_len) == 0;
}

static bool report(struct json_finding *finding, enum member_fault fault,
                   const struct member *member)
{
    finding->fault = fault;
    finding->member = member;
    return false;
}

/* Looks at one member of the object; *seen has a bit for each required one met so far. Readers
 * disagree on which of two members with one name counts, so the second one is refused. */
static bool check_member(const cJSON *item, const struct member *members, size_t count,
                         uint64_t *seen, struct json_finding *finding)
{
    for (size_t i = 0; i < count; i++) {
        if (!has_name(item, &members[i]))
            continue;
        if (*seen & UINT64_C(1) << i)
            return report(finding, MEMBER_REPEATED, &members[i]);
        *seen |= UINT64_C(1) << i;
        return is_of_type(item, members[i].type) ||
               report(finding, MEMBER_OF_WRONG_TYPE, &members[i]);
    }
    return true;
}

static bool check_members(const cJSON *document, const struct member *members, size_t count,
                          struct json_finding *finding)
{
    uint64_t seen = 0;
    if (count == 0)
        return true;
    if (!cJSON_IsObject(document))
        return report(finding, MEMBERS_NOT_AN_OBJECT, NULL);
    for (const cJSON *item = document->child; item != NULL; item = item->next)
        if (!check_member(item, members, count, &seen, finding))
            return false;
    for (size_t i = 0; i < count; i++)
        if (!(seen & UINT64_C(1) << i))
            return report(finding, MEMBER_MISSING, &members[i]);
    return true;
}

static bool only_space(const char *data, const char *end)
{
    while (data < end && memchr(" \t\n\r", *data, 4) != NULL)
        data++;
    return data == end;
}

bool json_check(const char *data, size_t len, const struct json_limits *limits,
                const struct member *members, size_t count, struct json_finding *finding)
{
    *finding = (struct json_finding){0};
    finding->result = json_scan(data, len, limits, &finding->at);
    if (finding->result != JSON_OK)
        return false;
    const char *end = data;
    cJSON *document = cJSON_ParseWithLengthOpts(data, len, &end, false);
    bool fine = document != NULL && only_space(end, data + len);
    if (!fine) {
        finding->result = JSON_MALFORMED;
        finding->at = (size_t)(end - data);
    } else {
        fine = check_members(document, members, count, finding);
    }
    cJSON_Delete(document);
    return fine;
}
