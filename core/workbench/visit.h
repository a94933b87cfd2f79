/*
 * A client's life, as the contract's checks play it.
 *
 * In the process of a situation.
 */
#ifndef SLUICE_WORKBENCH_VISIT_H
#define SLUICE_WORKBENCH_VISIT_H

#include "workbench/checks.h"

#define VISIT_PATIENCE                                                                             \
    200 /* ms of real time for a deferred verdict, before its deadline passes                      \
         */
#define VISIT_TEXT_COUNT 10

/* Messages with a bit of everything. */
extern const char *const visit_texts[VISIT_TEXT_COUNT];

/* A client that has connected and is open; NULL if the plugin did not let it in. */
struct sl_client *visit_enter(struct fake_instance *instance, const struct subject *subject);

/* The same; skips the check if the plugin lets nobody in. */
struct sl_client *visit_must_enter(struct fake_instance *instance, const struct subject *subject);

/* The client leaves. */
void visit_depart(struct fake_instance *instance, struct sl_client *client);

/* Sends a message, and awaits the verdict. Returns whether the client may go on. */
bool visit_say(struct fake_instance *instance, struct sl_client *client, enum sl_message_type type,
               const char *data, size_t len);
bool visit_say_text(struct fake_instance *instance, struct sl_client *client, const char *text);

/* A client that enters, says all texts and leaves. */
void visit_once(struct fake_instance *instance, const struct subject *subject);

#endif
