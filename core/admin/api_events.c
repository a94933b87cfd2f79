#include "admin/api_events.h"

#include "admin/admin_internal.h"
#include "admin/json.h"
#include "admin/query.h"
#include "base/event.h"
#include "base/event_ring.h"
#include "config/suggest.h"

#include <civetweb.h>
#include <inttypes.h>
#include <stdio.h>

#define LIMIT_DEFAULT 100
#define FAULT_MAX 256
#define NAME_MAX_LEN 64 /* of an event, and of a client's id, their ends included */

struct selection_texts {
    char after[NAME_MAX_LEN];
    char event[NAME_MAX_LEN];
    char client[NAME_MAX_LEN];
};

/* Says that there is no event of a name, and which one may be meant. */
static const char *describe_stranger(const char *name, char fault[FAULT_MAX])
{
    struct suggestion suggestion = suggest_begin(name);
    for (size_t i = 0; i < EVENT_COUNT; i++)
        suggest_offer(&suggestion, event_text((enum event)i));
    if (suggestion.nearest != NULL)
        snprintf(fault, FAULT_MAX,
                 "there is no event '%s'; did you mean '%s'? (docs/log-events.md lists them)", name,
                 suggestion.nearest);
    else
        snprintf(fault, FAULT_MAX, "there is no event '%s' (docs/log-events.md lists them)", name);
    return fault;
}

/* Returns NULL, or what is wrong with the query, static or in `fault`. */
static const char *read_selection(const char *query, struct selection_texts *texts,
                                  struct event_selection *out, char fault[FAULT_MAX])
{
    uint64_t limit = LIMIT_DEFAULT, client = 0;
    const char *after = query_text(query, "after", texts->after, sizeof texts->after);
    const char *event = query_text(query, "event", texts->event, sizeof texts->event);
    if (!query_number(query, "limit", EVENT_READING_LINES, &limit) || limit == 0)
        return "limit is a number from 1 to 500";
    if (after != NULL && !query_parse_number(after, UINT64_MAX, &out->after))
        return "after is the id of an event";
    if (!query_number(query, "client", UINT64_MAX, &client))
        return "client is the id of a client";
    out->has_after = after != NULL;
    out->limit = limit;
    out->client = query_text(query, "client", texts->client, sizeof texts->client);
    out->event = event != NULL ? event_name(event) : NULL;
    return event != NULL && out->event == NULL ? describe_stranger(event, fault) : NULL;
}

static int send_reading(struct mg_connection *conn, const struct event_reading *reading)
{
    char next[24];
    cJSON *body = cJSON_CreateObject();
    char *list = cJSON_malloc(reading->text.len + 3);
    if (list == NULL) {
        cJSON_Delete(body);
        return json_send(conn, 500, NULL);
    }
    snprintf(list, reading->text.len + 3, "[%s]", (const char *)reading->text.data);
    snprintf(next, sizeof next, "%" PRIu64, reading->next);
    cJSON_AddRawToObject(body, "events", list);
    cJSON_free(list);
    cJSON_AddStringToObject(body, "next", next);
    cJSON_AddNumberToObject(body, "missed", (double)reading->missed);
    cJSON_AddBoolToObject(body, "more", reading->has_more);
    return json_send(conn, 200, body);
}

int api_events(struct admin *admin, struct mg_connection *conn)
{
    struct selection_texts texts;
    struct event_selection selection = {.has_after = false};
    struct event_reading reading;
    char text[FAULT_MAX];
    const char *fault =
        read_selection(mg_get_request_info(conn)->query_string, &texts, &selection, text);
    if (fault != NULL)
        return json_send_error(conn, 400, "", "bad request", fault);
    int error = event_ring_read(admin->events, &selection, &reading);
    int status = error == OK ? send_reading(conn, &reading)
                             : json_send_error(conn, 503, "", "unavailable",
                                               "the server is short of memory");
    buffer_release(&reading.text);
    return status;
}
