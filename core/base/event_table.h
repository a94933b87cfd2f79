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
          "the endpoint's path; of a refusal the path that was asked for, of a drain of the "      \
          "whole server none")                                                                     \
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
        "`identity` (the endpoint requires one), `ban` (the address or identity is banned)")       \
    FIELD(INSTANCE, instance, TEXT, "the plugin's instance, such as `auth#1`")                     \
    FIELD(REASON, reason, TEXT,                                                                    \
          "why: the sentence of a refusal, the reason of a close frame, or of a failure")          \
    FIELD(CODE, code, NUMBER,                                                                      \
          "the close code that counts, the first one sent or received; 1006: there was none")      \
    FIELD(BY, by, TEXT, "who ended the connection: `peer` or `server`")                            \
    FIELD(DURATION_MS, duration_ms, NUMBER,                                                        \
          "how long it took; of a client how long it was connected, ms")                           \
    FIELD(BYTES_IN, bytes_in, NUMBER,                                                              \
          "bytes that the connection has received, TLS and upgrade included")                      \
    FIELD(BYTES_OUT, bytes_out, NUMBER, "bytes that the peer has acknowledged, the same included") \
    FIELD(MESSAGES_IN, messages_in, NUMBER, "whole messages that came from it, modulo 2^32")       \
    FIELD(MESSAGES_OUT, messages_out, NUMBER,                                                      \
          "messages that were sent to it, modulo 2^32; without dropped ones, with those that "     \
          "still waited for it at the end")                                                        \
    FIELD(MESSAGES_DROPPED, messages_dropped, NUMBER,                                              \
          "messages that it missed: dropped by `queue.overflow`, or for lack of memory; modulo "   \
          "2^32")                                                                                  \
    FIELD(ASKED_BY, asked_by, TEXT, "who asked for it: a signal, or a caller of the admin API")    \
    FIELD(FILE, file, TEXT, "the file that it is about: a configuration, a plugin, a certificate") \
    FIELD(LINE, line, NUMBER, "where in the file, from 1")                                         \
    FIELD(COLUMN, column, NUMBER, "where in the line, from 1")                                     \
    FIELD(GENERATION, generation, NUMBER,                                                          \
          "the configuration's number: `sluice_configuration_generation`")                         \
    FIELD(CHANGED, changed, TEXT,                                                                  \
          "the keys whose values differ from the configuration before, as `--set` writes them")    \
    FIELD(ACTION, action, TEXT, "`closed`, or `dropped`: it misses messages from now on")          \
    FIELD(QUEUED_BYTES, queued_bytes, NUMBER, "what waits for it, bytes of memory")                \
    FIELD(SELECTION, selection, TEXT, "which clients are meant")                                   \
    FIELD(PLUGIN, plugin, TEXT, "the plugin's name")                                               \
    FIELD(VERSION, version, TEXT, "the plugin's version")                                          \
    FIELD(HASH, hash, TEXT, "SHA-256 of what was loaded, in hexadecimal")                          \
    FIELD(LISTENER, listener, TEXT, "the listener's address, as configured")                       \
    FIELD(SUBJECT, subject, TEXT, "whose certificate it is (RFC 2253)")                            \
    FIELD(ENDS, ends, TEXT,                                                                        \
          "until when it is good, such as 2027-01-31T12:00:00Z; absent: for ever")                 \
    FIELD(THREAD, thread, TEXT, "`loop-0`, `worker-1` or `main-0`")                                \
    FIELD(CALL, call, TEXT, "what has been called, with plugin, instance, endpoint and client")    \
    FIELD(FRAME, frame, TEXT, "a function of a backtrace, or the file and the offset in it")       \
    FIELD(DEPTH, depth, NUMBER, "which frame of the backtrace: 0 is where the thread is")          \
    FIELD(HOOK, hook, TEXT,                                                                        \
          "the hook that was called: `on_connect`, `on_message`, `on_subscribe` or `on_publish`")  \
    FIELD(VERDICT, verdict, TEXT,                                                                  \
          "what a plugin has decided: `drop`, `close`, `deny`, `handled`, `defer` or `error`, or " \
          "the number that is no verdict")                                                         \
    FIELD(READINESS, readiness, TEXT,                                                              \
          "what `/readyz` says: `ready`, `draining`, `stuck`, `full` or `not ready`")              \
    FIELD(CLIENTS, clients, NUMBER, "how many clients it is about")                                \
    FIELD(CLOSED, closed, NUMBER, "how many clients have been told to go")                         \
    FIELD(DELAY_MS, delay_ms, NUMBER, "in how many ms the first client is closed")                 \
    FIELD(LEFT_MS, left_ms, NUMBER, "in how many ms the last client is to be closed")              \
    FIELD(DURATION_US, duration_us, NUMBER, "how long it took, µs")                                \
    FIELD(LIMIT_US, limit_us, NUMBER,                                                              \
          "how long it may take: `budget`, `timeout` or `plugins.create_timeout`, µs")             \
    FIELD(ENDPOINTS, endpoints, NUMBER, "how many endpoints the configuration has")                \
    FIELD(ERRORS, errors, NUMBER, "how many errors were found")                                    \
    FIELD(WARNINGS, warnings, NUMBER, "how many warnings there were")                              \
    FIELD(REPLACED, replaced, NUMBER,                                                              \
          "how many plugins' instances new ones of the same name have replaced")                   \
    FIELD(BANS_SET, bans_set, NUMBER,                                                              \
          "how many bans `bans.file` had that were new, or said something else")                   \
    FIELD(BANS_LIFTED, bans_lifted, NUMBER, "how many bans were not in `bans.file` any more")      \
    FIELD(BAN, ban, NUMBER, "the ban's id, as in the admin API")                                   \
    FIELD(UNTIL, until, TEXT, "when it ends, UTC; without it there is no end")                     \
    FIELD(SERVER, server, TEXT, "an HTTP server that a plugin asks: scheme, name and port")        \
    FIELD(CHANGES, changes, NUMBER, "changes of storage tables that are not in the file")          \
    FIELD(ENTRIES, entries, NUMBER, "how many entries a storage table has")

/* Name, level, what has happened (a line may say it with more words), fields in the order of the
 * line. */
#define EVENTS(EVENT)                                                                              \
    EVENT(CONFIGURATION_LOADED, configuration_loaded, INFO,                                        \
          "the server has started with a configuration", IN(FILE) IN(GENERATION) IN(ENDPOINTS))    \
    EVENT(CONFIGURATION_ERROR, configuration_error, ERROR,                                         \
          "a configuration has an error, which keeps it from being loaded",                        \
          IN(FILE) IN(LINE) IN(COLUMN))                                                            \
    EVENT(CONFIGURATION_WARNING, configuration_warning, WARN,                                      \
          "a configuration says something that is allowed, and probably a mistake",                \
          IN(FILE) IN(LINE) IN(COLUMN))                                                            \
    EVENT(RELOAD_BEGUN, reload_begun, INFO, "the configuration is being reloaded",                 \
          IN(ASKED_BY) IN(FILE))                                                                   \
    EVENT(RELOAD_DONE, reload_done, INFO, "a new configuration is in force",                       \
          IN(ASKED_BY) IN(FILE) IN(GENERATION) IN(DURATION_MS) IN(WARNINGS) IN(REPLACED)           \
              IN(BANS_SET) IN(BANS_LIFTED) IN(CHANGED))                                            \
    EVENT(RELOAD_FAILED, reload_failed, ERROR, "a reload has failed, and what ran before goes on", \
          IN(ASKED_BY) IN(FILE) IN(REASON) IN(DURATION_MS) IN(ERRORS) IN(WARNINGS))                \
    EVENT(PLUGIN_LOADED, plugin_loaded, INFO, "an instance of a plugin has come into force",       \
          IN(INSTANCE) IN(ENDPOINT) IN(PLUGIN) IN(VERSION) IN(FILE) IN(HASH))                      \
    EVENT(PLUGIN_AWAITED, plugin_awaited, INFO,                                                    \
          "an instance's create goes on after it has returned, and the start, or a reload, waits", \
          IN(INSTANCE) IN(ENDPOINT) IN(PLUGIN) IN(LIMIT_US))                                       \
    EVENT(PLUGIN_READY, plugin_ready, INFO, "an instance that was awaited can begin",              \
          IN(INSTANCE) IN(ENDPOINT) IN(PLUGIN) IN(DURATION_MS))                                    \
    EVENT(PLUGIN_NOT_UNLOADED, plugin_not_unloaded, WARN,                                          \
          "a reload has replaced a plugin's file or taken it out, and it stays in memory all the " \
          "same",                                                                                  \
          IN(PLUGIN) IN(VERSION) IN(FILE) IN(REASON))                                              \
    EVENT(PLUGIN_SLOW, plugin_slow, WARN, "a call of a plugin took longer than its budget",        \
          IN(INSTANCE) IN(ENDPOINT) IN(DURATION_US) IN(LIMIT_US))                                  \
    EVENT(PLUGIN_TIMEOUT, plugin_timeout, WARN,                                                    \
          "a plugin has given no verdict within its timeout",                                      \
          IN(INSTANCE) IN(ENDPOINT) IN(LIMIT_US))                                                  \
    EVENT(PLUGIN_WRONG_VERDICT, plugin_wrong_verdict, WARN,                                        \
          "a hook has returned what it may not return here, which counts as an error; once a "     \
          "second for each instance",                                                              \
          IN(INSTANCE) IN(ENDPOINT) IN(HOOK) IN(VERDICT))                                          \
    EVENT(SHADOW_VERDICT, shadow_verdict, INFO,                                                    \
          "an instance with `mode: shadow` would have stopped an upgrade or a message; once a "    \
          "second for each instance, and each time with `log.level: debug`",                       \
          IN(INSTANCE) IN(ENDPOINT) IN(VERDICT) IN(CLIENT) IN(IDENTITY))                           \
    EVENT(HTTP_BREAKER_OPENED, http_breaker_opened, WARN,                                          \
          "an HTTP server has failed several times in a row, and a plugin asks it no more for a "  \
          "while",                                                                                 \
          IN(INSTANCE) IN(ENDPOINT) IN(SERVER) IN(REASON))                                         \
    EVENT(HTTP_BREAKER_CLOSED, http_breaker_closed, INFO,                                          \
          "such an HTTP server has answered again", IN(INSTANCE) IN(ENDPOINT) IN(SERVER))          \
    EVENT(CERTIFICATE_LOADED, certificate_loaded, INFO,                                            \
          "a listener shows this certificate from now on",                                         \
          IN(LISTENER) IN(FILE) IN(SUBJECT) IN(ENDS))                                              \
    EVENT(SHUTDOWN_DELAYED, shutdown_delayed, INFO,                                                \
          "`/readyz` answers 503, and new clients come in for `shutdown.delay` still",             \
          IN(DELAY_MS))                                                                            \
    EVENT(READINESS_CHANGED, readiness_changed, INFO,                                              \
          "`/readyz` answers something else than when it was asked before",                        \
          IN(READINESS) IN(REASON))                                                                \
    EVENT(DRAIN_BEGUN, drain_begun, INFO, "clients are to be closed, over a time",                 \
          IN(ASKED_BY) IN(ENDPOINT) IN(CLIENTS) IN(DELAY_MS) IN(LEFT_MS))                          \
    EVENT(DRAIN_PROGRESS, drain_progress, INFO, "some clients are left",                           \
          IN(ENDPOINT) IN(CLIENTS) IN(CLOSED) IN(LEFT_MS))                                         \
    EVENT(DRAIN_ENDED, drain_ended, INFO, "all clients have been told to go",                      \
          IN(ENDPOINT) IN(CLOSED))                                                                 \
    EVENT(DRAIN_STOPPED, drain_stopped, INFO, "new clients come in again",                         \
          IN(ASKED_BY) IN(ENDPOINT) IN(CLOSED))                                                    \
    EVENT(DRAIN_CUT_OFF, drain_cut_off, WARN,                                                      \
          "the server stops, and clients are left that have not said goodbye", IN(CLIENTS))        \
    EVENT(CALL_STUCK, call_stuck, ERROR,                                                           \
          "a call has not returned for a long time, such as a hook of a plugin on a loop",         \
          IN(THREAD) IN(CALL) IN(DURATION_MS))                                                     \
    EVENT(CALL_FRAME, call_frame, ERROR,                                                           \
          "a frame of the backtrace of a call that is stuck, from where it is outwards",           \
          IN(THREAD) IN(DEPTH) IN(FRAME))                                                          \
    EVENT(CALL_RETURNED, call_returned, WARN, "a call that was stuck has gone on",                 \
          IN(THREAD) IN(CALL) IN(DURATION_MS))                                                     \
    EVENT(UPGRADE_ACCEPTED, upgrade_accepted, DEBUG, "a client is connected",                      \
          IN(CLIENT) IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS) IN(REQUEST_ID) IN(TRACE_ID))            \
    EVENT(UPGRADE_REFUSED, upgrade_refused, DEBUG, "a request for an upgrade was refused",         \
          IN(STATUS) IN(STAGE) IN(INSTANCE) IN(REASON) IN(IDENTITY) IN(ADDRESS) IN(REQUEST_ID)     \
              IN(TRACE_ID) IN(ENDPOINT))                                                           \
    EVENT(CLIENT_IDENTIFIED, client_identified, DEBUG, "a plugin has named a client",              \
          IN(CLIENT) IN(IDENTITY) IN(INSTANCE) IN(ENDPOINT) IN(ADDRESS))                           \
    EVENT(CLIENT_SLOW, client_slow, DEBUG,                                                         \
          "a client does not keep up, and has more waiting than it may",                           \
          IN(CLIENT) IN(ACTION) IN(QUEUED_BYTES) IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS)             \
              IN(REQUEST_ID) IN(TRACE_ID))                                                         \
    EVENT(CLIENT_KICKED, client_kicked, DEBUG, "somebody has a client closed",                     \
          IN(CLIENT) IN(ASKED_BY) IN(CODE) IN(REASON) IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS)        \
              IN(REQUEST_ID) IN(TRACE_ID))                                                         \
    EVENT(CLIENTS_KICKED, clients_kicked, INFO, "somebody has clients closed",                     \
          IN(ASKED_BY) IN(SELECTION) IN(CLIENTS) IN(CODE) IN(REASON))                              \
    EVENT(CLIENT_EXPIRED, client_expired, DEBUG,                                                   \
          "a client is closed with 4401: what it has shown to get in is good no longer",           \
          IN(CLIENT) IN(REASON) IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS) IN(REQUEST_ID) IN(TRACE_ID)) \
    EVENT(CLIENT_RENEWED, client_renewed, DEBUG,                                                   \
          "a plugin has set `auth.expires` of an open client anew, as auth does for a renewal",    \
          IN(CLIENT) IN(INSTANCE) IN(ENDS) IN(IDENTITY) IN(ENDPOINT) IN(ADDRESS) IN(REQUEST_ID)    \
              IN(TRACE_ID))                                                                        \
    EVENT(CLIENT_CLOSED, client_closed, DEBUG, "a client has gone",                                \
          IN(CLIENT) IN(CODE) IN(REASON) IN(BY) IN(DURATION_MS) IN(BYTES_IN) IN(BYTES_OUT)         \
              IN(MESSAGES_IN) IN(MESSAGES_OUT) IN(MESSAGES_DROPPED) IN(IDENTITY) IN(ENDPOINT)      \
                  IN(ADDRESS) IN(REQUEST_ID) IN(TRACE_ID))                                         \
    EVENT(BAN_SET, ban_set, INFO, "an identity or address is banned, or its ban has changed",      \
          IN(BAN) IN(IDENTITY) IN(ADDRESS) IN(UNTIL) IN(REASON) IN(ASKED_BY))                      \
    EVENT(BAN_LIFTED, ban_lifted, INFO, "a ban was taken back",                                    \
          IN(BAN) IN(IDENTITY) IN(ADDRESS) IN(UNTIL) IN(REASON) IN(ASKED_BY))                      \
    EVENT(BAN_ENDED, ban_ended, INFO, "the end of a ban has come",                                 \
          IN(BAN) IN(IDENTITY) IN(ADDRESS) IN(UNTIL) IN(REASON))                                   \
    EVENT(STORAGE_FAILED, storage_failed, ERROR,                                                   \
          "the file of `storage.path` cannot be written; the tables go on in memory, and the "     \
          "server tries again",                                                                    \
          IN(FILE) IN(REASON) IN(CHANGES))                                                         \
    EVENT(STORAGE_RECOVERED, storage_recovered, INFO,                                              \
          "the file of `storage.path` can be written again", IN(FILE) IN(CHANGES))                 \
    EVENT(STORAGE_PURGE_FAILED, storage_purge_failed, ERROR,                                       \
          "tables that were dropped cannot be deleted from the file of `storage.path`, or what "   \
          "they took cannot be given back; nobody sees them, and the server tries again",          \
          IN(FILE) IN(REASON) IN(CHANGES))                                                         \
    EVENT(STORAGE_LOST, storage_lost, ERROR,                                                       \
          "the server ends, and could not write what had changed in storage tables",               \
          IN(FILE) IN(CHANGES))                                                                    \
    EVENT(STORAGE_OVER_LIMIT, storage_over_limit, WARN,                                            \
          "the file of `storage.path` has more entries of a table, or larger ones, than its "      \
          "limits allow; all were loaded",                                                         \
          IN(ENDPOINT) IN(INSTANCE) IN(ENTRIES))

#endif
