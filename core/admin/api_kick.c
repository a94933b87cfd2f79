#include "admin/api_kick.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/client_selection.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/loop_query.h"
#include "base/log.h"
#include "base/utf8.h"
#include "client/client.h"
#include "hub/hub.h"
#include "ws/frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTION 256u /* slots of each loop: what is queued for them is written in one iteration */

/* How the clients are closed. */
struct close_words {
    uint16_t code;
    char reason[CLOSE_REASON_MAX + 1];
};

struct kick_question {
    struct client_filter filter;
    struct close_words words;
    uint32_t first; /* slot of a portion */
    bool has_id;    /* only this client is meant */
    uint64_t id;
};

struct kick_answer {
    uint32_t closed;
    bool is_at_end; /* no slots are behind the portion */
};

/* -- on the loops -- */

static void close_client(struct client *client, const struct close_words *words)
{
    client_close(client, words->code, words->reason, strlen(words->reason));
}

static void kick_portion(struct shard *shard, const void *question, void *answer)
{
    const struct kick_question *asked = question;
    struct kick_answer *done = answer;
    for (uint32_t i = asked->first; i < shard->slot_count && i - asked->first < PORTION; i++) {
        struct client *client = shard->slots[i].client;
        if (client == NULL || client->state != CLIENT_OPEN ||
            !client_filter_matches(&asked->filter, client))
            continue;
        close_client(client, &asked->words);
        done->closed++;
    }
    done->is_at_end = shard->slot_count <= asked->first + PORTION;
}

static void kick_one(struct shard *shard, const void *question, void *answer)
{
    const struct kick_question *asked = question;
    struct kick_answer *done = answer;
    struct client *client = shard_find(shard, asked->id);
    if (client == NULL || (client->state != CLIENT_OPEN && client->state != CLIENT_CLOSING))
        return;
    close_client(client, &asked->words); /* Nothing happens if it is closing already. */
    done->closed = 1;
}

/* -- asking them -- */

static struct loop_query_spec make_spec(const struct kick_question *question, loop_query_ask *ask)
{
    return (struct loop_query_spec){.ask = ask,
                                    .question = question,
                                    .question_size = sizeof *question,
                                    .answer_size = sizeof(struct kick_answer),
                                    .timeout = LOOP_QUERY_TIMEOUT};
}

/* Adds what the loops have closed to *closed. Returns whether all are at their ends. */
static bool add_answers(struct loop_query *query, uint64_t *closed)
{
    bool is_at_end = true;
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct kick_answer *answer = loop_query_answer(query, i);
        *closed += answer->closed;
        is_at_end = is_at_end && answer->is_at_end;
    }
    loop_query_unref(query);
    return is_at_end;
}

/* Returns 0 or an error; what was closed before it is in *closed. */
static int kick_all(struct hub *hub, struct kick_question *question, uint64_t *closed)
{
    struct loop_query_spec spec = make_spec(question, kick_portion);
    struct loop_query *query;
    for (;; question->first += PORTION) {
        int error = loop_query_run(hub, &spec, &query);
        if (error != OK)
            return error;
        if (add_answers(query, closed))
            return OK;
    }
}

static int kick_by_id(struct hub *hub, const struct kick_question *question, uint64_t *closed)
{
    struct loop_query_spec spec = make_spec(question, kick_one);
    struct loop_query *query;
    int error = loop_query_run_one(hub, client_id_loop(question->id), &spec, &query);
    if (error != OK)
        return error;
    add_answers(query, closed);
    return *closed > 0 ? OK : ERR_NOT_FOUND;
}

/* -- the request -- */

/* Takes "code" out of the body, whose other members are strings. */
static const char *read_code(cJSON *body, uint16_t *out)
{
    cJSON *code = cJSON_DetachItemFromObjectCaseSensitive(body, "code");
    double number = code != NULL && cJSON_IsNumber(code) ? code->valuedouble : 0;
    bool is_given = code != NULL;
    cJSON_Delete(code);
    *out = CLOSE_POLICY;
    if (!is_given)
        return NULL;
    *out = number >= 1000 && number <= 4999 ? (uint16_t)number : 0;
    if (number == *out && close_code_may_be_sent(*out))
        return NULL;
    return "code is a number: 3000 to 4999, or one that a server may send, such as 1000, 1008 and "
           "1012";
}

static const char *read_reason(const char *text, char out[CLOSE_REASON_MAX + 1])
{
    size_t len = strlen(text);
    if (len > CLOSE_REASON_MAX || !utf8_is_valid(text, len))
        return "a reason is at most 123 bytes of UTF-8";
    memcpy(out, text, len + 1);
    return NULL;
}

static const char *read_id(const char *text, struct kick_question *question)
{
    errno = 0;
    question->has_id = true;
    question->id = strtoull(text, NULL, 10);
    if (text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && errno == 0)
        return NULL;
    return "id is that of a client, as the list of clients has it";
}

/* What the body says, but for which clients. Returns NULL or what is wrong with it. */
static const char *read_words(cJSON *body, struct kick_question *question)
{
    static const char *const names[] = {"id", "identity", "address", "endpoint", "topic", "reason"};
    const char *stranger;
    const char *fault = read_code(body, &question->words.code);
    if (fault != NULL)
        return fault;
    if (!json_has_only_strings(body, names, sizeof names / sizeof *names, &stranger))
        return "id, identity, address, endpoint, topic and reason are strings, and there is "
               "nothing else but code";
    const char *reason = json_string(body, "reason");
    const char *id = json_string(body, "id");
    fault = read_reason(reason != NULL ? reason : KICK_REASON, question->words.reason);
    return fault == NULL && id != NULL ? read_id(id, question) : fault;
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

static int kick_and_answer(struct admin *admin, struct mg_connection *conn,
                           struct kick_question *question, const char *whom)
{
    char caller[CALLER_TEXT_MAX];
    uint64_t closed = 0;
    int error = question->has_id ? kick_by_id(admin->hub, question, &closed)
                                 : kick_all(admin->hub, question, &closed);
    caller_describe(conn, caller);
    log_info("admin", "kick: %" PRIu64 " clients of %s closed with %u \"%s\", asked by %s%s%s",
             closed, whom, (unsigned)question->words.code, question->words.reason, caller,
             error != OK ? ": " : "", error != OK ? error_text(error) : "");
    return send_kick_result(conn, error, closed);
}

static int handle_kick(struct admin *admin, struct mg_connection *conn, cJSON *body)
{
    char whom[512];
    char buffer[SELECTION_TEXT_MAX];
    struct kick_question question = {.first = 0};
    const struct client_selection selection = {.identity = json_string(body, "identity"),
                                               .address = json_string(body, "address"),
                                               .endpoint = json_string(body, "endpoint"),
                                               .topic = json_string(body, "topic")};
    const char *fault = read_words(body, &question);
    if (fault != NULL)
        return json_send_error(conn, 422, "", "not understood", fault);
    int error = client_selection_read(admin->hub, &selection, &question.filter, buffer, &fault);
    if (error != OK)
        return json_send_error(conn, error == ERR_NOT_FOUND ? 404 : 422, "",
                               error == ERR_NOT_FOUND ? "not found" : "not understood", fault);
    if (client_filter_is_empty(&question.filter) != question.has_id)
        return json_send_error(conn, 422, "", "not understood",
                               "say whom: id, or one or more of identity, address, endpoint and "
                               "topic");
    client_selection_describe(&selection, whom, sizeof whom);
    if (question.has_id)
        snprintf(whom, sizeof whom, "id %" PRIu64, question.id);
    return kick_and_answer(admin, conn, &question, whom);
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
