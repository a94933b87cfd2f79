#include "pipeline/deferral.h"

#include "base/clock.h"
#include "base/memory_cost.h"
#include "pipeline/chain.h"
#include "pipeline/chain_open.h"
#include "pipeline/completion.h"
#include "pipeline/hook.h"
#include "pipeline/pipeline.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_MAX (3600 * NS_PER_S)
#define SHADOW_RECORDS                                                                             \
    ((size_t)8192) /* bytes: so many deferrals need that beside their messages                     \
                    */

static struct sl_ticket ticket_of(const struct deferral *deferral)
{
    return (struct sl_ticket){.value = deferral->ticket, .owner = deferral->loop->pipeline};
}

/* -- beginning -- */

static void on_deadline(struct loop *loop, struct timer *timer);

static int64_t time_to_wait(const struct stage *stage, const struct sl_deferral *how)
{
    int64_t longest = how->is_delay ? DELAY_MAX : stage->timeout;
    return how->timeout > 0 && how->timeout < longest ? how->timeout : longest;
}

/* Charges the client with what the deferral holds now; 0: nothing any more. */
static void charge_client(struct deferral *deferral, size_t bytes)
{
    struct sl_client *client = deferral->client;
    client->more->deferred_bytes += bytes - deferral->charged;
    deferral->charged = bytes;
    deferral->loop->pipeline->calls->held(client);
}

static void link_to_client(struct deferral *deferral)
{
    struct sl_client_extras *more = deferral->client->more;
    deferral->next = more->deferrals;
    more->deferrals = deferral;
    more->deferral_count++;
}

static void unlink_from_client(struct deferral *deferral)
{
    struct sl_client_extras *more = deferral->client->more;
    struct deferral **link = &more->deferrals;
    while (*link != deferral)
        link = &(*link)->next;
    *link = deferral->next;
    more->deferral_count--;
    charge_client(deferral, 0);
}

/* What only watches may not make the server hold much: of one client so many deferrals and no more
 * than one message of the largest size, and of all clients half of what may be held, so that nobody
 * is closed for it. A stage that decides has one at a time. */
static bool may_hold(const struct pipeline_loop *loop, const struct sl_client *client,
                     const struct stage *stage, const struct message *message)
{
    const struct memory_account *input = loop->pipeline->input;
    if (!stage->is_shadow)
        return true;
    if (client->more->deferral_count >= DEFERRALS_PER_CLIENT)
        return false;
    return message == NULL ||
           (memory_account_bytes(input) + message->seen.len <= memory_account_limit(input) / 2 &&
            client->more->deferred_bytes + message->seen.len <=
                client->chain->message_max + SHADOW_RECORDS);
}

/* A deferral of what the stage is being asked about, with its ticket and its deadline. NULL: no
 * memory. */
static struct deferral *deferral_create(struct pipeline_loop *loop, struct sl_client *client,
                                        const struct stage *stage, const struct sl_deferral *how)
{
    struct deferral *deferral = calloc(1, sizeof *deferral);
    if (deferral == NULL)
        return NULL;
    *deferral = (struct deferral){.timer.fire = on_deadline,
                                  .loop = loop,
                                  .client = client,
                                  .stage = stage,
                                  .is_delay = how->is_delay,
                                  .context = how->context,
                                  .on_cancel = how->on_cancel};
    if (deferral_table_add(&loop->deferrals, deferral, loop->index, &deferral->ticket) != OK) {
        free(deferral);
        return NULL;
    }
    link_to_client(deferral);
    timer_start(&loop->loop->timers, &deferral->timer, loop->loop->now + time_to_wait(stage, how));
    return deferral;
}

static bool is_running(const struct running *running, const struct instance *instance,
                       const struct sl_client *client)
{
    return running->stage != NULL && running->client == client &&
           running->stage->instance == instance && running->deferral == NULL;
}

enum sl_verdict deferral_begin(const struct instance *instance, struct sl_client *client,
                               const struct sl_deferral *how, struct sl_ticket *ticket)
{
    static const struct sl_deferral plain = {.struct_size = sizeof plain};
    struct pipeline_loop *loop = chain_loop_of(client);
    struct running *running = &loop->running;
    *ticket = (struct sl_ticket){.value = 0};
    if (!is_running(running, instance, client) ||
        (running->message != NULL && message_keep(running->message) != OK) ||
        sl_client_need_extras(client) == NULL)
        return SL_ERROR;
    if (!may_hold(loop, client, running->stage, running->message) ||
        (running->walk != NULL && !chain_open_keep(client, running->stage, running->walk)))
        return SL_ERROR;
    struct deferral *deferral =
        deferral_create(loop, client, running->stage, how != NULL ? how : &plain);
    if (deferral == NULL)
        return SL_ERROR;
    running->deferral = deferral;
    *ticket = ticket_of(deferral);
    return SL_DEFER;
}

void deferral_hold_message(struct deferral *deferral, struct message *message)
{
    size_t bytes = memory_cost(sizeof *deferral) + memory_cost(sizeof *message);
    if (message->replacement != NULL)
        bytes += memory_cost(message->seen.len + 1);
    if (message->topic != NULL)
        bytes += memory_cost(strlen(message->topic) + 1);
    deferral->message = message;
    charge_client(deferral, bytes);
}

void deferral_hold_upgrade(struct deferral *deferral, struct upgrade *upgrade)
{
    upgrade->references++;
    deferral->upgrade = upgrade;
    charge_client(deferral, memory_cost(sizeof *deferral) + memory_cost(sizeof *upgrade) +
                                malloc_usable_size(upgrade->request) +
                                memory_cost_if_any(upgrade->early_len));
}

void deferral_hold_opening(struct deferral *deferral)
{
    size_t bytes = memory_cost(sizeof *deferral);
    if (!deferral->stage->is_shadow)
        bytes += opening_cost(deferral->client);
    charge_client(deferral, bytes);
}

void deferral_attach(struct deferral *deferral)
{
    deferral->is_attached = true;
    deferral->loop->pipeline->calls->wait(deferral->client);
}

/* -- ending, on the client's loop -- */

/* Nobody finds it by time or ticket any more. */
static void release_ticket(struct deferral *deferral)
{
    timer_stop(&deferral->timer);
    deferral_table_remove(&deferral->loop->deferrals, deferral->ticket);
}

/* Takes it out of everything; what it held is the caller's. */
static void unlink_deferral(struct deferral *deferral)
{
    unlink_from_client(deferral);
    release_ticket(deferral);
}

static void deferral_destroy(struct deferral *deferral)
{
    if (deferral->message != NULL)
        message_release(deferral->loop, deferral->message);
    upgrade_unref(deferral->upgrade);
    free(deferral);
}

static bool claim_here(const struct deferral *deferral)
{
    return deferral_table_claim(&deferral->loop->deferrals, deferral->ticket);
}

void deferral_drop(struct deferral *deferral)
{
    bool is_ours = claim_here(deferral);
    (void)is_ours; /* If a completion was quicker, its mail will find nothing. */
    unlink_deferral(deferral);
    deferral->message = NULL; /* Still the chain's. */
    deferral->upgrade = NULL;
    deferral_destroy(deferral);
}

static void tell_cancelled(const struct deferral *deferral, enum sl_cancel_reason reason)
{
    struct instance *instance = deferral->stage->instance;
    if (deferral->on_cancel == NULL)
        return;
    hook_begin(instance, deferral->stage, deferral->client->id, "on_cancel");
    deferral->on_cancel(&instance->seen, ticket_of(deferral), deferral->context, reason);
    hook_end();
}

void deferral_move_all(struct sl_client *client, const struct chain *to)
{
    struct deferral *next = client->more != NULL ? client->more->deferrals : NULL;
    while (next != NULL) {
        struct deferral *deferral = next;
        const struct stage *stage = chain_stage_of(to, deferral->stage->instance);
        next = deferral->next;
        if (stage != NULL) {
            deferral->stage = stage;
            continue;
        }
        if (claim_here(deferral)) /* Else the mail of its completion will find nothing. */
            tell_cancelled(deferral, SL_CANCEL_CLIENT_GONE);
        unlink_deferral(deferral);
        deferral_destroy(deferral);
    }
}

void deferral_cancel_all(struct sl_client *client, enum sl_cancel_reason reason)
{
    struct deferral *next = client->more != NULL ? client->more->deferrals : NULL;
    while (next != NULL) {
        struct deferral *deferral = next;
        next = deferral->next;
        client->more->deferrals = next;
        client->more->deferral_count--;
        charge_client(deferral, 0);
        if (claim_here(deferral))
            tell_cancelled(deferral, reason);
        release_ticket(deferral);
        deferral_destroy(deferral);
    }
}

/* What came with a completion is laid over what was deferred. Returns the verdict, or SL_ERROR if
 * it does not fit. */
static int apply_completion(const struct deferral *deferral, const struct completion *completion)
{
    if (deferral->message != NULL)
        return completion_apply_to_message(completion, deferral->message);
    if (deferral->upgrade != NULL)
        return completion_apply_to_upgrade(completion, deferral->client, deferral->upgrade);
    return completion_apply_to_opening(completion, deferral->client);
}

/* The client may have a name now. */
static void tell_identified(const struct deferral *deferral, const struct completion *completion,
                            int verdict)
{
    const struct pipeline_calls *calls = deferral->loop->pipeline->calls;
    if (deferral->upgrade != NULL && verdict == SL_CONTINUE &&
        completion->details.identity.len > 0 && calls->identified != NULL)
        calls->identified(deferral->client, deferral->stage->instance->name);
}

/* The chain goes on with what was decided. `completion` is NULL after a deadline. */
static void end_deferral(struct deferral *deferral, const struct completion *completion,
                         int verdict)
{
    struct sl_client *client = deferral->client;
    struct pipeline_loop *loop = deferral->loop;
    stage_count(deferral->stage, loop, verdict);
    unlink_deferral(deferral);
    if (!deferral->is_attached) {
        stage_note_shadowed(deferral->stage, loop, client, verdict);
        deferral_destroy(deferral);
        return;
    }
    if (completion != NULL) {
        verdict = apply_completion(deferral, completion);
        tell_identified(deferral, completion, verdict);
    }
    struct message *message = deferral->message;
    struct upgrade *upgrade = deferral->upgrade;
    free(deferral); /* What it held is handed on. */
    loop->pipeline->calls->resume(client, message, upgrade, verdict);
}

static void on_deadline(struct loop *loop, struct timer *timer)
{
    struct deferral *deferral = (struct deferral *)timer;
    (void)loop;
    if (!claim_here(deferral))
        return; /* Its completion is on its way. */
    if (deferral->is_delay) {
        end_deferral(deferral, NULL, SL_CONTINUE);
        return;
    }
    stage_count_timeout(deferral->stage, deferral->loop);
    tell_cancelled(deferral, SL_CANCEL_TIMEOUT);
    end_deferral(deferral, NULL, SL_ERROR);
}

/* -- completing, from any thread -- */

/* The deferral of a completion that has claimed its ticket, or NULL if its client has gone since.
 */
static struct deferral *deferral_of(struct pipeline_loop *loop, uint64_t ticket)
{
    struct deferral *deferral = deferral_table_at(&loop->deferrals, ticket);
    return deferral != NULL && deferral->ticket == ticket ? deferral : NULL;
}

static void deliver_completion(struct loop *loop, struct mail *mail)
{
    struct completion *completion = (struct completion *)mail;
    const struct pipeline *pipeline = completion->ticket.owner;
    struct deferral *deferral = deferral_of(pipeline->loops[loop->index], completion->ticket.value);
    if (deferral != NULL)
        end_deferral(deferral, completion, completion->verdict);
    free(completion);
}

static bool is_final(enum sl_verdict verdict)
{
    return verdict >= SL_ERROR && verdict <= SL_DENY;
}

int deferral_complete(struct sl_ticket ticket, enum sl_verdict verdict,
                      const struct sl_completion *details)
{
    struct pipeline *pipeline = ticket.owner;
    struct completion *completion;
    unsigned index = client_id_loop(ticket.value);
    if (!is_final(verdict))
        return -1;
    if (ticket.value == 0 || pipeline == NULL || index >= pipeline->loop_count)
        return SL_GONE;
    if (completion_create(ticket, verdict, details, &completion) != OK)
        return -1;
    if (!deferral_table_claim(&pipeline->loops[index]->deferrals, ticket.value)) {
        free(completion);
        return SL_GONE;
    }
    completion->mail.deliver = deliver_completion;
    loop_post(pipeline->loops[index]->loop, &completion->mail);
    return 0;
}
