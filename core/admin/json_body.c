#include "admin/json_body.h"

#include "admin/json.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "front/civetweb_detach.h"

#include <civetweb.h>
#include <string.h>
#include <strings.h>

#define PIECE 4096                 /* bytes read at a time */
#define ARRIVAL_MAX (5 * NS_PER_S) /* for the whole body */

/* -- parsing -- */

/* Whether there is an escaped zero byte, \u0000. */
static bool has_zero(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\0')
            return true;
        if (text[i] != '\\')
            continue;
        if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
            return true;
        i++; /* Skips the escaped character, which may be a backslash. */
    }
    return false;
}

cJSON *json_parse_object(const char *text, size_t len)
{
    const char *end = NULL;
    if (has_zero(text, len))
        return NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(text, len, &end, false);
    size_t used = value != NULL ? (size_t)(end - text) : 0;
    while (used < len && strchr(" \t\r\n", text[used]) != NULL)
        used++;
    if (cJSON_IsObject(value) && used == len)
        return value;
    cJSON_Delete(value);
    return NULL;
}

bool json_has_only_strings(const cJSON *object, const char *const *names, size_t count,
                           const char **stranger)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        bool is_known = false;
        for (size_t i = 0; i < count; i++)
            is_known = is_known || strcmp(item->string, names[i]) == 0;
        *stranger = item->string;
        if (!is_known || !cJSON_IsString(item))
            return false;
    }
    return true;
}

const char *json_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* -- reading -- */

/* Another type could be sent by any web page that the administrator looks at. */
static bool is_announced_as_json(const struct mg_connection *conn)
{
    static const char wanted[] = "application/json";
    const char *type = mg_get_header(conn, "Content-Type");
    if (type == NULL || strncasecmp(type, wanted, sizeof wanted - 1) != 0)
        return false;
    char next = type[sizeof wanted - 1];
    return next == '\0' || next == ';' || next == ' ';
}

bool json_has_body(const struct mg_connection *conn)
{
    return mg_get_request_info(conn)->content_length > 0 ||
           mg_get_header(conn, "Transfer-Encoding") != NULL;
}

/* Returns 0, ERR_LIMIT (too large), ERR_NO_MEMORY or ERR_INVALID (it did not arrive). */
static int read_body(struct mg_connection *conn, struct buffer *body)
{
    char piece[PIECE];
    long long announced = mg_get_request_info(conn)->content_length;
    int64_t until = clock_monotonic() + ARRIVAL_MAX;
    int got;
    if (announced > (long long)JSON_BODY_MAX)
        return ERR_LIMIT;
    while ((got = mg_read_until(conn, piece, sizeof piece, until)) > 0) {
        int error = buffer_append(body, piece, (size_t)got);
        if (error != OK)
            return error;
    }
    return got < 0 || (announced >= 0 && body->len != (size_t)announced) ? ERR_INVALID : OK;
}

static int refuse_body(struct mg_connection *conn, int error)
{
    switch (error) {
    case ERR_LIMIT:
        return json_send_error(conn, 413, "", "too large", "a request may have 1 MiB");
    case ERR_NO_MEMORY:
        return json_send_error(conn, 503, "", "unavailable", "the server is short of memory");
    default:
        return json_send_error(conn, 400, "", "bad request", "the body did not arrive in full");
    }
}

cJSON *json_read(struct mg_connection *conn, int *status)
{
    struct buffer body;
    cJSON *object = NULL;
    if (!is_announced_as_json(conn)) {
        *status = json_send_error(conn, 415, "", "unsupported media type",
                                  "send JSON, as Content-Type: application/json");
        return NULL;
    }
    buffer_init(&body, JSON_BODY_MAX);
    int error = read_body(conn, &body);
    if (error != OK)
        *status = refuse_body(conn, error);
    else if ((object = json_parse_object((const char *)body.data, body.len)) == NULL)
        *status = json_send_error(conn, 400, "", "bad request",
                                  "the body is not a JSON object, or has a string with \\u0000");
    buffer_release(&body);
    return object;
}
