/*
 * A client of the contract's checks, from its upgrade to its close.
 *
 * In the process of a situation.
 */
#ifndef SLUICE_WORKBENCH_CHECK_CLIENT_H
#define SLUICE_WORKBENCH_CHECK_CLIENT_H

#include "workbench/checks.h"
#include "workbench/scenario.h"

#define CHECK_EMITTER "another#1" /* who emits events */
#define CHECK_PATIENCE                                                                             \
    200 /* ms of real time for a deferred verdict, before its deadline passes                      \
         */

/* The messages that are sent: with a bit of everything, and what the scenario's clients send. An
 * index wraps around. */
size_t check_message_count(const struct subject *subject);
const struct scenario_message *check_message(const struct subject *subject, size_t index);

/* A client that has connected and is open; NULL if the plugin did not let it in. */
struct sl_client *check_client_open(struct fake_instance *instance, const struct subject *subject);

/* The same; skips the check if the plugin lets nobody in. */
struct sl_client *check_client_open_or_skip(struct fake_instance *instance,
                                            const struct subject *subject);

/* Awaits what on_open has deferred, if anything. Returns whether the client stays. */
bool check_client_opens(struct sl_client *client);

/* The client leaves. */
void check_client_leave(struct fake_instance *instance, struct sl_client *client);

/* Sends a message, and awaits the verdict. Returns whether the client may go on. */
bool check_client_send(struct fake_instance *instance, struct sl_client *client,
                       enum sl_message_type type, const char *data, size_t len);

/* The same with one of the messages. */
bool check_client_send_nth(struct fake_instance *instance, struct sl_client *client,
                           const struct subject *subject, size_t index);

/* The topics that clients are subscribed to and that messages go to: names that a plugin may meet,
 * and those of the scenario. An index wraps around. */
size_t check_topic_count(const struct subject *subject);
const char *check_topic(const struct subject *subject, size_t index);

/* If the plugin has on_subscribe or on_publish: another plugin subscribes the client to a topic,
 * and publishes one of the messages to it; twice. */
void check_client_use_topic(struct fake_instance *instance, struct sl_client *client,
                            const struct subject *subject, size_t index);

/* The payloads of events: odd ones up to the longest that there may be, and those of the scenario.
 * An index wraps around. */
size_t check_payload_count(const struct subject *subject);
struct sl_string check_payload(const struct subject *subject, size_t index);
const char *check_payload_kind(const struct subject *subject, size_t index);

/* Another plugin emits an event of each name to which the instance listens, with one of the
 * payloads, about the client or none (NULL). */
void check_client_hear(struct fake_instance *instance, const char *emitter,
                       struct sl_client *client, const struct subject *subject, size_t index);

/* A client whose upgrade the plugin accepts, and another one, or the server, refuses. */
void check_client_refuse(struct fake_instance *instance, const struct subject *subject);

/* A client that opens, of which events tell, that uses all topics, sends all messages and leaves.
 */
void check_client_run(struct fake_instance *instance, const struct subject *subject);

#endif
