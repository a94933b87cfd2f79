/*
 * Every event that the log has, and every field that an event may have. docs/log-events.md is made
 * from these tables by tests/rules/log_events.py.
 *
 * Long names stand for themselves: EVENT_CLIENT_CLOSED is `client_closed` in the log, and
 * EVENT_FIELD_REQUEST_ID is `request_id`.
 */
#ifndef SLUICE_BASE_EVENT_TABLE_H
#define SLUICE_BASE_EVENT_TABLE_H

/* Name, type (TEXT or NUMBER), what it is. */
#define EVENT_FIELDS(FIELD)                                                                        \
    FIELD(CLIENT, client, TEXT, "the client's id, as in the admin API")                            \
    FIELD(IDENTITY, identity, TEXT, "the name that a plugin has given the client")                 \
    FIELD(ENDPOINT, endpoint, TEXT,                                                                \
          "the endpoint's path; of a refusal the path that was asked for")                         \
    FIELD(ADDRESS, address, TEXT, "where the client comes from, by the word of trusted proxies")   \
    FIELD(REQUEST_ID, request_id, TEXT,                                                            \
          "the upgrade's `X-Request-Id` if that is 1 to 128 printable ASCII characters "           \
          "without blanks, else made")                                                             \
    FIELD(TRACE_ID, trace_id, TEXT, "the trace id of the upgrade's `traceparent`")                 \
    FIELD(STATUS, status, NUMBER, "the HTTP status of the answer")                                 \
    FIELD(                                                                                         \
        STAGE, stage, TEXT,                                                                        \
        "who refused: `request` (its head is malformed), `path` (no endpoint there), `handshake` " \
        "(no correct upgrade), `admission` (a limit, or the server stops), `pipeline` (a "         \
        "plugin), "                                                                                \
        "`identity` (the endpoint requires one)")                                                  \
    FIELD(INSTANCE, instance, TEXT, "the plugin's instance, such as `auth#1`")                     \
    FIELD(REASON, reason, TEXT, "why: the sentence of a refusal, or the reason of a close frame")  \
    FIELD(CODE, code, NUMBER,                                                                      \
          "the close code that counts, the first one sent or received; 1006: there was none")      \
    FIELD(BY, by, TEXT, "who ended the connection: `peer` or `server`")                            \
    FIELD(DURATION_MS, duration_ms, NUMBER, "how long the client was connected, ms")               \
    FIELD(BYTES_IN, bytes_in, NUMBER,                                                              \
          "bytes that the connection has received, TLS and upgrade included")                      \
    FIELD(BYTES_OUT, bytes_out, NUMBER, "bytes that the peer has acknowledged, the same included")

/* Name, level, what has happened, fields in the order of the line. */
#define EVENTS(EVENT)                                                                              \
    EVENT(UPGRADE_ACCEPTED, upgrade_accepted, DEBUG, "a client is connected",                      \
          IN(CLIENT) IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS) IN(REQUEST_ID) IN(TRACE_ID))            \
    EVENT(UPGRADE_REFUSED, upgrade_refused, DEBUG, "a request for an upgrade was refused",         \
          IN(STATUS) IN(STAGE) IN(INSTANCE) IN(REASON) IN(IDENTITY) IN(ADDRESS) IN(REQUEST_ID)     \
              IN(TRACE_ID) IN(ENDPOINT))                                                           \
    EVENT(CLIENT_IDENTIFIED, client_identified, DEBUG, "a plugin has named a client",              \
          IN(CLIENT) IN(IDENTITY) IN(INSTANCE) IN(ENDPOINT) IN(ADDRESS))                           \
    EVENT(CLIENT_CLOSED, client_closed, DEBUG, "a client has gone",                                \
          IN(CLIENT) IN(CODE) IN(REASON) IN(BY) IN(DURATION_MS) IN(BYTES_IN) IN(BYTES_OUT)         \
              IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS) IN(REQUEST_ID) IN(TRACE_ID))

#endif
