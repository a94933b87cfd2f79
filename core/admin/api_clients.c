#include "admin/api_clients.h"

#include "admin/admin_internal.h"
#include "admin/api_kick.h"
#include "admin/caller.h"
#include "admin/client_selection.h"
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

#define SCAN_SLOTS 4096u /* of a loop that are looked at before it goes on with its work */

struct page_question {
    struct client_filter filter;
    uint64_t after; /* an id; 0: from the first on */
    uint32_t first; /* slot; at most SCAN_SLOTS are looked at from here */
    unsigned limit;
};

struct page {
    struct client_info *clients; /* owned; NULL: none */
    size_t count;
    bool is_at_end;  /* no slots are behind those that were looked at */
    bool has_failed; /* no memory */
};

static uint32_t list_position(uint64_t id)
{
    return (uint32_t)(id & UINT32_MAX);
}

static bool is_listed(const struct page_question *asked, const struct client *client)
{
    return client != NULL && is_shown(client) &&
           (asked->after == 0 || list_position(client->seen.id) > list_position(asked->after)) &&
           client_filter_matches(&asked->filter, client);
}

static void ask_for_page(struct shard *shard, const void *question, void *answer)
{
    const struct page_question *asked = question;
    struct page *page = answer;
    for (uint32_t i = asked->first; i < shard->slot_count && i - asked->first < SCAN_SLOTS; i++) {
        const struct client *client = shard->slots[i].client;
        if (page->count == asked->limit)
            return;
        if (!is_listed(asked, client))
            continue;
        if (page->clients == NULL)
            page->clients = calloc(asked->limit, sizeof *page->clients);
        page->has_failed = page->clients == NULL;
        if (page->has_failed)
            return;
        read_client(client, &page->clients[page->count++]);
    }
    page->is_at_end = shard->slot_count <= asked->first + SCAN_SLOTS;
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

/* What has been found for an answer. */
struct client_list {
    cJSON *clients; /* borrowed */
    unsigned count;
    unsigned limit;
    uint64_t last; /* the id of the last one */
    bool has_more; /* than the limit */
    bool is_at_end;
};

/* Adds the clients of one portion. Returns 0 or ERR_NO_MEMORY. */
static int add_portion(struct client_list *list, const struct loop_query *query)
{
    size_t next[HUB_LOOPS_MAX] = {0};
    const struct client_info *info;
    list->is_at_end = true;
    for (size_t i = 0; i < loop_query_count(query); i++) {
        const struct page *page = loop_query_answer(query, i);
        if (page->has_failed)
            return ERR_NO_MEMORY;
        list->is_at_end = list->is_at_end && page->is_at_end;
    }
    while (!list->has_more && (info = next_in_pages(query, next)) != NULL) {
        list->has_more = list->count == list->limit;
        if (list->has_more)
            break;
        cJSON_AddItemToArray(list->clients, describe_client(info));
        list->count++;
        list->last = info->id;
    }
    return OK;
}

/* Asks the loops for portion after portion, and for one client more than is answered, which says
 * that there are more. */
static int collect_clients(struct hub *hub, struct page_question *question,
                           struct client_list *list)
{
    struct loop_query_spec spec = {.ask = ask_for_page,
                                   .free_answer = free_page,
                                   .question = question,
                                   .question_size = sizeof *question,
                                   .answer_size = sizeof(struct page),
                                   .timeout = LOOP_QUERY_TIMEOUT};
    struct loop_query *query;
    int error = OK;
    question->first = list_position(question->after) >> 8;
    for (; error == OK && !list->is_at_end && !list->has_more; question->first += SCAN_SLOTS) {
        question->limit = list->limit - list->count + 1;
        error = loop_query_run(hub, &spec, &query);
        if (error != OK)
            break;
        error = add_portion(list, query);
        loop_query_unref(query);
    }
    return error;
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

/* The texts of a query that say which clients are meant. */
struct selection_texts {
    char identity[SELECTION_TEXT_MAX];
    char address[SELECTION_TEXT_MAX];
    char endpoint[SELECTION_TEXT_MAX];
    char topic[SELECTION_TEXT_MAX];
};

/* Returns the text, or NULL if there is none; one that does not fit is a name that nothing has. */
static const char *read_text(const char *query, const char *name, char text[SELECTION_TEXT_MAX])
{
    int len = query == NULL ? -1 : mg_get_var(query, strlen(query), name, text, SELECTION_TEXT_MAX);
    if (len < 0 || strlen(text) != (size_t)len)
        text[0] = '\0';
    return len == -1 ? NULL : text;
}

static int read_filter(struct admin *admin, const char *query, struct client_filter *out,
                       char *buffer, const char **fault)
{
    struct selection_texts texts;
    const struct client_selection selection = {
        .identity = read_text(query, "identity", texts.identity),
        .address = read_text(query, "address", texts.address),
        .endpoint = read_text(query, "endpoint", texts.endpoint),
        .topic = read_text(query, "topic", texts.topic)};
    return client_selection_read(admin->hub, &selection, out, buffer, fault);
}

static int send_list(struct mg_connection *conn, cJSON *body, const struct client_list *list)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRIu64, list->last);
    if (list->has_more)
        cJSON_AddStringToObject(body, "next", id);
    return json_send(conn, 200, body);
}

int api_clients(struct admin *admin, struct mg_connection *conn)
{
    const char *parameters = mg_get_request_info(conn)->query_string;
    char buffer[SELECTION_TEXT_MAX];
    const char *fault;
    struct page_question question = {.after = 0};
    uint64_t limit = LIMIT_DEFAULT;
    if (!read_parameter(parameters, "limit", LIMIT_MAX, &limit) || limit == 0 ||
        !read_parameter(parameters, "after", UINT64_MAX, &question.after))
        return json_send_error(conn, 400, "", "bad request",
                               "limit is a number from 1 to 1000, after is the id of a client");
    int error = read_filter(admin, parameters, &question.filter, buffer, &fault);
    if (error != OK)
        return json_send_error(conn, error == ERR_NOT_FOUND ? 404 : 400, "",
                               error == ERR_NOT_FOUND ? "not found" : "bad request", fault);
    cJSON *body = cJSON_CreateObject();
    struct client_list list = {.clients = cJSON_AddArrayToObject(body, "clients"),
                               .limit = (unsigned)limit};
    error = collect_clients(admin->hub, &question, &list);
    if (error == OK)
        return send_list(conn, body, &list);
    cJSON_Delete(body);
    return send_failure(conn, error);
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
