#include "front/refusal.h"

#include "base/access_log.h"
#include "base/address.h"
#include "base/event.h"
#include "front/response.h"
#include "ws/request_trace.h"

#include <civetweb.h>

static void log_refusal(const struct refused *refused, const struct refusal *refusal,
                        bool is_access)
{
    struct event_values values = {.texts = {NULL}};
    struct request_trace trace;
    char address[ADDRESS_TEXT_MAX];
    bool is_readable = refused->path != NULL;
    request_trace_read(&trace, is_readable ? mg_get_header(refused->conn, "X-Request-Id") : NULL,
                       is_readable ? mg_get_header(refused->conn, "traceparent") : NULL);
    address_text(refused->from, address);
    event_set_number(&values, EVENT_FIELD_STATUS, (uint64_t)refusal->status);
    values.texts[EVENT_FIELD_STAGE] = refusal->stage;
    values.texts[EVENT_FIELD_REASON] = refusal->sentence;
    values.texts[EVENT_FIELD_ENDPOINT] = refused->path;
    values.texts[EVENT_FIELD_ADDRESS] = address;
    values.texts[EVENT_FIELD_REQUEST_ID] = trace.id;
    values.texts[EVENT_FIELD_TRACE_ID] = trace.trace_id[0] != '\0' ? trace.trace_id : NULL;
    event_log_as(EVENT_UPGRADE_REFUSED, is_access, "front", &values);
}

int refusal_send(const struct refused *refused, const struct refusal *refusal)
{
    bool is_access = access_log_takes_refusal();
    if (is_access || event_enabled(EVENT_UPGRADE_REFUSED))
        log_refusal(refused, refusal, is_access);
    return response_send_text(refused->conn, refusal->status, refusal->sentence, refusal->header);
}
