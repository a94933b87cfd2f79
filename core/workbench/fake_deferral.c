/*
 * Deferral: what a hook has put off, until it is completed, cancelled or past its deadline.
 */
#include "workbench/fake_internal.h"

#include <stdio.h>
#include <time.h>

#define DELAY_MAX INT64_C(3600000000000)      /* ns */
#define EVERY_DEADLINE INT64_C(3601000000000) /* ns, after which none is left */
#define AFTER_DEADLINE 2000                   /* ms of real time */

struct fake_deferral {
    struct fake_deferral *next; /* of all, also those that are over */
    uint64_t ticket;
    struct fake_instance *instance;
    struct sl_client *client;
    struct fake_payload *payload;
    struct fake_request *request;
    int64_t deadline;
    bool is_delay;
    bool is_connect;
    void *context;
    void (*on_cancel)(struct sl_instance *, struct sl_ticket, void *, enum sl_cancel_reason);
    bool is_settled;   /* completed, cancelled or past its deadline: no completion counts */
    bool is_cancelled; /* on_cancel is owed or done */
    bool has_result;
    unsigned completions; /* that the plugin tried after the first one that counted */
    struct fake_result result;
};

static struct fake_deferral *find_deferral(uint64_t ticket)
{
    struct fake_deferral *deferral = fake.deferrals;
    while (deferral != NULL && deferral->ticket != ticket)
        deferral = deferral->next;
    return deferral;
}

void fake_deferrals_forget(void)
{
    struct fake_deferral **link = &fake.deferrals;
    while (*link != NULL) {
        struct fake_deferral *deferral = *link;
        if (!deferral->is_settled) {
            link = &deferral->next;
            continue;
        }
        *link = deferral->next;
        free(deferral->has_result ? NULL : deferral->result.data);
        free(deferral);
    }
}

/* -- its begin -- */

static void check_may_defer(const struct sl_instance *self, const struct sl_client *client,
                            const struct sl_deferral *how)
{
    const struct fake_running *running = &fake_running;
    if (running->instance != (const struct fake_instance *)self || running->client != client ||
        (running->request == NULL && running->payload == NULL))
        fake_fail("host->defer was called outside on_connect and on_message, or for another "
                  "client than the hook's");
    if (running->begun != NULL)
        fake_fail("host->defer was called twice in one call of a hook; once is enough");
    if (how != NULL && how->struct_size < sizeof *how)
        fake_fail("struct sl_deferral came without struct_size; write {.struct_size = sizeof how}");
}

static enum sl_verdict defer(struct sl_instance *self, struct sl_client *client,
                             const struct sl_deferral *how, struct sl_ticket *ticket)
{
    static const struct sl_deferral plain;
    struct fake_running *running = &fake_running;
    struct fake_payload *payload = running->payload;
    check_may_defer(self, client, how);
    const struct sl_deferral *used = how != NULL ? how : &plain;
    int64_t longest = used->is_delay ? DELAY_MAX : FAKE_TIMEOUT;
    struct fake_deferral *deferral = fake_zalloc(sizeof *deferral);
    *deferral = (struct fake_deferral){
        .instance = running->instance,
        .client = client,
        .deadline =
            fake.now + (used->timeout > 0 && used->timeout < longest ? used->timeout : longest),
        .is_delay = used->is_delay,
        .is_connect = running->request != NULL,
        .context = used->context,
        .on_cancel = used->on_cancel};
    /* The message moves, as it does in the server, where it lay in a buffer for the next read. */
    if (payload != NULL)
        fake_payload_replace(payload, payload->seen->type, payload->seen->data, payload->seen->len);
    fake_lock();
    deferral->ticket = fake.next_id++;
    deferral->next = fake.deferrals;
    fake.deferrals = deferral;
    fake_unlock();
    running->begun = deferral;
    *ticket = (struct sl_ticket){.value = deferral->ticket, .owner = &fake};
    return SL_DEFER;
}

bool fake_deferral_hold(struct sl_client *client, int verdict)
{
    struct fake_deferral *begun = fake_running.begun;
    if (begun == NULL)
        return false;
    if (verdict != SL_DEFER) {
        begun->is_settled = true;
        begun->is_cancelled = true;
        return false;
    }
    begun->payload = fake_running.payload;
    begun->request = fake_running.request;
    client->deferral = begun;
    return true;
}

bool fake_is_deferred(const struct sl_client *client)
{
    return client->deferral != NULL;
}

/* -- its completion -- */

static void copy_refusal(struct fake_result *result, const struct sl_completion *details)
{
    result->code = details->code;
    snprintf(result->reason, sizeof result->reason, "%.*s", (int)details->reason.len,
             details->reason.data != NULL ? details->reason.data : "");
    for (size_t i = 0; i < details->header_count; i++) {
        const struct sl_pair *header = &details->headers[i];
        size_t used = strlen(result->headers);
        snprintf(result->headers + used, sizeof result->headers - used, "%.*s: %.*s\n",
                 (int)header->name.len, header->name.data, (int)header->value.len,
                 header->value.data);
    }
}

static void copy_details(struct fake_deferral *deferral, const struct sl_completion *details)
{
    struct fake_result *result = &deferral->result;
    struct sl_client *client = deferral->client;
    copy_refusal(result, details);
    if (details->type != 0) {
        result->type = details->type;
        result->data = strndup(details->data.data, details->data.len);
        result->len = details->data.len;
    }
    if (details->identity.len > 0)
        snprintf(client->identity, sizeof client->identity, "%.*s", (int)details->identity.len,
                 details->identity.data);
    for (size_t i = 0; i < details->attribute_count; i++) {
        const struct sl_pair *attribute = &details->attributes[i];
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)attribute->name.len, attribute->name.data);
        fake_host()->attribute_set(&deferral->instance->seen, client, name, attribute->value.data,
                                   attribute->value.len);
    }
}

static bool may_complete_with(const struct fake_deferral *deferral, enum sl_verdict verdict)
{
    if (verdict == SL_ERROR || verdict == SL_CONTINUE)
        return true;
    return deferral->is_connect
               ? verdict == SL_DENY
               : verdict == SL_DROP || verdict == SL_HANDLED || verdict == SL_CLOSE;
}

/* One completion too many is harmless where it may have crossed with the end; more are a mistake.
 */
static void count_late_completion(struct fake_deferral *deferral)
{
    if (deferral->has_result && !deferral->is_cancelled && ++deferral->completions > 0)
        fake_fail("a ticket was completed twice: exactly one completion counts, so forget the "
                  "ticket when host->complete has returned 0");
    if (deferral->is_cancelled && ++deferral->completions > 3)
        fake_fail("a ticket was completed again and again after its deferral was cancelled: in "
                  "on_cancel, see to it that nobody completes it any more");
}

static int settle_deferral(struct fake_deferral *deferral, enum sl_verdict verdict,
                           const struct sl_completion *details)
{
    if (deferral->is_settled) {
        count_late_completion(deferral);
        return SL_GONE;
    }
    if (!may_complete_with(deferral, verdict))
        fake_fail("host->complete was given verdict %d, which %s may not return", verdict,
                  deferral->is_connect ? "on_connect" : "on_message");
    deferral->is_settled = true;
    deferral->has_result = true;
    deferral->result.verdict = verdict;
    if (details != NULL)
        copy_details(deferral, details);
    pthread_cond_broadcast(&fake.changed);
    return 0;
}

static int complete(struct sl_ticket ticket, enum sl_verdict verdict,
                    const struct sl_completion *details)
{
    if (details != NULL && details->struct_size < sizeof *details)
        fake_fail("struct sl_completion came without struct_size; write {.struct_size = sizeof "
                  "details}");
    fake_lock();
    struct fake_deferral *deferral = find_deferral(ticket.value);
    int result = deferral != NULL ? settle_deferral(deferral, verdict, details) : SL_GONE;
    fake_unlock();
    return result;
}

void fake_deferral_provide(struct sl_host *host)
{
    host->defer = defer;
    host->complete = complete;
}

/* -- its end -- */

static void end_loans(struct fake_deferral *deferral)
{
    if (deferral->payload != NULL)
        fake_payload_destroy(deferral->payload);
    if (deferral->request != NULL)
        fake_request_destroy(deferral->request);
    deferral->payload = NULL;
    deferral->request = NULL;
}

static void cancel(struct fake_deferral *deferral, enum sl_cancel_reason reason)
{
    fake_lock();
    bool is_ours = !deferral->is_settled;
    deferral->is_settled = true;
    deferral->is_cancelled = is_ours;
    fake_unlock();
    if (is_ours && deferral->on_cancel != NULL) {
        struct sl_ticket ticket = {.value = deferral->ticket, .owner = &fake};
        fake_enter("on_cancel", fake_hook_limit);
        deferral->on_cancel(&deferral->instance->seen, ticket, deferral->context, reason);
        fake_leave();
    }
    end_loans(deferral);
}

void fake_cancel(struct sl_client *client, enum sl_cancel_reason reason)
{
    if (client->deferral == NULL)
        return;
    cancel(client->deferral, reason);
    client->deferral = NULL;
}

int64_t fake_deadline_next(int64_t until)
{
    for (const struct sl_client *client = fake.clients; client != NULL; client = client->next)
        if (client->deferral != NULL && !client->deferral->is_settled &&
            client->deferral->deadline < until)
            until = client->deferral->deadline;
    return until;
}

void fake_deadlines_pass(void)
{
    for (struct sl_client *client = fake.clients; client != NULL; client = client->next) {
        struct fake_deferral *deferral = client->deferral;
        if (deferral == NULL || deferral->is_settled || deferral->deadline > fake.now)
            continue;
        if (!deferral->is_delay)
            cancel(deferral, SL_CANCEL_TIMEOUT);
        fake_lock();
        deferral->is_settled = true;
        deferral->has_result = true;
        deferral->result.verdict = deferral->is_delay ? SL_CONTINUE : SL_ERROR;
        fake_unlock();
    }
}

/* -- waiting for it -- */

static struct timespec real_time_in(int milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    return until;
}

bool fake_await(struct sl_client *client, int milliseconds, struct fake_result *result)
{
    struct fake_deferral *deferral = client->deferral;
    struct timespec until = real_time_in(milliseconds);
    if (deferral == NULL)
        return false;
    fake_run_offloaded();
    fake_lock();
    while (!deferral->has_result && pthread_cond_timedwait(&fake.changed, &fake.lock, &until) == 0)
        continue;
    bool came = deferral->has_result;
    fake_unlock();
    if (!came)
        return false;
    *result = deferral->result;
    if (result->data == NULL && deferral->payload != NULL)
        fake_payload_read(deferral->payload, result);
    client->deferral = NULL;
    end_loans(deferral);
    return true;
}

void fake_settle(struct sl_client *client, int milliseconds, struct fake_result *result)
{
    if (!fake_is_deferred(client))
        return;
    fake_result_release(result);
    if (fake_await(client, milliseconds, result))
        return;
    fake_advance(EVERY_DEADLINE);
    if (!fake_await(client, AFTER_DEADLINE, result))
        fake_fail("a deferral was never completed and has no deadline");
}
