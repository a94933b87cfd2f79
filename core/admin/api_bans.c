#include "admin/api_bans.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/kick_clients.h"
#include "admin/query.h"
#include "base/clock.h"
#include "client/client_filter.h"
#include "config/values.h"
#include "front/civetweb_detach.h"
#include "hub/hub.h"

#include <civetweb.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define PORTION 32u /* bans that are copied at once */
#define BANS_PREFIX "/api/v1/bans/"

static int refuse(struct mg_connection *conn, const char *detail)
{
    return json_send_error(conn, 422, "", "not understood", detail);
}

/* -- GET -- */

static cJSON *describe_ban(const struct ban *ban)
{
    char subject[SL_PREFIX_TEXT], time[BAN_TIME_TEXT_MAX];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "id", (double)ban->id);
    cJSON_AddStringToObject(object, ban->is_address ? "address" : "identity",
                            ban_subject(ban, subject));
    if (ban->until != BAN_FOR_GOOD) {
        ban_time_text(ban->until, time);
        cJSON_AddStringToObject(object, "until", time);
    } else {
        cJSON_AddNullToObject(object, "until");
    }
    ban_time_text(ban->since, time);
    cJSON_AddStringToObject(object, "since", time);
    cJSON_AddStringToObject(object, "reason", ban->reason);
    cJSON_AddStringToObject(object, "by", ban->by);
    return object;
}

/* Adds up to `limit` bans. Returns the id of the last one, *has_more whether others follow. */
static uint64_t add_bans(cJSON *array, struct ban_list *list, uint64_t after, size_t limit,
                         bool *has_more)
{
    struct ban bans[PORTION];
    for (*has_more = false;;) {
        size_t count = ban_list_copy(list, after, bans, PORTION);
        for (size_t i = 0; i < count && !*has_more; i++) {
            *has_more = limit-- == 0;
            if (*has_more)
                return after;
            cJSON_AddItemToArray(array, describe_ban(&bans[i]));
            after = bans[i].id;
        }
        if (count < PORTION)
            return after;
    }
}

int api_bans(struct admin *admin, struct mg_connection *conn)
{
    struct ban_list *list = &admin->hub->bans.list;
    const char *query = mg_get_request_info(conn)->query_string;
    uint64_t limit = LIMIT_DEFAULT, after = 0;
    char next[24];
    bool has_more;
    if (!query_number(query, "limit", LIMIT_MAX, &limit) || limit == 0 ||
        !query_number(query, "after", UINT64_MAX, &after))
        return json_send_error(conn, 400, "", "bad request",
                               "limit is a number from 1 to 1000, after is the id of a ban");
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "total", ban_list_count(list));
    cJSON *bans = cJSON_AddArrayToObject(body, "bans");
    snprintf(next, sizeof next, "%" PRIu64, add_bans(bans, list, after, limit, &has_more));
    if (has_more)
        cJSON_AddStringToObject(body, "next", next);
    return json_send(conn, 200, body);
}

/* -- POST -- */

/* Takes "keep" out of the body, whose other members are strings. */
static const char *take_keep(cJSON *body, bool *keep)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(body, "keep");
    bool is_wrong = item != NULL && !cJSON_IsBool(item);
    *keep = cJSON_IsTrue(item);
    cJSON_Delete(item);
    return is_wrong ? "keep is true or false" : NULL;
}

/* Takes what is banned. */
static const char *take_subject(const char *identity, const char *address, struct ban *ban,
                                char fault[256])
{
    if ((identity == NULL) == (address == NULL))
        return "say whom: an identity or an address";
    return identity != NULL ? ban_read_identity(ban, identity)
                            : ban_read_address(ban, address, fault);
}

static const char *take_end(const char *duration, const char *until, struct ban *ban)
{
    int64_t ns = 0;
    ban->since = clock_wall();
    ban->until = BAN_FOR_GOOD;
    if (duration != NULL && until != NULL)
        return "an end is given by for or by until, not by both";
    if (until != NULL) {
        const char *fault = ban_read_until(ban, until);
        return fault == NULL && ban->until <= ban->since ? "this end has gone by" : fault;
    }
    if (duration == NULL)
        return NULL;
    if (duration_parse(duration, &ns) != 0 || ns <= 0 || ns > BAN_FOR_GOOD - ban->since)
        return "for is a duration, such as 90s, 30m and 24h";
    ban->until = ban->since + ns;
    return NULL;
}

/* Returns NULL or what is wrong with the body, static or in `fault`. */
static const char *read_ban(cJSON *body, struct ban *ban, struct close_words *words, bool *keep,
                            char fault[256])
{
    static const char *const names[] = {"identity", "address", "for", "until", "reason"};
    const char *stranger;
    const char *wrong = close_words_take_code(body, words);
    if (wrong == NULL)
        wrong = take_keep(body, keep);
    if (wrong != NULL)
        return wrong;
    if (!json_has_only_strings(body, names, sizeof names / sizeof *names, &stranger))
        return "identity, address, for, until and reason are strings, and there is nothing else "
               "but "
               "code and keep";
    const char *reason = json_string(body, "reason");
    wrong = take_subject(json_string(body, "identity"), json_string(body, "address"), ban, fault);
    if (wrong == NULL)
        wrong = take_end(json_string(body, "for"), json_string(body, "until"), ban);
    if (wrong == NULL && reason != NULL)
        wrong = ban_read_reason(ban, reason);
    if (wrong == NULL)
        wrong = close_words_take_reason(reason != NULL ? reason : "banned", words);
    return wrong;
}

static int refuse_one_more(struct admin *admin, struct mg_connection *conn)
{
    char detail[192];
    snprintf(detail, sizeof detail,
             "there are %" PRIu32 " bans, which is as many as there may be: raise bans.max and "
             "reload, or ban a prefix in place of its addresses, or lift some",
             atomic_load_explicit(&admin->hub->bans.list.max, memory_order_relaxed));
    return json_send_error(conn, 409, "", "conflict", detail);
}

static int send_failure(struct admin *admin, struct mg_connection *conn, int error)
{
    if (error == ERR_LIMIT)
        return refuse_one_more(admin, conn);
    return json_send_error(conn, 503, "Retry-After: 1\r\n", "unavailable",
                           error == ERR_NO_MEMORY ? "the server is short of memory"
                                                  : "the server cannot start a thread");
}

/* What was changed, and whether that is in the file. */
static int send_change(struct mg_connection *conn, cJSON *body, const char *unsaved)
{
    cJSON_AddBoolToObject(body, "saved", unsaved[0] == '\0');
    if (unsaved[0] != '\0')
        cJSON_AddStringToObject(body, "detail", unsaved);
    return json_send(conn, 200, body);
}

static int close_banned(struct admin *admin, const struct ban *ban, const struct close_words *words,
                        uint64_t *closed)
{
    struct client_filter filter = {.has_address = ban->is_address, .address = ban->address};
    memcpy(filter.identity, ban->identity, sizeof ban->identity);
    return kick_matching(admin->hub, &filter, words, closed);
}

static int set_ban(struct admin *admin, struct mg_connection *conn, cJSON *request)
{
    struct ban ban = {.id = 0};
    struct close_words words = close_words_usual();
    char fault[256], unsaved[BAN_FILE_TEXT_MAX];
    bool keep;
    uint64_t closed = 0;
    const char *wrong = read_ban(request, &ban, &words, &keep, fault);
    if (wrong != NULL)
        return refuse(conn, wrong);
    caller_describe(conn, ban.by);
    caller_describe(conn, words.who);
    int error = bans_set(&admin->hub->bans, &ban, unsaved);
    if (error != OK)
        return send_failure(admin, conn, error);
    /* Who comes from now on is refused, so that nobody slips in between. */
    if (!keep && close_banned(admin, &ban, &words, &closed) != OK)
        return json_send_error(conn, 503, "Retry-After: 1\r\n", "unavailable",
                               "the ban is in force, but not all clients could be closed: an event "
                               "loop does not answer, or memory is short; ask again");
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "id", (double)ban.id);
    cJSON_AddNumberToObject(body, "closed", (double)closed);
    return send_change(conn, body, unsaved);
}

int api_ban(struct admin *admin, struct mg_connection *conn)
{
    int status;
    cJSON *request = json_read(conn, &status);
    if (request == NULL)
        return status;
    status = set_ban(admin, conn, request);
    cJSON_Delete(request);
    return status;
}

/* -- DELETE -- */

/* Which ban the path or the query names. Returns NULL or what is wrong. */
static const char *read_target(struct mg_connection *conn, uint64_t *id, struct ban *ban,
                               char fault[256])
{
    char identity[TOPIC_NAME_MAX + 1], address[SL_PREFIX_TEXT];
    const char *path = mg_request_path(conn);
    const char *query = mg_get_request_info(conn)->query_string;
    *id = 0;
    if (strncmp(path, BANS_PREFIX, strlen(BANS_PREFIX)) == 0)
        return query_parse_number(path + strlen(BANS_PREFIX), UINT64_MAX, id) && *id > 0
                   ? NULL
                   : "the id of a ban is a number, as the list of bans has it";
    return take_subject(query_text(query, "identity", identity, sizeof identity),
                        query_text(query, "address", address, sizeof address), ban, fault);
}

int api_unban(struct admin *admin, struct mg_connection *conn)
{
    struct ban ban = {.id = 0};
    char fault[256], caller[CALLER_TEXT_MAX], unsaved[BAN_FILE_TEXT_MAX];
    uint64_t id;
    const char *wrong = read_target(conn, &id, &ban, fault);
    if (wrong != NULL)
        return refuse(conn, wrong);
    caller_describe(conn, caller);
    if (!bans_lift(&admin->hub->bans, id, &ban, caller, unsaved))
        return json_send_error(conn, 404, "", "not found", "there is no such ban");
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "lifted", describe_ban(&ban));
    return send_change(conn, body, unsaved);
}
