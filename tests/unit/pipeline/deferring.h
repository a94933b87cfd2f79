/*
 * A chain of a plugin that defers, and a client of it.
 */
#ifndef SLUICE_TESTS_PIPELINE_DEFERRING_H
#define SLUICE_TESTS_PIPELINE_DEFERRING_H

#include "pipeline/deferral.h"
#include "pipeline/rig.h"

/* How the hooks defer; then they return `verdict`. */
static struct sl_deferral how;
static struct sl_ticket ticket;
static enum sl_verdict verdict;
static bool completes_at_once;

static inline void on_cancel(struct sl_instance *self, struct sl_ticket cancelled, void *context,
                             enum sl_cancel_reason reason)
{
    (void)self;
    (void)context;
    assert_true(cancelled.value != 0);
    note(reason == SL_CANCEL_TIMEOUT ? "timeout" : reason == SL_CANCEL_SHUTDOWN ? "end" : "gone");
}

static inline enum sl_verdict defer(struct sl_instance *self, struct sl_client *client)
{
    const struct instance *instance = (const struct instance *)(const void *)self;
    enum sl_verdict begun = deferral_begin(instance, client, &how, &ticket);
    if (begun == SL_DEFER && completes_at_once)
        assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
    return begun == SL_DEFER ? verdict : begun;
}

static inline enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                         const struct sl_message *message)
{
    (void)message;
    return defer(self, client);
}

static inline enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                         struct sl_request *request)
{
    (void)request;
    return defer(self, client);
}

static const struct sl_plugin later = {SL_PLUGIN_HEADER, .name = "later", .version = "1",
                                       .on_connect = on_connect, .on_message = on_message};

static struct rig_client client;
static struct chain *chain;

static inline void begin(bool is_shadow)
{
    const struct rig_stage stage = {.table = &later, .is_shadow = is_shadow};
    how = (struct sl_deferral){.struct_size = sizeof how, .on_cancel = on_cancel};
    ticket = (struct sl_ticket){.value = 0};
    verdict = SL_DEFER;
    completes_at_once = false;
    chain = rig_chain(&stage, 1);
    rig_client_init(&client, chain, 1);
    rig_client_open(&client);
}

static inline void finish(void)
{
    rig_client_deinit(&client);
    chain_destroy(chain);
}

static inline unsigned deferral_count(void)
{
    return client.seen.more != NULL ? client.seen.more->deferral_count : 0;
}

/* Sends a message; what is not deferred is given back. */
static inline enum chain_result send(enum sl_verdict *out)
{
    struct message *message = rig_message(&client.seen, "hello");
    enum chain_result result = chain_message(&client.seen, &message, out);
    if (result != CHAIN_DEFERRED)
        rig_message_release(&client.seen, message);
    return result;
}

static inline void send_deferred(void)
{
    enum sl_verdict ignored;
    assert_int_equal(send(&ignored), CHAIN_DEFERRED);
    assert_true(ticket.value != 0);
    assert_int_equal(ticket.value & 0xff, 1);
}

#endif
