/*
 * A client of the contract's checks, from its upgrade to its close.
 *
 * In the process of a situation.
 */
#ifndef SLUICE_WORKBENCH_CHECK_CLIENT_H
#define SLUICE_WORKBENCH_CHECK_CLIENT_H

#include "workbench/checks.h"

#define CHECK_PATIENCE                                                                             \
    200 /* ms of real time for a deferred verdict, before its deadline passes                      \
         */
#define CHECK_TEXT_COUNT 10

/* Messages with a bit of everything. */
extern const char *const check_texts[CHECK_TEXT_COUNT];

/* A client that has connected and is open; NULL if the plugin did not let it in. */
struct sl_client *check_client_open(struct fake_instance *instance, const struct subject *subject);

/* The same; skips the check if the plugin lets nobody in. */
struct sl_client *check_client_open_or_skip(struct fake_instance *instance,
                                            const struct subject *subject);

/* The client leaves. */
void check_client_leave(struct fake_instance *instance, struct sl_client *client);

/* Sends a message, and awaits the verdict. Returns whether the client may go on. */
bool check_client_send(struct fake_instance *instance, struct sl_client *client,
                       enum sl_message_type type, const char *data, size_t len);
bool check_client_send_text(struct fake_instance *instance, struct sl_client *client,
                            const char *text);

/* A client that opens, sends all texts and leaves. */
void check_client_run(struct fake_instance *instance, const struct subject *subject);

#endif
