/*
 * Deferral, which is the server's own: what a deferral keeps of the loans of its hook, and which
 * mistakes plugins make with it.
 */
#include "workbench/fake_internal.h"

#include "base/utf8.h"
#include "pipeline/deferral.h"
#include "pipeline/verdict.h"

struct fake_deferral {
    struct fake_deferral *next; /* of all, also those that are over */
    struct sl_ticket ticket;
    const struct sl_client *client;
    struct fake_payload *payload;
    struct fake_request *request;
    enum verdict_hook hook;
    void *context; /* the plugin's */
    void (*on_cancel)(struct sl_instance *, struct sl_ticket, void *, enum sl_cancel_reason);
    bool is_delay;
    const char *refused; /* why a completion of it was not taken, or NULL */
    bool is_watching;    /* of a stage in shadow mode, for which the client does not wait */
    bool is_completed;
    bool is_over;              /* completed, cancelled or dropped */
    unsigned late_completions; /* that came after its end */
};

static struct fake_deferral *deferrals;

static void end_loans(struct fake_deferral *deferral)
{
    if (deferral->payload != NULL)
        fake_payload_destroy(deferral->payload);
    if (deferral->request != NULL)
        fake_request_destroy(deferral->request);
    deferral->payload = NULL;
    deferral->request = NULL;
}

void fake_deferrals_forget(void)
{
    struct fake_deferral **link = &deferrals;
    while (*link != NULL) {
        struct fake_deferral *deferral = *link;
        bool has_loans = deferral->payload != NULL || deferral->request != NULL;
        if (!deferral->is_over || (has_loans && !deferral->is_watching)) {
            link = &deferral->next;
            continue;
        }
        *link = deferral->next;
        end_loans(deferral);
        free(deferral);
    }
}

/* -- its begin -- */

static void check_may_defer(const struct sl_instance *self, const struct sl_client *client,
                            const struct sl_deferral *how)
{
    const struct fake_running *running = &fake_running;
    fake_require_hook("defer");
    if (running->instance != (const struct instance *)self || running->client != client ||
        (!running->is_deciding && !running->is_opening))
        fake_fail("host->defer was called outside on_connect, on_open and on_message, or for "
                  "another client than the hook's");
    if (running->is_opening && fake_table_of(self)->abi_minor < 2)
        fake_fail("on_open called host->defer, which refuses it to a plugin that declares ABI "
                  "1.%u: it may from 1.2 on",
                  fake_table_of(self)->abi_minor);
    if (running->begun != NULL)
        fake_fail("host->defer was called twice in one call of a hook; once is enough");
    if (how != NULL && how->struct_size < sizeof *how)
        fake_fail("struct sl_deferral came without struct_size; write {.struct_size = sizeof how}");
}

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct fake_deferral *deferral = context;
    fake_lock();
    deferral->is_over = true;
    fake_unlock();
    if (deferral->on_cancel != NULL) {
        const struct fake_running before = fake_running;
        fake_running = (struct fake_running){.instance = (const struct instance *)self,
                                             .request = deferral->request};
        fake_enter("on_cancel", fake_hook_limit);
        deferral->on_cancel(self, ticket, deferral->context, reason);
        fake_leave();
        fake_running = before;
    }
    end_loans(deferral);
}

static enum verdict_hook running_hook(const struct fake_running *running)
{
    return running->is_opening        ? VERDICT_OF_OPEN
           : running->request != NULL ? VERDICT_OF_CONNECT
                                      : VERDICT_OF_MESSAGE;
}

static const char *hook_name(const struct fake_deferral *deferral)
{
    switch (deferral->hook) {
    case VERDICT_OF_OPEN:
        return "on_open";
    case VERDICT_OF_CONNECT:
        return "on_connect";
    default:
        return "on_message";
    }
}

static enum sl_verdict defer(struct sl_instance *self, struct sl_client *client,
                             const struct sl_deferral *how, struct sl_ticket *ticket)
{
    struct fake_running *running = &fake_running;
    struct sl_deferral used = {.struct_size = sizeof used};
    check_may_defer(self, client, how);
    if (how != NULL)
        used = *how;
    struct fake_deferral *deferral = fake_zalloc(sizeof *deferral);
    *deferral = (struct fake_deferral){.client = client,
                                       .hook = running_hook(running),
                                       .is_watching = fake_is_watching(),
                                       .is_delay = used.is_delay,
                                       .context = used.context,
                                       .on_cancel = used.on_cancel};
    used.context = deferral;
    used.on_cancel = on_cancel;
    enum sl_verdict verdict =
        deferral_begin((const struct instance *)self, client, &used, &deferral->ticket);
    *ticket = deferral->ticket;
    if (verdict != SL_DEFER) {
        free(deferral);
        return verdict;
    }
    if (running->payload != NULL)
        fake_payload_refresh(running->payload); /* The message has moved, as in the server. */
    fake_lock();
    deferral->next = deferrals;
    deferrals = deferral;
    fake_unlock();
    running->begun = deferral;
    return verdict;
}

bool fake_deferral_hold(int verdict)
{
    struct fake_deferral *begun = fake_running.begun;
    if (begun == NULL)
        return false;
    if (verdict != SL_DEFER) {
        begun->is_over = true;
        return false;
    }
    begun->payload = fake_running.payload;
    begun->request = fake_running.request;
    return true;
}

bool fake_is_deferred(const struct sl_client *client)
{
    return fake_client_of(client)->is_waiting || fake_client_of(client)->has_result;
}

/* -- its end -- */

static void end_deferrals(const struct sl_client *client, bool with_watching)
{
    fake_lock();
    for (struct fake_deferral *deferral = deferrals; deferral != NULL; deferral = deferral->next) {
        if (deferral->client != client || (deferral->is_watching && !with_watching))
            continue;
        deferral->is_over = true;
        end_loans(deferral);
    }
    fake_unlock();
}

void fake_deferral_end(const struct sl_client *client)
{
    end_deferrals(client, false);
}

/* One completion too many is harmless where it may have crossed with the end; more are a mistake.
 */
static void check_late_completion(struct fake_deferral *deferral)
{
    if (deferral->is_completed)
        fake_fail("a ticket was completed twice: exactly one completion counts, so forget the "
                  "ticket when host->complete has returned 0");
    if (++deferral->late_completions > 3)
        fake_fail("a ticket was completed again and again after its deferral was cancelled: in "
                  "on_cancel, see to it that nobody completes it any more");
}

static void check_completion(const struct fake_deferral *deferral, enum sl_verdict verdict,
                             const struct sl_completion *details)
{
    if (details != NULL && details->struct_size < sizeof *details)
        fake_fail("struct sl_completion came without struct_size; write {.struct_size = sizeof "
                  "details}");
    if (deferral != NULL && !deferral->is_over && !verdict_is_allowed(deferral->hook, verdict))
        fake_fail("host->complete was given verdict %d, which %s may not return", verdict,
                  hook_name(deferral));
}

/* Why the server does not take it. */
static const char *refusal_of(const struct sl_completion *details)
{
    if (details != NULL && details->type == SL_TEXT &&
        !utf8_is_valid(details->data.data, details->data.len))
        return "its text is not UTF-8";
    if (details != NULL && details->identity.len > 0 &&
        !sl_client_is_identity(details->identity.data, details->identity.len))
        return "its identity is not 1 to 255 bytes of UTF-8";
    return "an attribute, a header or the type in it is not valid, or there was no memory";
}

static int complete(struct sl_ticket ticket, enum sl_verdict verdict,
                    const struct sl_completion *details)
{
    fake_lock();
    struct fake_deferral *deferral = deferrals;
    while (deferral != NULL && deferral->ticket.value != ticket.value)
        deferral = deferral->next;
    check_completion(deferral, verdict, details);
    int result = deferral_complete(ticket, verdict, details);
    if (result == 0 && deferral != NULL)
        deferral->is_completed = deferral->is_over = true;
    else if (result == SL_GONE && deferral != NULL)
        check_late_completion(deferral);
    else if (deferral != NULL)
        deferral->refused = refusal_of(details);
    fake.completions += result == 0;
    pthread_cond_broadcast(&fake.changed);
    fake_unlock();
    return result;
}

void fake_deferral_provide(struct sl_host *host)
{
    host->defer = defer;
    host->complete = complete;
}

void fake_cancel(struct sl_client *seen, enum sl_cancel_reason reason)
{
    struct fake_client *client = fake_client_of(seen);
    deferral_cancel_all(seen, reason);
    end_deferrals(seen, true);
    client->is_waiting = false;
    if (client->has_result)
        fake_result_release(&client->result);
    client->has_result = false;
    upgrade_unref(client->upgrade);
    client->upgrade = NULL;
}

/* -- deadlines -- */

/* The client's deferral that is due first by then, or NULL. */
static struct deferral *next_deferral(const struct sl_client *client, int64_t until)
{
    struct deferral *found = NULL;
    struct deferral *deferral = client->more != NULL ? client->more->deferrals : NULL;
    for (; deferral != NULL; deferral = deferral->next) {
        if (!timer_is_running(&deferral->timer) || deferral->timer.deadline > until)
            continue;
        found = deferral;
        until = deferral->timer.deadline;
    }
    return found;
}

int64_t fake_deadline_next(int64_t until)
{
    for (const struct fake_client *client = fake.clients; client != NULL; client = client->next) {
        const struct deferral *deferral = next_deferral(&client->seen, until);
        if (deferral != NULL)
            until = deferral->timer.deadline;
    }
    return until;
}

/* Fired here, as a loop's wheel would only do in its next tick. */
void fake_deadlines_pass(void)
{
    for (struct fake_client *client = fake.clients; client != NULL; client = client->next) {
        struct deferral *deferral;
        if (client->is_waiting)
            fake_deliver(&client->seen); /* What has come is in time. */
        while ((deferral = next_deferral(&client->seen, fake.now)) != NULL) {
            timer_stop(&deferral->timer);
            deferral->timer.fire(deferral->loop->loop, &deferral->timer);
        }
    }
}

int64_t fake_client_deadline(const struct sl_client *client)
{
    const struct deferral *next = next_deferral(client, INT64_MAX);
    return next != NULL ? next->timer.deadline : INT64_MAX;
}

/* -- what nobody but the plugin will ever decide -- */

bool fake_unattended(const struct sl_client *client, struct fake_unattended *out)
{
    fake_lock();
    const struct fake_deferral *deferral = deferrals;
    while (deferral != NULL &&
           (deferral->client != client || deferral->is_over || deferral->is_watching ||
            deferral->is_delay || deferral->on_cancel != NULL))
        deferral = deferral->next;
    if (deferral != NULL)
        *out = (struct fake_unattended){.hook = hook_name(deferral), .refused = deferral->refused};
    fake_unlock();
    return deferral != NULL && fake_client_of(client)->is_waiting;
}
