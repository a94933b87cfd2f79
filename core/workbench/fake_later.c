/*
 * What happens later: deferral, offloaded work, timers, the clock.
 */
#include "workbench/fake_internal.h"

#include "workbench/situation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- deferral -- */

static struct fake_deferral *find(uint64_t ticket)
{
    struct fake_deferral *deferral = fake.deferrals;
    while (deferral != NULL && deferral->ticket != ticket)
        deferral = deferral->next;
    return deferral;
}

/* The message moves, as it does in the server, where it lay in a buffer for the next read. */
static void move_payload(struct fake_payload *payload)
{
    struct sl_message *seen = payload->seen;
    fake_payload_replace(payload, seen->type, seen->data, seen->len);
}

enum sl_verdict fake_defer(struct sl_instance *self, struct sl_client *client,
                           const struct sl_deferral *how, struct sl_ticket *ticket)
{
    struct fake_running *running = &fake.running;
    if (running->instance != (struct fake_instance *)self || running->client != client ||
        (running->request == NULL && running->payload == NULL))
        situation_fail("host->defer was called outside on_connect and on_message, or for another "
                       "client than the hook's");
    if (running->begun != NULL)
        situation_fail("host->defer was called twice in one call of a hook; once is enough");
    if (how != NULL && how->struct_size < sizeof *how)
        situation_fail("struct sl_deferral came without struct_size; write {.struct_size = sizeof "
                       "how}");
    struct fake_deferral *deferral = calloc(1, sizeof *deferral);
    if (deferral == NULL)
        abort();
    static const struct sl_deferral plain;
    const struct sl_deferral *used = how != NULL ? how : &plain;
    int64_t longest = used->is_delay ? INT64_C(3600000000000) : FAKE_TIMEOUT;
    *deferral = (struct fake_deferral){
        .ticket = fake.next_id++,
        .instance = running->instance,
        .client = client,
        .deadline =
            fake.now + (used->timeout > 0 && used->timeout < longest ? used->timeout : longest),
        .is_delay = used->is_delay,
        .is_connect = running->request != NULL,
        .context = used->context,
        .on_cancel = used->on_cancel};
    if (running->payload != NULL)
        move_payload(running->payload);
    fake_lock();
    deferral->next = fake.deferrals;
    fake.deferrals = deferral;
    fake_unlock();
    running->begun = deferral;
    *ticket = (struct sl_ticket){.value = deferral->ticket, .owner = &fake};
    return SL_DEFER;
}

static void copy_details(struct fake_deferral *deferral, const struct sl_completion *details)
{
    struct fake_result *result = &deferral->result;
    if (details == NULL)
        return;
    result->code = details->code;
    snprintf(result->reason, sizeof result->reason, "%.*s", (int)details->reason.len,
             details->reason.data != NULL ? details->reason.data : "");
    for (size_t i = 0; i < details->header_count; i++) {
        size_t used = strlen(result->headers);
        snprintf(result->headers + used, sizeof result->headers - used, "%.*s: %.*s\n",
                 (int)details->headers[i].name.len, details->headers[i].name.data,
                 (int)details->headers[i].value.len, details->headers[i].value.data);
    }
    if (details->type != 0) {
        result->type = details->type;
        result->data = strndup(details->data.data, details->data.len);
        result->len = details->data.len;
    }
    if (details->identity.len > 0)
        snprintf(deferral->client->identity, sizeof deferral->client->identity, "%.*s",
                 (int)details->identity.len, details->identity.data);
    for (size_t i = 0; i < details->attribute_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)details->attributes[i].name.len,
                 details->attributes[i].name.data);
        fake_host()->attribute_set(&deferral->instance->seen, deferral->client, name,
                                   details->attributes[i].value.data,
                                   details->attributes[i].value.len);
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

static int complete(struct fake_deferral *deferral, enum sl_verdict verdict,
                    const struct sl_completion *details)
{
    if (deferral->is_settled) {
        /* Once is harmless: it may have crossed with the end. The same ticket again is a mistake.
         */
        if (deferral->has_result && !deferral->is_cancelled && ++deferral->completions > 0)
            situation_fail("a ticket was completed twice: exactly one completion counts, so forget "
                           "the ticket when host->complete has returned 0");
        if (deferral->is_cancelled && ++deferral->completions > 3)
            situation_fail("a ticket was completed again and again after its deferral was "
                           "cancelled: in on_cancel, see to it that nobody completes it any more");
        return SL_GONE;
    }
    if (!may_complete_with(deferral, verdict))
        situation_fail("host->complete was given verdict %d, which %s may not return", verdict,
                       deferral->is_connect ? "on_connect" : "on_message");
    deferral->is_settled = true;
    deferral->has_result = true;
    deferral->result.verdict = verdict;
    copy_details(deferral, details);
    pthread_cond_broadcast(&fake.changed);
    return 0;
}

int fake_complete(struct sl_ticket ticket, enum sl_verdict verdict,
                  const struct sl_completion *details)
{
    if (details != NULL && details->struct_size < sizeof *details)
        situation_fail("struct sl_completion came without struct_size; write {.struct_size = "
                       "sizeof details}");
    fake_lock();
    struct fake_deferral *deferral = find(ticket.value);
    int result = deferral != NULL ? complete(deferral, verdict, details) : SL_GONE;
    fake_unlock();
    return result;
}

static void end_loans(struct fake_deferral *deferral)
{
    if (deferral->payload != NULL)
        fake_payload_end(deferral->payload);
    if (deferral->request != NULL)
        fake_request_end(deferral->request);
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
        situation_enter("on_cancel", fake_hook_limit);
        deferral->on_cancel(&deferral->instance->seen, ticket, deferral->context, reason);
        situation_leave();
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

bool fake_is_deferred(const struct sl_client *client)
{
    return client->deferral != NULL;
}

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
        fake_take_message(result, deferral->payload);
    client->deferral = NULL;
    end_loans(deferral);
    return true;
}

/* -- offloaded work -- */

int fake_offload(struct sl_instance *self, uint64_t client_id,
                 void (*work)(struct sl_instance *, void *),
                 void (*done)(struct sl_instance *, struct sl_client *, void *), void *context)
{
    struct fake_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        abort();
    if (work == NULL)
        situation_fail("host->offload was called without work to do");
    *job = (struct fake_job){.instance = (struct fake_instance *)self,
                             .client_id = client_id,
                             .work = work,
                             .done = done,
                             .context = context};
    fake_lock();
    *fake.last_job = job;
    fake.last_job = &job->next;
    fake_unlock();
    return 0;
}

static struct fake_job *take_job(void)
{
    fake_lock();
    struct fake_job *job = fake.jobs;
    if (job != NULL) {
        fake.jobs = job->next;
        if (fake.jobs == NULL)
            fake.last_job = &fake.jobs;
    }
    fake_unlock();
    return job;
}

static void *work(void *argument)
{
    struct fake_job *job = argument;
    job->work(&job->instance->seen, job->context);
    return NULL;
}

void fake_run_offloaded(void)
{
    struct fake_job *job;
    while ((job = take_job()) != NULL) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, job) != 0)
            abort();
        pthread_join(thread, NULL);
        if (job->done != NULL) {
            situation_enter("offload's done", fake_hook_limit);
            job->done(&job->instance->seen, fake_client_by_id(job->client_id), job->context);
            situation_leave();
        }
        free(job);
    }
}

/* -- timers -- */

uint64_t fake_timer_start(struct sl_instance *self, int64_t after, int64_t interval, uint64_t tag)
{
    struct fake_instance *instance = (struct fake_instance *)self;
    if (instance->plugin->table.on_timer == NULL)
        situation_fail("host->timer_start was called, but the plugin has no on_timer");
    struct fake_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL)
        abort();
    fake_lock();
    *timer = (struct fake_timer){.next = fake.timers,
                                 .instance = instance,
                                 .id = fake.next_id++,
                                 .tag = tag,
                                 .due = fake.now + after,
                                 .interval = interval};
    fake.timers = timer;
    uint64_t id = timer->id;
    fake_unlock();
    return id;
}

void fake_timer_stop(struct sl_instance *self, uint64_t id)
{
    (void)self;
    fake_lock();
    for (struct fake_timer **link = &fake.timers; *link != NULL; link = &(*link)->next) {
        struct fake_timer *timer = *link;
        if (timer->id != id)
            continue;
        *link = timer->next;
        free(timer);
        break;
    }
    fake_unlock();
}

void fake_instance_forget(const struct fake_instance *instance)
{
    fake_lock();
    struct fake_timer **link = &fake.timers;
    while (*link != NULL) {
        struct fake_timer *timer = *link;
        if (timer->instance != instance) {
            link = &timer->next;
            continue;
        }
        *link = timer->next;
        free(timer);
    }
    fake_unlock();
}

/* -- the clock -- */

/* The next moment up to `until` at which something is due. */
static int64_t next_due(int64_t until)
{
    for (const struct fake_timer *timer = fake.timers; timer != NULL; timer = timer->next)
        if (timer->due < until)
            until = timer->due;
    for (const struct sl_client *client = fake.clients; client != NULL; client = client->next)
        if (client->deferral != NULL && !client->deferral->is_settled &&
            client->deferral->deadline < until)
            until = client->deferral->deadline;
    return until;
}

static bool fire_one_timer(void)
{
    for (struct fake_timer *timer = fake.timers; timer != NULL; timer = timer->next) {
        struct fake_instance *instance = timer->instance;
        uint64_t id = timer->id, tag = timer->tag;
        if (timer->due > fake.now)
            continue;
        if (timer->interval > 0)
            timer->due += timer->interval;
        else
            fake_timer_stop(&instance->seen, id);
        situation_enter("on_timer", fake_hook_limit);
        instance->plugin->table.on_timer(&instance->seen, id, tag);
        situation_leave();
        fake.running.instance = instance;
        fake_check_canaries("on_timer");
        fake.running.instance = NULL;
        return true;
    }
    return false;
}

static void pass_deadlines(void)
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

void fake_advance(int64_t by)
{
    int64_t until = fake.now + by;
    for (unsigned rounds = 0; rounds < 100000; rounds++) {
        fake.now = next_due(until);
        pass_deadlines();
        while (fire_one_timer())
            continue;
        if (fake.now >= until)
            return;
    }
    situation_fail("a timer fires again and again without time passing: is its interval 0 ns?");
}
