#include "admin/api_kick.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/client_selection.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/kick_clients.h"
#include "admin/query.h"
#include "base/event.h"
#include "front/civetweb_detach.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLIENTS_PREFIX "/api/v1/clients/"

/* Which clients are to be closed, and how. */
struct kick_request {
    struct client_filter filter;
    struct close_words words;
    bool has_id; /* only this client is meant */
    uint64_t id;
};

/* What the body says, but for which clients. Returns NULL or what is wrong with it. */
static const char *read_words(cJSON *body, struct kick_request *request)
{
    static const char *const names[] = {"id", "identity", "address", "endpoint", "topic", "reason"};
    const char *stranger;
    request->words = close_words_usual();
    const char *fault = close_words_take_code(body, &request->words);
    if (fault != NULL)
        return fault;
    if (!json_has_only_strings(body, names, sizeof names / sizeof *names, &stranger))
        return "id, identity, address, endpoint, topic and reason are strings, and there is "
               "nothing else but code";
    fault = close_words_take_reason(json_string(body, "reason"), &request->words);
    const char *id = json_string(body, "id");
    request->has_id = id != NULL;
    if (fault == NULL && id != NULL && !query_parse_number(id, UINT64_MAX, &request->id))
        return "id is that of a client, as the list of clients has it";
    return fault;
}

static int send_kick_result(struct mg_connection *conn, int error, uint64_t closed)
{
    char detail[160];
    if (error == ERR_NOT_FOUND)
        return json_send_error(conn, 404, "", "not found", "there is no client with this id");
    if (error != OK) {
        snprintf(detail, sizeof detail, "%s; %" PRIu64 " clients were closed before",
                 error == ERR_LIMIT ? "an event loop does not answer, a plugin may be holding it up"
                                    : "the server is short of memory",
                 closed);
        return json_send_error(conn, 503, "Retry-After: 1\r\n", "unavailable", detail);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "closed", (double)closed);
    return json_send(conn, 200, body);
}

/* `error` has kept it from closing all of them. */
static void log_kicked(const struct close_words *words, uint64_t closed, const char *whom,
                       int error)
{
    char message[1024];
    struct event_values values = {.message = message,
                                  .texts = {[EVENT_FIELD_ASKED_BY] = words->who,
                                            [EVENT_FIELD_SELECTION] = whom,
                                            [EVENT_FIELD_REASON] = words->reason}};
    snprintf(message, sizeof message,
             "kick: %" PRIu64 " clients of %s closed with %u \"%s\", asked by %s%s%s", closed, whom,
             (unsigned)words->code, words->reason, words->who, error != OK ? ": " : "",
             error != OK ? error_text(error) : "");
    event_set_number(&values, EVENT_FIELD_CLIENTS, closed);
    event_set_number(&values, EVENT_FIELD_CODE, words->code);
    event_log(EVENT_CLIENTS_KICKED, "admin", &values);
}

static int kick_and_answer(struct admin *admin, struct mg_connection *conn,
                           struct kick_request *request, const char *whom)
{
    uint64_t closed = 0;
    caller_describe(conn, request->words.who);
    int error = request->has_id
                    ? kick_by_id(admin->hub, request->id, &request->words)
                    : kick_matching(admin->hub, &request->filter, &request->words, &closed);
    if (request->has_id && error == OK)
        closed = 1;
    log_kicked(&request->words, closed, whom, error);
    return send_kick_result(conn, error, closed);
}

static int handle_kick(struct admin *admin, struct mg_connection *conn, cJSON *body)
{
    char whom[512];
    char buffer[SELECTION_TEXT_MAX];
    struct kick_request request = {.has_id = false};
    const struct client_selection selection = {.identity = json_string(body, "identity"),
                                               .address = json_string(body, "address"),
                                               .endpoint = json_string(body, "endpoint"),
                                               .topic = json_string(body, "topic")};
    const char *fault = read_words(body, &request);
    if (fault != NULL)
        return json_send_error(conn, 422, "", "not understood", fault);
    int error = client_selection_read(admin->hub, &selection, &request.filter, buffer, &fault);
    if (error != OK)
        return json_send_error(conn, error == ERR_NOT_FOUND ? 404 : 422, "",
                               error == ERR_NOT_FOUND ? "not found" : "not understood", fault);
    if (client_filter_is_empty(&request.filter) != request.has_id)
        return json_send_error(conn, 422, "", "not understood",
                               "say whom: id, or one or more of identity, address, endpoint and "
                               "topic");
    client_selection_describe(&selection, whom, sizeof whom);
    if (request.has_id)
        snprintf(whom, sizeof whom, "id %" PRIu64, request.id);
    return kick_and_answer(admin, conn, &request, whom);
}

int api_kick_many(struct admin *admin, struct mg_connection *conn)
{
    int status;
    cJSON *body = json_read(conn, &status);
    if (body == NULL)
        return status;
    status = handle_kick(admin, conn, body);
    cJSON_Delete(body);
    return status;
}

int api_kick(struct admin *admin, struct mg_connection *conn)
{
    uint64_t id;
    char text[24];
    char whom[32];
    struct close_words words = close_words_usual();
    caller_describe(conn, words.who);
    int error = query_parse_number(mg_request_path(conn) + strlen(CLIENTS_PREFIX), UINT64_MAX, &id)
                    ? kick_by_id(admin->hub, id, &words)
                    : ERR_NOT_FOUND;
    if (error != OK)
        return send_kick_result(conn, error, 0);
    snprintf(text, sizeof text, "%" PRIu64, id);
    snprintf(whom, sizeof whom, "id %s", text);
    log_kicked(&words, 1, whom, OK);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "closed", text);
    return json_send(conn, 200, body);
}
