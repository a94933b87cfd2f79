#include "admin/api_clients.h"

#include "admin/admin_internal.h"
#include "admin/api_kick.h"
#include "admin/caller.h"
#include "admin/json.h"
#include "admin/loop_query.h"
#include "base/log.h"
#include "client/client.h"
#include "front/civetweb_detach.h"
#include "delivery/subscription_set.h"
#include "hub/hub.h"

#include <civetweb.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define CLIENTS_PREFIX "/api/v1/clients/"

/* What a loop says about a client. */
struct client_info {
    uint64_t id;
    const struct endpoint *endpoint; /* lives as long as the hub */
    char *identity;                  /* owned; NULL: none */
    struct address address;
    uint32_t subscriptions;
    size_t queued_bytes;
    int64_t silent_ns; /* since something was heard from it */
    bool is_tls;
    bool is_closing;
};

static bool is_shown(const struct client *client)
{
    return client->state == CLIENT_OPEN || client->state == CLIENT_CLOSING;
}

/* On the client's loop. */
static void read_client(const struct client *client, struct client_info *out)
{
    const char *identity = sl_client_identity(&client->seen);
    *out = (struct client_info){.id = client->seen.id,
                                .endpoint = client_setup(client)->endpoint,
                                .identity = identity != NULL ? strdup(identity) : NULL,
                                .address = client->address,
                                .subscriptions = client->receiver.subscriptions != NULL
                                                     ? client->receiver.subscriptions->named
                                                     : 0,
                                .queued_bytes = receiver_queued(&client->receiver),
                                .silent_ns = client_shard(client)->loop.now - client->last_heard,
                                .is_tls = client->receiver.tls != NULL,
                                .is_closing = client->state == CLIENT_CLOSING};
}

static cJSON *describe_client(const struct client_info *info)
{
    char id[24];
    char address[ADDRESS_TEXT_MAX];
    int64_t silent_ms = info->silent_ns / 1000000;
    cJSON *object = cJSON_CreateObject();
    /* An id has 64 bits, of which a JSON reader may lose the last ones. */
    snprintf(id, sizeof id, "%" PRIu64, info->id);
    address_text(&info->address, address);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "endpoint", info->endpoint->path);
    if (info->identity != NULL)
        cJSON_AddStringToObject(object, "identity", info->identity);
    else
        cJSON_AddNullToObject(object, "identity");
    cJSON_AddStringToObject(object, "address", address);
    cJSON_AddNumberToObject(object, "port", info->address.port);
    cJSON_AddBoolToObject(object, "tls", info->is_tls);
    cJSON_AddStringToObject(object, "state", info->is_closing ? "closing" : "open");
    cJSON_AddNumberToObject(object, "topics", info->subscriptions);
    cJSON_AddNumberToObject(object, "queued_bytes", (double)info->queued_bytes);
    cJSON_AddNumberToObject(object, "silent_ms", (double)silent_ms);
    return object;
}

static int send_failure(struct mg_connection *conn, int error)
{
    if (error == ERR_NOT_FOUND)
        return json_send_error(conn, 404, "", "not found", "there is no client with this id");
    if (error == ERR_LIMIT)
        return json_send_error(conn, 503, "Retry-After: 1\r\n", "busy",
                               "an event loop does not answer; a plugin may be holding it up");
    return json_send_error(conn, 503, "", "unavailable", "the server is short of memory");
}

/* -- GET /api/v1/clients -- */

struct page_question {
    uint64_t after; /* an id; 0: from the first on */
    unsigned limit;
};

struct page {
    struct client_info *clients; /* owned */
    size_t count;
    bool has_failed; /* no memory */
};

static uint32_t list_position(uint64_t id)
{
    return (uint32_t)(id & UINT32_MAX);
}

static void ask_for_page(struct shard *shard, const void *question, void *answer)
{
    const struct page_question *asked = question;
    struct page *page = answer;
    page->clients = calloc(asked->limit, sizeof *page->clients);
    page->has_failed = page->clients == NULL;
    for (uint32_t i = list_position(asked->after) >> 8; i < shard->slot_count; i++) {
        const struct client *client = shard->slots[i].client;
        if (page->has_failed || page->count == asked->limit)
            return;
        if (client == NULL || !is_shown(client))
            continue;
        if (asked->after == 0 || list_position(client->seen.id) > list_position(asked->after))
            read_client(client, &page->clients[page->count++]);
    }
}

static void free_page(void *answer)
{
    struct page *page = answer;
    for (size_t i = 0; i < page->count; i++)
        free(page->clients[i].identity);
    free(page->clients);
}

/* Takes the next client of all pages, or NULL when all are taken; next[i]: how many clients of page
 * i are taken. */
static const struct client_info *next_in_pages(const struct loop_query *query, size_t *next)
{
    const struct client_info *first = NULL;
    size_t of = 0;
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct page *page = loop_query_answer(query, i);
        if (next[i] == page->count)
            continue;
        const struct client_info *candidate = &page->clients[next[i]];
        if (first == NULL || list_position(candidate->id) < list_position(first->id)) {
            first = candidate;
            of = i;
        }
    }
    if (first != NULL)
        next[of]++;
    return first;
}

static int send_client_page(struct mg_connection *conn, const struct loop_query *query,
                            unsigned limit)
{
    size_t next[HUB_LOOPS_MAX] = {0};
    const struct client_info *info;
    const struct client_info *last = NULL;
    char id[24];
    for (size_t i = 0; i < loop_query_count(query); i++)
        if (((const struct page *)loop_query_answer(query, i))->has_failed)
            return send_failure(conn, ERR_NO_MEMORY);
    cJSON *body = cJSON_CreateObject();
    cJSON *clients = cJSON_AddArrayToObject(body, "clients");
    for (unsigned count = 0; count < limit; count++) {
        if ((info = next_in_pages(query, next)) == NULL)
            break;
        last = info;
        cJSON_AddItemToArray(clients, describe_client(info));
    }
    if (last != NULL && next_in_pages(query, next) != NULL) {
        snprintf(id, sizeof id, "%" PRIu64, last->id);
        cJSON_AddStringToObject(body, "next", id);
    }
    return json_send(conn, 200, body);
}

static bool parse_number(const char *text, uint64_t most, uint64_t *out)
{
    size_t len = strlen(text);
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return len > 0 && strspn(text, "0123456789") == len && errno == 0 && *out <= most;
}

/* A number of the query; `out` keeps its value if there is none. */
static bool read_parameter(const char *query, const char *name, uint64_t most, uint64_t *out)
{
    char text[32];
    int len = query == NULL ? -1 : mg_get_var(query, strlen(query), name, text, sizeof text);
    return len == -1 || (len > 0 && parse_number(text, most, out));
}

int api_clients(struct admin *admin, struct mg_connection *conn)
{
    const char *parameters = mg_get_request_info(conn)->query_string;
    uint64_t limit = LIMIT_DEFAULT;
    uint64_t after = 0;
    if (!read_parameter(parameters, "limit", LIMIT_MAX, &limit) || limit == 0 ||
        !read_parameter(parameters, "after", UINT64_MAX, &after))
        return json_send_error(conn, 400, "", "bad request",
                               "limit is a number from 1 to 1000, after is the id of a client");
    struct page_question question = {.after = after, .limit = (unsigned)limit};
    struct loop_query_spec spec = {.ask = ask_for_page,
                                   .free_answer = free_page,
                                   .question = &question,
                                   .question_size = sizeof question,
                                   .answer_size = sizeof(struct page),
                                   .timeout = LOOP_QUERY_TIMEOUT};
    struct loop_query *query;
    int error = loop_query_run(admin->hub, &spec, &query);
    if (error != OK)
        return send_failure(conn, error);
    int status = send_client_page(conn, query, (unsigned)limit);
    loop_query_unref(query);
    return status;
}

/* -- one client -- */

struct client_question {
    uint64_t id;
    bool kicks;
};

struct client_answer {
    bool is_there;
    struct client_info info;
};

static void ask_for_client(struct shard *shard, const void *question, void *answer)
{
    static const char reason[] = KICK_REASON;
    const struct client_question *asked = question;
    struct client_answer *found = answer;
    struct client *client = shard_find(shard, asked->id);
    if (client == NULL || !is_shown(client))
        return;
    found->is_there = true;
    read_client(client, &found->info);
    if (asked->kicks)
        client_close(client, 1008, reason, sizeof reason - 1);
}

static void free_client_answer(void *answer)
{
    free(((struct client_answer *)answer)->info.identity);
}

/* Asks the client's loop. Returns 0, ERR_NOT_FOUND or what loop_query_run returns. */
static int find_client(struct admin *admin, struct mg_connection *conn, bool kicks,
                       struct loop_query **out)
{
    const char *path = mg_request_path(conn);
    struct client_question question = {.kicks = kicks};
    struct loop_query_spec spec = {.ask = ask_for_client,
                                   .free_answer = free_client_answer,
                                   .question = &question,
                                   .question_size = sizeof question,
                                   .answer_size = sizeof(struct client_answer),
                                   .timeout = LOOP_QUERY_TIMEOUT};
    if (!parse_number(path + strlen(CLIENTS_PREFIX), UINT64_MAX, &question.id))
        return ERR_NOT_FOUND;
    int error = loop_query_run_one(admin->hub, client_id_loop(question.id), &spec, out);
    if (error != OK || ((const struct client_answer *)loop_query_answer(*out, 0))->is_there)
        return error;
    loop_query_unref(*out);
    return ERR_NOT_FOUND;
}

int api_client(struct admin *admin, struct mg_connection *conn)
{
    struct loop_query *query;
    int error = find_client(admin, conn, false, &query);
    if (error != OK)
        return send_failure(conn, error);
    const struct client_answer *found = loop_query_answer(query, 0);
    int status = json_send(conn, 200, describe_client(&found->info));
    loop_query_unref(query);
    return status;
}

int api_kick(struct admin *admin, struct mg_connection *conn)
{
    struct loop_query *query;
    char id[24];
    char caller[CALLER_TEXT_MAX];
    int error = find_client(admin, conn, true, &query);
    if (error != OK)
        return send_failure(conn, error);
    const struct client_answer *found = loop_query_answer(query, 0);
    snprintf(id, sizeof id, "%" PRIu64, found->info.id);
    loop_query_unref(query);
    caller_describe(conn, caller);
    log_info("admin", "kick: client %s closed with 1008, asked by %s", id, caller);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "closed", id);
    return json_send(conn, 200, body);
}
