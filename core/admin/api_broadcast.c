#include "admin/api_broadcast.h"

#include "admin/admin_internal.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "hub/hub.h"
#include "delivery/topic.h"
#include "delivery/topic_publishing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct broadcast {
    struct endpoint *endpoint; /* NULL: all */
    const char *topic;         /* NULL: everybody */
    enum opcode opcode;
    const void *data;
    size_t len;  /* bytes */
    char *owned; /* NULL, or what `data` is in */
};

/* Returns NULL, or what is wrong with it. */
static const char *read_content(const cJSON *body, struct broadcast *out)
{
    const char *text = json_string(body, "text");
    const char *base64 = json_string(body, "base64");
    if ((text == NULL) == (base64 == NULL))
        return "send either text or base64";
    if (base64 != NULL) {
        out->opcode = OPCODE_BINARY;
        if (base64_decode(base64, &out->owned, &out->len) != OK)
            return "base64 is not base64 with its padding";
        out->data = out->owned;
        return NULL;
    }
    if (!utf8_is_valid(text, strlen(text)))
        return "text is not UTF-8";
    out->opcode = OPCODE_TEXT;
    out->data = text;
    out->len = strlen(text);
    return NULL;
}

static bool is_served(const struct endpoint *endpoint)
{
    return atomic_load_explicit(&endpoint->is_active, memory_order_relaxed);
}

/* Counts the receivers, and sends. Returns 0, ERR_LIMIT or ERR_NO_MEMORY. */
static int broadcast_to(struct hub *hub, struct endpoint *endpoint,
                        const struct broadcast *broadcast, uint32_t *delivered_to)
{
    if (broadcast->topic == NULL) {
        *delivered_to += hub_client_count(hub, endpoint);
        return fanout_publish(&endpoint->fanout, broadcast->opcode, broadcast->data,
                              broadcast->len);
    }
    size_t topic_len = strlen(broadcast->topic);
    *delivered_to += topic_count(&endpoint->fanout, TOPIC_NAMED, broadcast->topic, topic_len);
    return topic_publish(&endpoint->fanout, TOPIC_NAMED, broadcast->topic, topic_len,
                         broadcast->opcode, broadcast->data, broadcast->len);
}

static int broadcast_to_all(struct hub *hub, const struct broadcast *broadcast,
                            uint32_t *delivered_to)
{
    int first_error = OK;
    if (broadcast->endpoint != NULL)
        return broadcast_to(hub, broadcast->endpoint, broadcast, delivered_to);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        if (!is_served(hub->endpoints[i]))
            continue;
        int error = broadcast_to(hub, hub->endpoints[i], broadcast, delivered_to);
        if (first_error == OK)
            first_error = error;
    }
    return first_error;
}

static int broadcast_and_answer(struct admin *admin, struct mg_connection *conn,
                                const struct broadcast *broadcast)
{
    uint32_t delivered_to = 0;
    int error = broadcast_to_all(admin->hub, broadcast, &delivered_to);
    if (error == ERR_LIMIT)
        return json_send_error(conn, 503, "Retry-After: 1\r\n", "busy",
                               "limits.queue_bytes is reached: the loops have to catch up");
    if (error != OK)
        return json_send_error(conn, 503, "", "unavailable", "the server is short of memory");
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "delivered_to", delivered_to);
    return json_send(conn, 200, body);
}

static int handle_broadcast(struct admin *admin, struct mg_connection *conn, const cJSON *body,
                            struct broadcast *broadcast)
{
    static const char *const names[] = {"endpoint", "topic", "text", "base64"};
    const char *stranger;
    char detail[256];
    if (!json_has_only_strings(body, names, 4, &stranger)) {
        snprintf(detail, sizeof detail,
                 "endpoint, topic, text and base64 are strings, and there is nothing else; see "
                 "\"%.100s\"",
                 stranger);
        return json_send_error(conn, 422, "", "not understood", detail);
    }
    const char *path = json_string(body, "endpoint");
    broadcast->topic = json_string(body, "topic");
    broadcast->endpoint = path != NULL ? hub_find_endpoint(admin->hub, path) : NULL;
    if (path != NULL && broadcast->endpoint == NULL)
        return json_send_error(conn, 404, "", "not found", "there is no endpoint with this path");
    if (broadcast->topic != NULL && !topic_is_name(broadcast->topic, strlen(broadcast->topic)))
        return json_send_error(conn, 422, "", "not understood",
                               "a topic is 1 to 255 bytes of UTF-8");
    const char *fault = read_content(body, broadcast);
    if (fault != NULL)
        return json_send_error(conn, 422, "", "not understood", fault);
    return broadcast_and_answer(admin, conn, broadcast);
}

int api_broadcast(struct admin *admin, struct mg_connection *conn)
{
    struct broadcast broadcast = {.owned = NULL};
    int status;
    cJSON *body = json_read(conn, &status);
    if (body == NULL)
        return status;
    status = handle_broadcast(admin, conn, body, &broadcast);
    free(broadcast.owned);
    cJSON_Delete(body);
    return status;
}
