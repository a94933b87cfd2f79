#include "admin/api_clients.h"

#include "admin/admin_internal.h"
#include "admin/client_info.h"
#include "admin/client_ranking.h"
#include "admin/client_selection.h"
#include "admin/json.h"
#include "admin/loop_query.h"
#include "admin/query.h"
#include "client/client.h"
#include "front/civetweb_detach.h"
#include "hub/hub.h"

#include <civetweb.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define CLIENTS_PREFIX "/api/v1/clients/"

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
    return client != NULL && client_info_is_shown(client) &&
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
        client_info_read(client, &page->clients[page->count++]);
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
        cJSON_AddItemToArray(list->clients, client_info_describe(info));
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

/* The texts of a query that say which clients are meant. */
struct selection_texts {
    char identity[SELECTION_TEXT_MAX];
    char address[SELECTION_TEXT_MAX];
    char endpoint[SELECTION_TEXT_MAX];
    char topic[SELECTION_TEXT_MAX];
};

static int read_filter(struct admin *admin, const char *query, struct client_filter *out,
                       char *buffer, const char **fault)
{
    struct selection_texts texts;
    const struct client_selection selection = {
        .identity = query_text(query, "identity", texts.identity, SELECTION_TEXT_MAX),
        .address = query_text(query, "address", texts.address, SELECTION_TEXT_MAX),
        .endpoint = query_text(query, "endpoint", texts.endpoint, SELECTION_TEXT_MAX),
        .topic = query_text(query, "topic", texts.topic, SELECTION_TEXT_MAX)};
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

static int send_page(struct admin *admin, struct mg_connection *conn,
                     struct page_question *question, unsigned limit)
{
    cJSON *body = cJSON_CreateObject();
    struct client_list list = {.clients = cJSON_AddArrayToObject(body, "clients"), .limit = limit};
    int error = collect_clients(admin->hub, question, &list);
    if (error == OK)
        return send_list(conn, body, &list);
    cJSON_Delete(body);
    return send_failure(conn, error);
}

static int send_ranking(struct admin *admin, struct mg_connection *conn,
                        const struct client_filter *filter, enum client_rank rank, size_t limit)
{
    struct client_ranking ranking;
    int error = client_ranking_find(admin->hub, filter, rank, limit, &ranking);
    if (error != OK) {
        client_ranking_free(&ranking);
        return send_failure(conn, error);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON *clients = cJSON_AddArrayToObject(body, "clients");
    for (size_t i = 0; i < ranking.count; i++)
        cJSON_AddItemToArray(clients, client_info_describe(&ranking.clients[i]));
    client_ranking_free(&ranking);
    return json_send(conn, 200, body);
}

int api_clients(struct admin *admin, struct mg_connection *conn)
{
    const char *parameters = mg_get_request_info(conn)->query_string;
    char buffer[SELECTION_TEXT_MAX], sort[16];
    const char *fault;
    struct page_question question = {.after = 0};
    uint64_t limit = LIMIT_DEFAULT;
    enum client_rank rank = CLIENT_RANK_QUEUE;
    const char *sorted_by = query_text(parameters, "sort", sort, sizeof sort);
    if (!query_number(parameters, "limit", LIMIT_MAX, &limit) || limit == 0 ||
        !query_number(parameters, "after", UINT64_MAX, &question.after))
        return json_send_error(conn, 400, "", "bad request",
                               "limit is a number from 1 to 1000, after is the id of a client");
    if (sorted_by != NULL && (!client_rank_read(sorted_by, &rank) || question.after != 0))
        return json_send_error(conn, 400, "", "bad request",
                               "sort is one of " CLIENT_RANK_NAMES ", and goes without after");
    int error = read_filter(admin, parameters, &question.filter, buffer, &fault);
    if (error != OK)
        return json_send_error(conn, error == ERR_NOT_FOUND ? 404 : 400, "",
                               error == ERR_NOT_FOUND ? "not found" : "bad request", fault);
    if (sorted_by != NULL)
        return send_ranking(admin, conn, &question.filter, rank, limit);
    return send_page(admin, conn, &question, (unsigned)limit);
}

/* -- one client -- */

struct client_answer {
    bool is_there;
    struct client_info info;
};

static void ask_for_client(struct shard *shard, const void *question, void *answer)
{
    const uint64_t *id = question;
    struct client_answer *found = answer;
    const struct client *client = shard_find(shard, *id);
    if (client == NULL || !client_info_is_shown(client))
        return;
    found->is_there = true;
    client_info_read(client, &found->info);
}

static void free_client_answer(void *answer)
{
    free(((struct client_answer *)answer)->info.identity);
}

/* Asks the client's loop. Returns 0, ERR_NOT_FOUND or what loop_query_run returns. */
static int find_client(struct admin *admin, struct mg_connection *conn, struct loop_query **out)
{
    const char *path = mg_request_path(conn);
    uint64_t id;
    struct loop_query_spec spec = {.ask = ask_for_client,
                                   .free_answer = free_client_answer,
                                   .question = &id,
                                   .question_size = sizeof id,
                                   .answer_size = sizeof(struct client_answer),
                                   .timeout = LOOP_QUERY_TIMEOUT};
    if (!query_parse_number(path + strlen(CLIENTS_PREFIX), UINT64_MAX, &id))
        return ERR_NOT_FOUND;
    int error = loop_query_run_one(admin->hub, client_id_loop(id), &spec, out);
    if (error != OK || ((const struct client_answer *)loop_query_answer(*out, 0))->is_there)
        return error;
    loop_query_unref(*out);
    return ERR_NOT_FOUND;
}

int api_client(struct admin *admin, struct mg_connection *conn)
{
    struct loop_query *query;
    int error = find_client(admin, conn, &query);
    if (error != OK)
        return send_failure(conn, error);
    const struct client_answer *found = loop_query_answer(query, 0);
    int status = json_send(conn, 200, client_info_describe(&found->info));
    loop_query_unref(query);
    return status;
}
