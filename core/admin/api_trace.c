#include "admin/api_trace.h"

#include "admin/admin_internal.h"
#include "admin/admin_token.h"
#include "admin/caller.h"
#include "admin/client_selection.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/loop_query.h"
#include "admin/trace_json.h"
#include "base/clock.h"
#include "client/shard.h"
#include "client/trace.h"
#include "config/values.h"
#include "front/civetweb_detach.h"
#include "hub/hub.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACES_PREFIX "/api/v1/traces/"
#define PORTION 4096u                     /* slots of each loop that are looked at in one go */
#define BYTES_OF_ALL_LOOPS (1024u * 1024) /* of records of one trace */
#define BYTES_LEAST (32u * 1024)          /* of one loop */
#define FOR_DEFAULT (30 * NS_PER_S)
#define FOR_MOST (3600 * NS_PER_S)

/* -- on the loops -- */

enum trace_order { TRACE_BEGIN, TRACE_MARK, TRACE_END };

struct trace_question {
    enum trace_order order;
    uint32_t first; /* slot of a portion */
    struct trace_plan plan;
};

struct trace_answer {
    int error;
    uint32_t marked;
    bool is_at_end; /* no slots are behind the portion */
};

static void follow_order(struct shard *shard, const void *question, void *answer)
{
    const struct trace_question *asked = question;
    struct trace_answer *done = answer;
    switch (asked->order) {
    case TRACE_BEGIN:
        done->error = trace_begin(shard, &asked->plan);
        break;
    case TRACE_MARK:
        done->marked = trace_mark(shard, &asked->plan, asked->first, PORTION);
        break;
    case TRACE_END:
        trace_end(shard, asked->plan.id);
        break;
    }
    done->is_at_end = shard->slot_count <= asked->first + PORTION;
}

/* Has all loops follow. Returns 0 or what the first of them says, or why not all have answered. */
static int order_loops(struct hub *hub, const struct trace_question *question, int64_t timeout,
                       struct trace_answer *sum)
{
    const struct loop_query_spec spec = {.ask = follow_order,
                                         .question = question,
                                         .question_size = sizeof *question,
                                         .answer_size = sizeof(struct trace_answer),
                                         .timeout = timeout};
    struct loop_query *query;
    int error = loop_query_run(hub, &spec, &query);
    if (error != OK)
        return error == ERR_LIMIT ? ERR_CLOSED : error;
    sum->is_at_end = true;
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct trace_answer *answer = loop_query_answer(query, i);
        sum->marked += answer->marked;
        sum->is_at_end = sum->is_at_end && answer->is_at_end;
        error = error == OK ? answer->error : error;
    }
    loop_query_unref(query);
    return error;
}

static int mark_clients(struct hub *hub, struct trace_question *question, uint32_t *marked)
{
    struct trace_answer sum = {.is_at_end = false};
    int error = OK;
    question->order = TRACE_MARK;
    for (; error == OK && !sum.is_at_end; question->first += PORTION)
        error = order_loops(hub, question, LOOP_QUERY_TIMEOUT, &sum);
    question->first = 0;
    *marked = sum.marked;
    return error;
}

/* Loops that hang end it when they go on. */
static void end_on_loops(struct hub *hub, struct trace_question *question, int64_t timeout)
{
    struct trace_answer sum = {.marked = 0};
    question->order = TRACE_END;
    int error = order_loops(hub, question, timeout, &sum);
    (void)error;
}

/* -- beginning -- */

static int send_trace_failure(struct mg_connection *conn, int error)
{
    if (error == ERR_NOT_FOUND)
        return json_send_error(conn, 404, "", "not found",
                               "there is no such trace; it ends when nobody reads it for 10 s");
    if (error == ERR_LIMIT)
        return json_send_error(conn, 503, "Retry-After: 10\r\n", "busy",
                               "4 traces are on, or 2 of those who may only read, which is as many "
                               "as may be; end one, or wait");
    if (error == ERR_CLOSED)
        return json_send_error(conn, 503, "Retry-After: 1\r\n", "busy",
                               "an event loop does not answer; a plugin may be holding it up");
    return json_send_error(conn, 503, "", "unavailable", "the server is short of memory");
}

static int send_begun(struct mg_connection *conn, const struct trace_plan *plan, int64_t length,
                      uint32_t clients)
{
    char id[24];
    int64_t length_ms = length / NS_PER_MS;
    cJSON *body = cJSON_CreateObject();
    snprintf(id, sizeof id, "%016" PRIx64, plan->id);
    cJSON_AddStringToObject(body, "trace", id);
    cJSON_AddNumberToObject(body, "clients", clients);
    cJSON_AddNumberToObject(body, "for_ms", (double)length_ms);
    return json_send(conn, 200, body);
}

static int begin_and_answer(struct hub *hub, struct mg_connection *conn,
                            struct trace_question *question, int64_t length)
{
    struct trace_plan *plan = &question->plan;
    struct trace_answer sum = {.marked = 0};
    uint32_t clients = 0;
    size_t bytes = BYTES_OF_ALL_LOOPS / hub->set.count;
    plan->bytes = bytes > BYTES_LEAST ? bytes : BYTES_LEAST;
    plan->until = clock_monotonic() + length;
    if (RAND_bytes((unsigned char *)&plan->id, sizeof plan->id) != 1)
        return send_trace_failure(conn, ERR_NO_MEMORY);
    int error = order_loops(hub, question, LOOP_QUERY_TIMEOUT, &sum);
    if (error == OK)
        error = mark_clients(hub, question, &clients);
    bool is_gone = error == OK && plan->client != 0 && clients == 0;
    if (error == OK && !is_gone)
        return send_begun(conn, plan, length, clients);
    end_on_loops(hub, question, 0);
    return is_gone ? json_send_error(conn, 404, "", "not found", "there is no client with this id")
                   : send_trace_failure(conn, error);
}

/* A number of the body, which is taken out of it. Returns whether it is one, or is not there. */
static bool take_number(cJSON *body, const char *name, double most, uint32_t *out)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(body, name);
    double number = item == NULL ? 0 : cJSON_IsNumber(item) ? item->valuedouble : -1;
    cJSON_Delete(item);
    bool is_good = number >= 0 && number <= most;
    *out = is_good ? (uint32_t)number : 0;
    return is_good;
}

static bool parse_id(const char *text, int base, uint64_t *out)
{
    errno = 0;
    *out = strtoull(text, NULL, base);
    return text[0] != '\0' && errno == 0 && *out != 0 &&
           strspn(text, base == 10 ? "0123456789" : "0123456789abcdef") == strlen(text);
}

static const char *read_length(const char *text, int64_t *out)
{
    *out = FOR_DEFAULT;
    if (text == NULL || (duration_parse(text, out) == 0 && *out > 0 && *out <= FOR_MOST))
        return NULL;
    return "for is a duration of at most 1h, such as 30s or 5m";
}

/* What the body says, but for which clients. Returns NULL or what is wrong with it. */
static const char *read_plan(cJSON *body, struct trace_plan *plan, int64_t *length)
{
    static const char *const names[] = {"client", "identity", "endpoint", "for"};
    const char *stranger;
    if (!take_number(body, "payload", TRACE_PAYLOAD_MAX, &plan->payload))
        return "payload is a number of bytes, at most 4096";
    if (!json_has_only_strings(body, names, sizeof names / sizeof *names, &stranger))
        return "client, identity, endpoint and for are strings, and there is nothing else but "
               "payload";
    const char *id = json_string(body, "client");
    if (id != NULL && !parse_id(id, 10, &plan->client))
        return "client is the id of one, as the list of clients has it";
    return read_length(json_string(body, "for"), length);
}

static int handle_begin(struct admin *admin, struct mg_connection *conn, cJSON *body)
{
    char buffer[SELECTION_TEXT_MAX];
    int64_t length;
    struct trace_question question = {.order = TRACE_BEGIN};
    struct trace_plan *plan = &question.plan;
    const char *fault = read_plan(body, plan, &length);
    if (fault != NULL)
        return json_send_error(conn, 422, "", "not understood", fault);
    const struct client_selection selection = {.identity = json_string(body, "identity"),
                                               .endpoint = json_string(body, "endpoint")};
    plan->by_reader = caller_get(conn)->owner.role < ADMIN_ROLE_OPERATE;
    if (plan->payload > 0 && plan->by_reader)
        return json_send_error(conn, 403, "", "forbidden",
                               "payload takes a token with the role operate");
    int error = client_selection_read(admin->hub, &selection, &plan->filter, buffer, &fault);
    if (error != OK)
        return json_send_error(conn, error == ERR_NOT_FOUND ? 404 : 422, "",
                               error == ERR_NOT_FOUND ? "not found" : "not understood", fault);
    bool has_identity = selection.identity != NULL;
    if ((plan->client != 0) == has_identity || (plan->client != 0 && selection.endpoint != NULL))
        return json_send_error(conn, 422, "", "not understood",
                               "say whom: client, or identity, to which endpoint may be added");
    return begin_and_answer(admin->hub, conn, &question, length);
}

int api_trace_begin(struct admin *admin, struct mg_connection *conn)
{
    int status;
    cJSON *body = json_read(conn, &status);
    if (body == NULL)
        return status;
    status = handle_begin(admin, conn, body);
    cJSON_Delete(body);
    return status;
}

/* -- reading -- */

struct reading_answer {
    int error;
    struct trace_reading reading;
};

static void read_on_loop(struct shard *shard, const void *question, void *answer)
{
    struct reading_answer *done = answer;
    done->error = trace_read(shard, *(const uint64_t *)question, &done->reading);
}

static void free_reading(void *answer)
{
    buffer_release(&((struct reading_answer *)answer)->reading.records);
}

/* Takes the earliest record that no loop's list has given yet, or NULL; next[i]: where that of list
 * i lies. */
static const struct trace_record *next_record(const struct loop_query *query, size_t *next)
{
    const struct trace_record *first = NULL;
    size_t of = 0;
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct reading_answer *answer = loop_query_answer(query, i);
        const struct buffer *records = &answer->reading.records;
        if (next[i] >= records->len)
            continue;
        const void *candidate = records->data + next[i];
        if (first == NULL || ((const struct trace_record *)candidate)->at < first->at) {
            first = candidate;
            of = i;
        }
    }
    if (first != NULL)
        next[of] += first->size;
    return first;
}

static cJSON *describe_reading(const struct loop_query *query)
{
    size_t next[HUB_LOOPS_MAX] = {0};
    uint64_t lost = 0;
    bool is_over = false;
    const struct trace_record *record;
    cJSON *body = cJSON_CreateObject();
    cJSON *records = cJSON_AddArrayToObject(body, "records");
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct reading_answer *answer = loop_query_answer(query, i);
        lost += answer->reading.lost;
        is_over = is_over || answer->reading.is_over;
    }
    while ((record = next_record(query, next)) != NULL)
        cJSON_AddItemToArray(records, trace_json_describe(record));
    cJSON_AddNumberToObject(body, "lost", (double)lost);
    cJSON_AddBoolToObject(body, "over", is_over);
    return body;
}

/* Returns 0, or ERR_NOT_FOUND: a loop does not have it. */
static int check_reading(const struct loop_query *query)
{
    for (size_t i = 0; i < loop_query_count(query); i++)
        if (((const struct reading_answer *)loop_query_answer(query, i))->error != OK)
            return ERR_NOT_FOUND;
    return OK;
}

static bool id_of_path(const struct mg_connection *conn, uint64_t *id)
{
    return parse_id(mg_request_path(conn) + strlen(TRACES_PREFIX), 16, id);
}

int api_trace_read(struct admin *admin, struct mg_connection *conn)
{
    uint64_t id;
    struct loop_query *query;
    const struct loop_query_spec spec = {.ask = read_on_loop,
                                         .free_answer = free_reading,
                                         .question = &id,
                                         .question_size = sizeof id,
                                         .answer_size = sizeof(struct reading_answer),
                                         .timeout = LOOP_QUERY_TIMEOUT};
    if (!id_of_path(conn, &id))
        return send_trace_failure(conn, ERR_NOT_FOUND);
    int error = loop_query_run(admin->hub, &spec, &query);
    if (error != OK)
        return send_trace_failure(conn, error == ERR_LIMIT ? ERR_CLOSED : error);
    error = check_reading(query);
    int status = error == OK ? json_send(conn, 200, describe_reading(query))
                             : send_trace_failure(conn, error);
    loop_query_unref(query);
    return status;
}

int api_trace_end(struct admin *admin, struct mg_connection *conn)
{
    struct trace_question question = {.order = TRACE_END};
    char id[24];
    if (!id_of_path(conn, &question.plan.id))
        return send_trace_failure(conn, ERR_NOT_FOUND);
    end_on_loops(admin->hub, &question, LOOP_QUERY_TIMEOUT);
    cJSON *body = cJSON_CreateObject();
    snprintf(id, sizeof id, "%016" PRIx64, question.plan.id);
    cJSON_AddStringToObject(body, "ended", id);
    return json_send(conn, 200, body);
}
