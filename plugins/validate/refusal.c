#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* RFC 6455, section 7.4.1 */
#define CLOSE_UNSUPPORTED_DATA 1003
#define CLOSE_INVALID_PAYLOAD 1007
#define CLOSE_POLICY 1008
#define CLOSE_TOO_BIG 1009

__attribute__((format(printf, 4, 5))) static void set(struct refusal *refusal, int close_code,
                                                      const char *error, const char *format, ...)
{
    va_list arguments;
    refusal->close_code = close_code;
    refusal->error = error;
    va_start(arguments, format);
    vsnprintf(refusal->detail, sizeof refusal->detail, format, arguments);
    va_end(arguments);
}

void refusal_of_type(struct refusal *refusal, const char *allowed)
{
    set(refusal, CLOSE_UNSUPPORTED_DATA, "wrong_type", "Only %s messages are accepted", allowed);
}

void refusal_of_small(struct refusal *refusal, uint64_t min_size)
{
    set(refusal, CLOSE_POLICY, "too_small", "A message has at least %llu bytes",
        (unsigned long long)min_size);
}

void refusal_of_large(struct refusal *refusal, uint64_t max_size)
{
    set(refusal, CLOSE_TOO_BIG, "too_large", "A message has at most %llu bytes",
        (unsigned long long)max_size);
}

static void set_member(struct refusal *refusal, const struct json_finding *finding)
{
    const struct member *member = finding->member;
    const char *error = "wrong_members";
    if (finding->fault == MEMBERS_NOT_AN_OBJECT)
        set(refusal, CLOSE_POLICY, error, "A message is a JSON object");
    else if (finding->fault == MEMBER_MISSING)
        set(refusal, CLOSE_POLICY, error, "The member \"%.*s\" is missing", (int)member->name_len,
            member->name);
    else if (finding->fault == MEMBER_REPEATED)
        set(refusal, CLOSE_POLICY, error, "The member \"%.*s\" is there twice",
            (int)member->name_len, member->name);
    else
        set(refusal, CLOSE_POLICY, error, "The member \"%.*s\" is not of type %s",
            (int)member->name_len, member->name, member_type_name(member->type));
}

void refusal_of_json(struct refusal *refusal, const struct json_finding *finding,
                     const struct json_limits *limits)
{
    switch (finding->result) {
    case JSON_OK:
        set_member(refusal, finding);
        break;
    case JSON_TOO_DEEP:
        set(refusal, CLOSE_POLICY, "too_deep", "JSON may be nested %zu deep", limits->max_depth);
        break;
    case JSON_TOO_MANY_VALUES:
        set(refusal, CLOSE_TOO_BIG, "too_many_values", "A message holds at most %zu values",
            limits->max_values);
        break;
    case JSON_MALFORMED:
    default:
        set(refusal, CLOSE_INVALID_PAYLOAD, "malformed_json", "Not JSON at byte %zu", finding->at);
    }
}

void refusal_of_content(struct refusal *refusal, const char *error, const char *sentence)
{
    set(refusal, CLOSE_POLICY, error, "%s", sentence);
}

/* The schema by its fragment: the path of its file is nobody's business. */
void refusal_of_schema(struct refusal *refusal, const char *instance, const char *sentence,
                       const char *schema)
{
    const char *fragment = strchr(schema, '#');
    set(refusal, CLOSE_POLICY, "schema", "%s (at \"%.40s\", schema %.60s)", sentence, instance,
        fragment != NULL ? fragment : schema);
}

/* Writes `c` as it stands in a JSON string; UTF-8 passes as it is. Returns the bytes written. */
static size_t escape(char c, char *out)
{
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = c;
        return 2;
    }
    if ((unsigned char)c < 0x20)
        return (size_t)snprintf(out, 7, "\\u%04x", (unsigned)c);
    out[0] = c;
    return 1;
}

size_t refusal_to_json(const struct refusal *refusal, char *json)
{
    size_t len = (size_t)snprintf(json, REFUSAL_JSON_SIZE, "{\"error\":\"%s\",\"detail\":\"",
                                  refusal->error);
    for (const char *at = refusal->detail; *at != '\0'; at++)
        len += escape(*at, json + len);
    json[len++] = '"';
    json[len++] = '}';
    return len;
}
