/*
 * Every metric of the server, in the order of docs/metrics.md, which tests/rules/metrics.py makes
 * from this. Long on purpose: a table.
 */
#ifndef SLUICE_ADMIN_METRIC_TABLE_H
#define SLUICE_ADMIN_METRIC_TABLE_H

/* SECTION(title), and METRIC(name, type, labels, count, per, help, means): it has `count` series
 * for each of what `per` says, at most: SERVER (in all), ENDPOINT, STAGE (of a pipeline), LOOP or
 * LISTENER. `help` is what /metrics says, `means` what the page does. */
#define METRIC_TABLE(SECTION, METRIC)                                                              \
    SECTION("Clients and messages")                                                                \
    METRIC("sluice_info", "gauge", "version", 1, SERVER, "The server's version.",                  \
           "always 1; the label is the server's version")                                          \
    METRIC("sluice_clients", "gauge", "endpoint", 1, ENDPOINT, "Connected clients.",               \
           "connected clients")                                                                    \
    METRIC("sluice_clients_limit", "gauge", "", 1, SERVER, "What limits.clients allows.",          \
           "how many there may be in all: `limits.clients`")                                       \
    METRIC("sluice_endpoint_clients_limit", "gauge", "endpoint", 1, ENDPOINT,                      \
           "What clients.max allows.", "how many an endpoint may have: `clients.max`")             \
    METRIC("sluice_messages_total", "counter", "endpoint,direction", 2, ENDPOINT,                  \
           "Messages received from clients, and messages delivered to them, each once for "        \
           "each client.",                                                                         \
           "`in`: messages received from clients; `out`: messages delivered to clients, "          \
           "each once for each client. What waits in a queue is delivered; what is then "          \
           "dropped from it is in `sluice_dropped_messages_total`")                                \
    METRIC("sluice_bytes_total", "counter", "endpoint,direction", 2, ENDPOINT,                     \
           "Bytes read from and written to clients.",                                              \
           "bytes read from (`in`) and written to (`out`) clients, frames and control "            \
           "frames included, TLS and the upgrade not")                                             \
    METRIC("sluice_delivery_latency_seconds", "histogram", "loop", 15, LOOP,                       \
           "Time from a message's publication to the write to a client that ended with it.",       \
           "time from a message's publication to the write to a client that ended with it:"        \
           " the turn of the event loop, the way from another loop, `flush.delay`, and, "          \
           "where the socket was full, the time in the queue. A write counts once, however"        \
           " many messages went with it; one that had to wait counts when the last of it "         \
           "is written")                                                                           \
    METRIC("sluice_queueing_clients", "gauge", "endpoint,at_least", 10, ENDPOINT,                  \
           "Clients for whom so many bytes or more wait to be sent, by that number.",              \
           "clients for whom so many bytes of memory or more are queued: `1`, `1024`, "            \
           "`4096` and so on up to `67108864`")                                                    \
    METRIC("sluice_compressed_messages_total", "counter", "direction", 2, SERVER,                  \
           "Messages inflated (in), and deflated once for all who get them (out).",                \
           "`in`: compressed messages that were inflated; `out`: messages that were "              \
           "compressed, each once for all who get it on a loop")                                   \
    METRIC("sluice_compressed_bytes_total", "counter", "direction,form", 4, SERVER,                \
           "Bytes of those messages, compressed and plain.",                                       \
           "bytes of those messages, `compressed` and `plain`")                                    \
    METRIC("sluice_not_compressed_total", "counter", "", 1, SERVER,                                \
           "Messages that compression did not make shorter, and that were sent plain.",            \
           "messages that compression did not make shorter, so that they were sent plain")         \
    METRIC("sluice_pings_total", "counter", "", 1, SERVER, "Heartbeat pings sent.",                \
           "heartbeat pings sent")                                                                 \
    METRIC("sluice_closes_total", "counter", "endpoint,code", 42, ENDPOINT,                        \
           "Clients that ended, by close code; 1005: without a code, 1006: without a close"        \
           " frame.",                                                                              \
           "clients that ended, by close code. 1001: an endpoint that was removed, or "            \
           "`clients.max_age`; 1005: without a code; 1006: without a close frame; codes of"        \
           " applications: see below")                                                             \
    METRIC("sluice_connection_duration_seconds", "histogram", "", 14, SERVER,                      \
           "How long clients that have ended were connected.",                                     \
           "how long clients that have ended were connected, from their upgrade on")               \
    METRIC("sluice_drops_total", "counter", "reason", 9, SERVER,                                   \
           "Messages that went no further, and queues that were thrown away, by reason.",          \
           "messages that were dropped, and clients closed because of the memory that they"        \
           " held: see below")                                                                     \
    METRIC("sluice_dropped_messages_total", "counter", "endpoint,policy", 4, ENDPOINT,             \
           "Messages that clients missed, once for each client, by their endpoint's "              \
           "overflow policy.",                                                                     \
           "messages that clients missed, each once for each client, by the policy "               \
           "(`queue.overflow`) that applied: what was over `queue.bytes` or "                      \
           "`queue.messages` (`close`: what waited for a client that was closed), and what"        \
           " could not be forwarded or had no memory")                                             \
    METRIC("sluice_topics", "gauge", "endpoint", 1, ENDPOINT, "Topics that have subscribers.",     \
           "topics that have subscribers")                                                         \
    METRIC("sluice_subscriptions", "gauge", "endpoint", 1, ENDPOINT,                               \
           "Clients' subscriptions to topics.", "clients' subscriptions to topics")                \
    SECTION("Connections and upgrades")                                                            \
    METRIC("sluice_front_waiting", "gauge", "", 1, SERVER,                                         \
           "Connections whose TLS handshake or request head is not complete.",                     \
           "connections whose TLS handshake or request head is not complete")                      \
    METRIC("sluice_front_dropped_total", "counter", "reason", 6, SERVER,                           \
           "Connections given up before their request head was complete: over the time, "          \
           "the oldest when too many waited, a wrong PROXY header of a trusted proxy, "            \
           "plain HTTP on a TLS port, limits.handshake_bytes, or a lack of file "                  \
           "descriptors.",                                                                         \
           "connections closed before their request head was complete. `timeout`: "                \
           "`front.request_timeout`; `full`: too many waited, and this was the oldest; "           \
           "`proxy_header`: a wrong PROXY header of a trusted proxy; `plain_http`: plain "         \
           "HTTP on a TLS port; `handshake_bytes`: `limits.handshake_bytes`; "                     \
           "`descriptors`: file descriptors were used up")                                         \
    METRIC("sluice_http_responses_total", "counter", "status", 4, SERVER,                          \
           "HTTP requests answered by the front; 1xx: upgrades handed on to the connect "          \
           "chain.",                                                                               \
           "requests answered, by class of status; `1xx`: upgrades handed on to the "              \
           "pipeline")                                                                             \
    METRIC("sluice_upgrades_admitted_total", "counter", "", 1, SERVER,                             \
           "Upgrades that the limits let through to the connect chain.",                           \
           "upgrades that the limits let through to the pipeline")                                 \
    METRIC("sluice_upgrades_total", "counter", "endpoint,outcome", 6, ENDPOINT,                    \
           "Upgrades that the limits let through, by what became of them.",                        \
           "what became of those. `opened`; `denied`: by a plugin; `unidentified`: "               \
           "`identity: required`, and no plugin has named the client; `banned`: the "              \
           "identity is banned, or the address since it came; `unavailable`: the server "          \
           "stops, or a reload adds or removes the endpoint; `unfinished`: the client "            \
           "left before the answer, or memory ran out")                                            \
    METRIC("sluice_upgrades_refused_total", "counter", "reason", 9, SERVER,                        \
           "Upgrades refused by a limit; refusals by plugins are verdicts.",                       \
           "upgrades refused by a limit, or because of the server's state. `clients`: "            \
           "`limits.clients`; "                                                                    \
           "`endpoint_clients`: `clients.max`; `address_clients`: "                                \
           "`limits.clients_per_address`, or the endpoint's `clients.per_address`; "               \
           "`no_memory`; `banned`: the address is; `draining`: the server stops; "                 \
           "`stuck`: plugins hang on all loops; `descriptors`: more clients than file "            \
           "descriptors allow; `starting`: no configuration is in force yet, since a "             \
           "plugin is awaited. Refusals by plugins are counted as verdicts")                       \
    METRIC("sluice_draining", "gauge", "", 1, SERVER,                                              \
           "1 while the whole server drains, or is about to stop.",                                \
           "1 while the whole server drains (`sluice drain`), or is about to stop")                \
    METRIC("sluice_endpoint_draining", "gauge", "endpoint", 1, ENDPOINT,                           \
           "1 while new clients of the endpoint are refused for a drain.",                         \
           "1 while new clients of the endpoint are refused for a drain")                          \
    METRIC("sluice_drained_clients_total", "counter", "endpoint", 1, ENDPOINT,                     \
           "Clients that drains have closed, the stopping server's included.",                     \
           "clients that drains have closed, those of a stopping server included")                 \
    METRIC("sluice_descriptor_limit", "gauge", "use", 2, SERVER,                                   \
           "File descriptors that the process may have, and how many clients they allow.",         \
           "file descriptors that the process may have (`all`), and how many clients they "        \
           "allow (`clients`)")                                                                    \
    METRIC("sluice_handshakes_total", "counter", "", 1, SERVER, "TLS handshakes begun.",           \
           "TLS handshakes begun")                                                                 \
    METRIC("sluice_handshakes_delayed_total", "counter", "", 1, SERVER,                            \
           "Times that an address had to wait for limits.handshakes_per_address.",                 \
           "times that an address had to wait for `limits.handshakes_per_address`")                \
    METRIC("sluice_handshake_bytes", "gauge", "", 1, SERVER,                                       \
           "Memory held for TLS connections whose request is not complete (limit: "                \
           "limits.handshake_bytes).",                                                             \
           "memory held for TLS connections whose request is not complete (limit: "                \
           "`limits.handshake_bytes`)")                                                            \
    METRIC("sluice_handshake_limit_bytes", "gauge", "", 1, SERVER,                                 \
           "What limits.handshake_bytes allows.", "that limit")                                    \
    METRIC("sluice_tls_faults_total", "counter", "reason", 4, SERVER,                              \
           "TLS connections ended because the peer broke a rule, by rule.",                        \
           "TLS connections ended because the peer broke a rule. `renegotiation`; "                \
           "`key_updates`: more than 32 in a minute; `client_hello`: one over 16 KiB; "            \
           "`excess`: too much before the request was complete")                                   \
    SECTION("Memory and loops")                                                                    \
    METRIC("sluice_queued_bytes", "gauge", "", 1, SERVER,                                          \
           "Memory held for what waits to be sent to slow clients (limit: "                        \
           "limits.queue_bytes).",                                                                 \
           "memory for data that waits to be sent to clients (limit: `limits.queue_bytes`)")       \
    METRIC("sluice_queued_limit_bytes", "gauge", "", 1, SERVER, "What limits.queue_bytes allows.", \
           "that limit, which holds for `sluice_forwarded_bytes` too")                             \
    METRIC("sluice_input_bytes", "gauge", "", 1, SERVER,                                           \
           "Memory held of what clients have sent: incomplete messages, deferred ones and "        \
           "what waits behind them (limit: limits.input_bytes).",                                  \
           "memory for input that the server still holds: incomplete messages, messages "          \
           "that take several turns to be inflated, deferred messages, and input that "            \
           "waits behind those (limit: `limits.input_bytes`)")                                     \
    METRIC("sluice_input_limit_bytes", "gauge", "", 1, SERVER, "What limits.input_bytes allows.",  \
           "that limit")                                                                           \
    METRIC("sluice_forwarded_bytes", "gauge", "", 1, SERVER,                                       \
           "Memory for messages that not all loops have read (limit: limits.queue_bytes).",        \
           "memory for messages that not all loops have read (limit: "                             \
           "`limits.queue_bytes`); loops that need none of them read up to 128 KiB late")          \
    METRIC("sluice_input_pauses_total", "counter", "", 1, SERVER,                                  \
           "Times that a client's input waited for the others' turn, since what it made "          \
           "the server send, or inflate, was much.",                                               \
           "times that a client's input was paused so that other clients had their turn, "         \
           "because it made the server send, or inflate, much")                                    \
    METRIC("sluice_loop_iterations_total", "counter", "", 1, SERVER,                               \
           "Iterations of the event loops.", "iterations of the event loops")                      \
    METRIC("sluice_loop_iteration_seconds", "histogram", "loop", 15, LOOP,                         \
           "How long an iteration of each event loop took, without its wait.",                     \
           "how long an iteration took, without its wait: the longest time that a client "         \
           "waits for the others")                                                                 \
    METRIC("sluice_loop_lag_seconds", "histogram", "loop", 15, LOOP,                               \
           "How late each event loop came to timers that were due.",                               \
           "how late the loop came to timers that were due; without clients there are "            \
           "none. It is late when iterations are long, and when the machine has no core "          \
           "for it")                                                                               \
    METRIC("sluice_io_calls_total", "counter", "call", 3, SERVER,                                  \
           "System calls for reads and writes on client sockets; submit: for many writes "         \
           "at once.",                                                                             \
           "system calls for client sockets: `read`, `write` for one client, and `submit` "        \
           "for many writes at once")                                                              \
    METRIC("sluice_submitted_writes_total", "counter", "", 1, SERVER,                              \
           "Writes on client sockets that went down in submissions.",                              \
           "writes to clients that went down in submissions (`io`)")                               \
    METRIC("sluice_io_loops", "gauge", "io", 2, SERVER,                                            \
           "Event loops, by how they write to many clients.",                                      \
           "event loops that use `io_uring` for large flushes, and those that use `epoll` "        \
           "and single writes only")                                                               \
    METRIC("sluice_submission_bytes", "gauge", "", 1, SERVER,                                      \
           "Memory that the loops have for submissions, from the start on.",                       \
           "memory that the loops have for submissions, the same from the start on")               \
    SECTION("Plugins")                                                                             \
    METRIC("sluice_plugin_verdicts_total", "counter",                                              \
           "endpoint,plugin,position,instance,mode,verdict", 7, STAGE,                             \
           "What each plugin of each pipeline decided, for upgrades, messages and opens.",         \
           "verdicts of each plugin in each pipeline, for upgrades, messages and opens: "          \
           "`continue`, `drop`, `handled`, `deny`, `close`, `error`, `defer`")                     \
    METRIC("sluice_plugin_latency_seconds", "histogram", "endpoint,plugin,position,instance,mode", \
           16, STAGE, "How long calls of on_connect and on_message took.",                         \
           "how long calls of `on_connect` and `on_message` took")                                 \
    METRIC("sluice_plugin_over_budget_total", "counter", "endpoint,plugin,position,instance,mode", \
           1, STAGE,                                                                               \
           "Calls of on_connect and on_message that took longer than the stage's budget.",         \
           "of these calls, those that took longer than the `budget`")                             \
    METRIC("sluice_plugin_events_total", "counter", "endpoint,plugin,position,instance,mode", 1,   \
           STAGE,                                                                                  \
           "Events of other plugins of the pipeline that each plugin has heard (on_event).",       \
           "events of other plugins of its pipeline that a plugin has heard (`on_event`)")         \
    METRIC("sluice_plugin_shadow_refused_clients_total", "counter",                                \
           "endpoint,plugin,position,instance,mode", 1, STAGE,                                     \
           "Clients that stages in shadow mode would have refused, or dropped messages of;"        \
           " each once for a stage.",                                                              \
           "clients that a stage in shadow mode would have refused or closed, or would "           \
           "have dropped a message of: each connection once for each of the first eight "          \
           "such stages of a pipeline")                                                            \
    METRIC("sluice_plugin_timeouts_total", "counter", "endpoint,plugin,position,instance,mode", 1, \
           STAGE, "Deferrals that missed their deadline.", "deferrals that missed their deadline") \
    METRIC("sluice_deferrals", "gauge", "", 1, SERVER, "Verdicts that are awaited.",               \
           "deferred verdicts that are still awaited")                                             \
    METRIC("sluice_offload_waiting", "gauge", "", 1, SERVER,                                       \
           "Jobs that wait for a worker thread (limit: offload.queue).",                           \
           "jobs of plugins that wait for a worker thread (limit: `offload.queue`)")               \
    METRIC("sluice_offload_running", "gauge", "", 1, SERVER,                                       \
           "Jobs that run on worker threads (limit: offload.threads).",                            \
           "jobs of plugins that run on worker threads (limit: `offload.threads`)")                \
    METRIC("sluice_offload_wait_seconds", "histogram", "", 14, SERVER,                             \
           "How long jobs have waited for a worker thread.",                                       \
           "how long jobs have waited for a worker thread")                                        \
    METRIC("sluice_offload_waiting_limit", "gauge", "", 1, SERVER, "What offload.queue allows.",   \
           "`offload.queue`")                                                                      \
    METRIC("sluice_offload_running_limit", "gauge", "", 1, SERVER, "What offload.threads allows.", \
           "`offload.threads`")                                                                    \
    METRIC("sluice_offload_done_total", "counter", "", 1, SERVER,                                  \
           "Jobs that worker threads have done.", "jobs that worker threads have done")            \
    METRIC("sluice_offload_refused_total", "counter", "", 1, SERVER,                               \
           "Jobs refused because as many waited as may.",                                          \
           "jobs refused because as many waited as may (`offload.queue`, "                         \
           "`offload.queue_per_instance`)")                                                        \
    METRIC("sluice_plugin_offload_waiting", "gauge", "endpoint,plugin,position,instance,mode", 1,  \
           STAGE, "Jobs of each instance that wait (limit: offload.queue_per_instance).",          \
           "jobs of the instance that wait for a worker thread (limit: "                           \
           "`offload.queue_per_instance`). This and the following are there for instances that "   \
           "have offloaded work")                                                                  \
    METRIC("sluice_plugin_offload_running", "gauge", "endpoint,plugin,position,instance,mode", 1,  \
           STAGE, "Jobs of each instance that run (limit: offload.per_instance).",                 \
           "jobs of the instance that run on worker threads (limit: `offload.per_instance`)")      \
    METRIC("sluice_plugin_offload_refused_total", "counter",                                       \
           "endpoint,plugin,position,instance,mode", 1, STAGE,                                     \
           "Jobs of each instance that were refused because too many waited.",                     \
           "jobs of the instance that were refused because as many waited as may")                 \
    METRIC("sluice_http_in_flight", "gauge", "", 1, SERVER,                                        \
           "HTTP requests of plugins that are on their way (limit: http.in_flight).",              \
           "HTTP requests of plugins that are on their way (limit: `http.in_flight`)")             \
    METRIC("sluice_http_in_flight_limit", "gauge", "", 1, SERVER, "What http.in_flight allows.",   \
           "`http.in_flight`")                                                                     \
    METRIC("sluice_http_waiting", "gauge", "", 1, SERVER,                                          \
           "HTTP requests of plugins that wait for their turn.",                                   \
           "HTTP requests of plugins that wait for their turn")                                    \
    METRIC("sluice_http_hanging_lookups", "gauge", "", 1, SERVER,                                  \
           "Lookups of servers' names that go on though no request waits for them any more.",      \
           "lookups of servers' names in DNS that go on, each on a thread, though the request "    \
           "that began it has ended (limit: twice `http.in_flight`, and what is on its way when "  \
           "that is reached)")                                                                     \
    METRIC("sluice_plugin_http_requests_total", "counter",                                         \
           "endpoint,plugin,position,instance,mode,outcome", 7, STAGE,                             \
           "HTTP requests by what became of them.",                                                \
           "HTTP requests of an instance by what became of them: `answered` (with any "            \
           "status), `failed`, `timeout`, `too_large`, `refused` (its circuit breaker for "        \
           "that server was open, or lookups of names hang), `cancelled` (the client left, the "   \
           "instance ended, "                                                                      \
           "or the server stops), "                                                                \
           "`rejected` (as many waited as may, so it was not taken). This and the following "      \
           "are there for instances that have made a request")                                     \
    METRIC("sluice_plugin_http_in_flight", "gauge", "endpoint,plugin,position,instance,mode", 1,   \
           STAGE, "HTTP requests that are on their way (limit: http.per_instance).",               \
           "HTTP requests of an instance that are on their way (limit: `http.per_instance`)")      \
    METRIC("sluice_plugin_http_waiting", "gauge", "endpoint,plugin,position,instance,mode", 1,     \
           STAGE, "HTTP requests that wait for their turn (limit: http.queue).",                   \
           "HTTP requests of an instance that wait for their turn (limit: `http.queue`)")          \
    METRIC("sluice_plugin_http_open_breakers", "gauge", "endpoint,plugin,position,instance,mode",  \
           1, STAGE,                                                                               \
           "HTTP servers that the instance does not ask since they have failed several times in "  \
           "a row.",                                                                               \
           "HTTP servers that an instance does not ask for a while, since they have failed "       \
           "`http.breaker_failures` times in a row")                                               \
    METRIC("sluice_plugin_http_seconds", "histogram", "endpoint,plugin,position,instance,mode",    \
           13, STAGE, "Time from a request's begin to its end, of those that were sent.",          \
           "time from a request's begin to its end, the wait for its turn included; of those "     \
           "that were sent")                                                                       \
    METRIC("sluice_plugin_watched_descriptors", "gauge", "endpoint,plugin,position,instance,mode", \
           1, STAGE,                                                                               \
           "Descriptors that the instance has watched (limit: limits.plugin_descriptors).",        \
           "descriptors that the instance has watched (limit: `limits.plugin_descriptors`). This " \
           "and the following are there for instances that have ever watched one")                 \
    METRIC("sluice_plugin_watches_refused_total", "counter",                                       \
           "endpoint,plugin,position,instance,mode", 1, STAGE,                                     \
           "Descriptors that were not watched because as many were as may.",                       \
           "descriptors that were not watched, since the instance has as many watched as it may")  \
    METRIC("sluice_storage_bytes", "gauge", "endpoint,table", 2, STAGE,                            \
           "Memory of storage tables (limit: storage.max_bytes).",                                 \
           "memory of a storage table: that of an instance's name, or `endpoint`, that of all "    \
           "instances of the endpoint (limit: `storage.max_bytes`)")                               \
    METRIC("sluice_storage_limit_bytes", "gauge", "endpoint,table", 2, STAGE,                      \
           "What storage.max_bytes allows.",                                                       \
           "how much it may be: `storage.max_bytes` of the pipeline's entry or of the endpoint, "  \
           "or else of the server")                                                                \
    METRIC("sluice_storage_entries", "gauge", "endpoint,table", 2, STAGE,                          \
           "Entries of storage tables (limit: storage.max_entries).",                              \
           "its entries (limit: `storage.max_entries`)")                                           \
    METRIC("sluice_storage_entries_limit", "gauge", "endpoint,table", 2, STAGE,                    \
           "What storage.max_entries allows.",                                                     \
           "how many it may have: `storage.max_entries`, likewise")                                \
    METRIC("sluice_storage_refused_total", "counter", "endpoint,table", 2, STAGE,                  \
           "Writes that a storage table refused because it was full.",                             \
           "writes that it refused because it was full")                                           \
    METRIC("sluice_storage_expired_total", "counter", "endpoint,table", 2, STAGE,                  \
           "Entries that storage tables have removed because of their age.",                       \
           "entries that it has removed because of their age")                                     \
    METRIC("sluice_storage_unwritten", "gauge", "", 1, SERVER,                                     \
           "Changes of storage tables that are not in the file of storage.path.",                  \
           "changes of storage tables that are not in the file yet. This and the following are "   \
           "there with `storage.path`")                                                            \
    METRIC("sluice_storage_lag_seconds", "gauge", "", 1, SERVER,                                   \
           "How old the oldest change may be that is not in the file of storage.path.",            \
           "how old the oldest of those may be: what a crash now would lose; 0 without any. As "   \
           "a rule it is below `storage.sync` and a little")                                       \
    METRIC("sluice_storage_written_total", "counter", "", 1, SERVER,                               \
           "Changes of storage tables that were written to the file of storage.path.",             \
           "changes that were written to the file")                                                \
    METRIC("sluice_storage_failed_writes_total", "counter", "", 1, SERVER,                         \
           "Times that the file of storage.path could not be written.",                            \
           "times that it could not be written; it is tried again after five seconds")             \
    METRIC("sluice_storage_file_bytes", "gauge", "", 1, SERVER,                                    \
           "Size of the file of storage.path.",                                                    \
           "its size, without that of the two files beside it")                                    \
    METRIC("sluice_storage_wal_bytes", "gauge", "", 1, SERVER,                                     \
           "Size of the file beside that of storage.path that ends in -wal.",                      \
           "what has been written and waits beside it; nothing more is written while it is "       \
           "above 64 MiB and another program that reads the file keeps it from being taken over")  \
    METRIC("sluice_stuck_calls", "gauge", "thread", 3, SERVER,                                     \
           "Threads that have been in one call for watchdog.warn or longer, by what the "          \
           "thread is for.",                                                                       \
           "threads that have been in one call of a plugin for `watchdog.warn` or longer, "        \
           "by the kind of thread: `main`, `loop`, `worker`")                                      \
    METRIC("sluice_stuck_seconds", "gauge", "", 1, SERVER,                                         \
           "Age of the oldest of those calls; 0: there is none (/readyz fails from "               \
           "watchdog.unready on).",                                                                \
           "age of the oldest of those calls; above `watchdog.unready` `/readyz` fails")           \
    METRIC("sluice_stuck_calls_total", "counter", "", 1, SERVER,                                   \
           "Calls that have taken watchdog.warn or longer.",                                       \
           "calls that have taken `watchdog.warn` or longer")                                      \
    SECTION("Process")                                                                             \
    METRIC("sluice_build_info", "gauge", "version,compiler,openssl,abi", 1, SERVER,                \
           "What the server was built with, and the OpenSSL that it runs with.",                   \
           "always 1; the compiler of the build, the OpenSSL that runs, and the plugin ABI")       \
    METRIC("process_start_time_seconds", "gauge", "", 1, SERVER,                                   \
           "When the process started, in seconds since 1970-01-01 UTC.",                           \
           "when the process started, in seconds since 1970-01-01 UTC")                            \
    METRIC("process_cpu_seconds_total", "counter", "", 1, SERVER,                                  \
           "CPU time of the process, user and system.", "CPU time, user and system")               \
    METRIC("process_resident_memory_bytes", "gauge", "", 1, SERVER,                                \
           "Memory of the process that is in RAM.", "memory of the process that is in RAM")        \
    METRIC("process_virtual_memory_bytes", "gauge", "", 1, SERVER,                                 \
           "Address space of the process.", "address space of the process")                        \
    METRIC("process_open_fds", "gauge", "", 1, SERVER, "Open file descriptors.",                   \
           "open file descriptors")                                                                \
    METRIC("process_max_fds", "gauge", "", 1, SERVER,                                              \
           "File descriptors that the process may have.",                                          \
           "file descriptors that the process may have")                                           \
    METRIC("process_threads", "gauge", "", 1, SERVER, "Threads of the process.", "threads")        \
    SECTION("Operation")                                                                           \
    METRIC("sluice_configuration_generation", "gauge", "", 1, SERVER,                              \
           "How many configurations have been in force: 1 until the first reload.",                \
           "number of the configuration in force: 1 until the first reload")                       \
    METRIC("sluice_configuration_timestamp_seconds", "gauge", "", 1, SERVER,                       \
           "Since when the configuration is in force, in seconds since 1970-01-01 UTC.",           \
           "since when that configuration is in force, in seconds since 1970-01-01 UTC")           \
    METRIC("sluice_reloads_total", "counter", "result", 2, SERVER,                                 \
           "Reloads that were asked for, by what became of them.",                                 \
           "reloads, by result: `done` and `failed`")                                              \
    METRIC("sluice_last_reload_failed", "gauge", "", 1, SERVER,                                    \
           "1 if the last reload failed, so that what the file says is not in force.",             \
           "1 if the last reload failed: the file then differs from the configuration in "         \
           "force")                                                                                \
    METRIC("sluice_last_reload_timestamp_seconds", "gauge", "", 1, SERVER,                         \
           "When the last reload ended, in seconds since 1970-01-01 UTC; 0: there was "            \
           "none.",                                                                                \
           "when the last reload ended, in seconds since 1970-01-01 UTC; 0: there was none")       \
    METRIC("sluice_last_reload_duration_seconds", "gauge", "", 1, SERVER,                          \
           "How long the last reload took.", "how long the last reload took")                      \
    METRIC("sluice_awaited_instances", "gauge", "", 1, SERVER,                                     \
           "Instances of plugins that the start, or a reload under way, waits for.",               \
           "instances of plugins whose create goes on: the start waits for them, or a reload, "    \
           "while the configuration before serves (for `plugins.create_timeout` at most)")         \
    METRIC("sluice_certificate_not_after_timestamp_seconds", "gauge", "listener", 1, LISTENER,     \
           "When the certificate of each TLS listener ends, in seconds since 1970-01-01 "          \
           "UTC.",                                                                                 \
           "when the certificate of a TLS listener ends; the label is its URL")                    \
    METRIC("sluice_admin_refused_total", "counter", "", 1, SERVER,                                 \
           "Requests refused by the admin listener because as many were being worked on as"        \
           " may be (limit: admin.requests).",                                                     \
           "requests that the admin listener refused because too many were in progress "           \
           "(limit: `admin.requests`)")                                                            \
    METRIC("sluice_bans", "gauge", "of", 2, SERVER, "Bans that are in force (limit: bans.max).",   \
           "bans in force, of an `identity` or an `address`. What they refuse is "                 \
           "`sluice_upgrades_refused_total{reason=\"banned\"}` and "                               \
           "`sluice_upgrades_total{outcome=\"banned\"}`")                                          \
    METRIC("sluice_bans_limit", "gauge", "", 1, SERVER, "What bans.max allows.",                   \
           "how many bans there may be: `bans.max`")                                               \
    METRIC("sluice_bans_failed_writes_total", "counter", "", 1, SERVER,                            \
           "Times that the file of bans.file could not be written.",                               \
           "times that the file of `bans.file` could not be written")                              \
    METRIC("sluice_admin_denied_total", "counter", "reason", 4, SERVER,                            \
           "Requests that the admin listener denied: no valid token, one whose role is too"        \
           " small, a page of another origin, a host that is not this machine.",                   \
           "requests that the admin listener denied: `token` (none that is valid: 401), "          \
           "`role` (one whose role is too small: 403), `origin` (a change that a page of "         \
           "another site asked for), `host` (a name that another site has pointed here)")          \
    METRIC("sluice_log_lost_lines_total", "counter", "", 1, SERVER,                                \
           "Log lines that were lost because they could not be written fast enough (limit:"        \
           " log.queue).",                                                                         \
           "log lines lost because they could not be written fast enough (limit: "                 \
           "`log.queue`)")                                                                         \
    METRIC("sluice_log_failed_writes_total", "counter", "", 1, SERVER,                             \
           "Writes that the file of log.file refused; lines wait meanwhile.",                      \
           "writes that the file of `log.file` refused, because its disk is full for "             \
           "example; each is tried again 20 times a second, and lines wait meanwhile")             \
    METRIC("sluice_log_truncated_lines_total", "counter", "", 1, SERVER,                           \
           "Log lines that were cut because they were too long.",                                  \
           "log lines that were cut because they were too long")                                   \
    METRIC("sluice_recorded_events_total", "counter", "", 1, SERVER,                               \
           "Events that --record has written.", "with `--record`: events written")                 \
    METRIC("sluice_recording_lost_events_total", "counter", "", 1, SERVER,                         \
           "Events that are not in the recording: it is over, for its limit or the disk.",         \
           "events that are not in the recording: it is over, for its limit or the disk")

#endif
