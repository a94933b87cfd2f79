#include "admin/api_topics.h"

#include "admin/admin_internal.h"
#include "admin/json.h"
#include "admin/query.h"
#include "admin/topic_ranking.h"
#include "hub/hub.h"

#include <civetweb.h>
#include <string.h>

#define TEXT_MAX 1024 /* bytes of a parameter, its end included */

struct topic_texts {
    char endpoint[TEXT_MAX];
    char part[TEXT_MAX];
    char order[TEXT_MAX];
};

/* Returns NULL, or what is wrong with the query. */
static const char *read_question(const char *query, struct topic_texts *texts,
                                 struct topic_question *out)
{
    uint64_t limit = TOPIC_RANKING_MAX;
    const char *order = query_text(query, "sort", texts->order, sizeof texts->order);
    out->part = query_text(query, "search", texts->part, sizeof texts->part);
    if (!query_number(query, "limit", TOPIC_RANKING_MAX, &limit) || limit == 0)
        return "limit is a number from 1 to 100";
    if (out->part != NULL && !topic_is_name(out->part, strlen(out->part)))
        return "search is a part of a topic's name, 1 to 255 bytes of UTF-8";
    if (order != NULL && strcmp(order, "name") != 0 && strcmp(order, "subscribers") != 0)
        return "sort is name or subscribers";
    out->limit = limit;
    out->order =
        order != NULL && strcmp(order, "name") == 0 ? TOPIC_ORDER_NAME : TOPIC_ORDER_SUBSCRIBERS;
    return NULL;
}

static const char *path_of(struct hub *hub, const struct fanout *fanout)
{
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        if (&hub->endpoints[i]->fanout == fanout)
            return hub->endpoints[i]->path;
    return "";
}

static int send_topics(struct admin *admin, struct mg_connection *conn,
                       const struct topic_ranking *ranking)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *topics = cJSON_AddArrayToObject(body, "topics");
    for (size_t i = 0; i < ranking->count; i++) {
        const struct ranked_topic *topic = ranking->sorted[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", topic->name);
        cJSON_AddStringToObject(object, "endpoint", path_of(admin->hub, topic->fanout));
        cJSON_AddNumberToObject(object, "subscribers", topic->subscribers);
        cJSON_AddItemToArray(topics, object);
    }
    cJSON_AddNumberToObject(body, "found", (double)ranking->found);
    return json_send(conn, 200, body);
}

static int find_and_send(struct admin *admin, struct mg_connection *conn,
                         const struct topic_question *question)
{
    struct topic_ranking ranking;
    int error = topic_ranking_find(&admin->hub->set.delivery.topic_counts, question, &ranking);
    int status = error == OK ? send_topics(admin, conn, &ranking)
                             : json_send_error(conn, 503, "", "unavailable",
                                               "the server is short of memory");
    topic_ranking_free(&ranking);
    return status;
}

int api_topics(struct admin *admin, struct mg_connection *conn)
{
    const char *query = mg_get_request_info(conn)->query_string;
    struct topic_texts texts;
    struct topic_question question = {.fanout = NULL};
    const char *fault = read_question(query, &texts, &question);
    if (fault != NULL)
        return json_send_error(conn, 400, "", "bad request", fault);
    const char *path = query_text(query, "endpoint", texts.endpoint, sizeof texts.endpoint);
    const struct endpoint *endpoint = path != NULL ? hub_find_endpoint(admin->hub, path) : NULL;
    if (path != NULL && endpoint == NULL)
        return json_send_error(conn, 404, "", "not found", "there is no endpoint with this path");
    if (endpoint != NULL)
        question.fanout = &endpoint->fanout;
    return find_and_send(admin, conn, &question);
}
