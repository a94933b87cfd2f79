/*
 * Waiting for what was deferred, in real time where a thread of the plugin may decide it, else at
 * once until its deadline; and finding what was forgotten.
 */
#include "workbench/fake_internal.h"

#include <stdio.h>
#include <time.h>

#define AFTER_DEADLINE 2000  /* ms of real time */
#define POLL_SLICE 5         /* ms: so long a plugin's own thread may wait unseen */
#define PATIENCE_BUDGET 5000 /* ms of real time that are waited for in vain, all in all */

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

static bool has_passed(const struct timespec *until)
{
    struct timespec now = real_time_in(0);
    return now.tv_sec > until->tv_sec ||
           (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/* Waits for one more completion than `before`. Returns whether there is one. */
static bool await_completion(unsigned before, const struct timespec *until)
{
    fake_lock();
    while (fake.completions == before &&
           pthread_cond_timedwait(&fake.changed, &fake.lock, until) == 0)
        continue;
    bool came = fake.completions != before;
    fake_unlock();
    return came;
}

static unsigned count_completions(void)
{
    fake_lock();
    unsigned count = fake.completions;
    fake_unlock();
    return count;
}

/* The same where callbacks of watched descriptors may complete it. Returns whether to look again.
 */
static bool await_descriptors(unsigned before, const struct timespec *until)
{
    bool has_called = fake_poll(0);
    while (!has_called && count_completions() == before && !has_passed(until))
        has_called = fake_poll(POLL_SLICE);
    return !has_passed(until);
}

/* Whether it is worth to wait in real time: time that a plugin's timers see stands still. */
static bool may_still_complete(void)
{
    return !fake_is_strict() || fake_threads_any() || fake_has_offloaded();
}

bool fake_await(struct sl_client *seen, int milliseconds, struct fake_result *result)
{
    struct fake_client *client = fake_client_of(seen);
    const struct timespec until = real_time_in(milliseconds), now = real_time_in(0);
    if (!fake_is_deferred(seen))
        return false;
    for (bool more = true; more;) {
        fake_run_offloaded();
        unsigned completions = count_completions();
        fake_deliver(seen);
        if (client->has_result)
            break;
        if (fake_has_watches())
            more = await_descriptors(completions, &until);
        else
            more = await_completion(completions, may_still_complete() ? &until : &now);
    }
    if (!client->has_result)
        return false;
    *result = client->result;
    client->has_result = false;
    return true;
}

/* -- create -- */

#define CREATE_STEP INT64_C(10000000)       /* ns: what timers wait for is near enough */
#define CREATE_TIMEOUT INT64_C(30000000000) /* ns: as plugins.create_timeout */
#define CREATE_PATIENCE 5000                /* ms of real time, for threads */

static bool is_awaited(struct instance *instance)
{
    return creation_state_of(instance) == CREATION_AWAITED;
}

/* Time passes for timers and deadlines, and in earnest for threads of the plugin. */
static void pass_until_created(struct instance *instance)
{
    const struct timespec until = real_time_in(CREATE_PATIENCE);
    int64_t deadline = fake.now + CREATE_TIMEOUT;
    bool may_wait = true;
    fake_run_offloaded();
    while (is_awaited(instance) && may_wait && fake_threads_any()) {
        unsigned completions = count_completions();
        may_wait = !is_awaited(instance) || await_completion(completions, &until);
        fake_run_offloaded();
    }
    while (is_awaited(instance) && fake.now < deadline) {
        fake_advance(CREATE_STEP);
        fake_run_offloaded();
    }
}

bool fake_await_create(struct instance *instance)
{
    pass_until_created(instance);
    switch (creation_state_of(instance)) {
    case CREATION_AWAITED:
        snprintf(fake.failure, sizeof fake.failure,
                 "create has not finished within 30 s (5 s of real time for threads): complete "
                 "what host->create_defer gave with host->create_complete");
        return false;
    case CREATION_FAILED:
        snprintf(fake.failure, sizeof fake.failure, "%s", creation_failure(instance));
        return false;
    default:
        return true;
    }
}

static int complete_create(struct sl_ticket ticket, const char *error)
{
    int result = creation_complete(ticket, error);
    fake_lock();
    fake.completions++;
    pthread_cond_broadcast(&fake.changed);
    fake_unlock();
    return result;
}

void fake_await_provide(struct sl_host *host)
{
    host->create_defer = creation_defer;
    host->create_complete = complete_create;
}

/* -- what nobody will ever decide -- */

static void fail_forgotten(const struct fake_unattended *deferral, const char *why)
{
    if (deferral->refused != NULL)
        fake_fail(
            "what %s deferred stays undecided: host->complete returned -1, since %s; then the "
            "deferral is still open, and has to be completed with something else (SL_ERROR, "
            "say)",
            deferral->hook, deferral->refused);
    fake_fail("what %s deferred was forgotten: %s; keep the ticket and call host->complete with it "
              "(is_delay is for a client that only has to wait, and on_cancel tells what gave up)",
              deferral->hook, why);
}

void fake_check_forgotten(const struct sl_client *client)
{
    struct fake_unattended deferral;
    if (fake_is_strict() && fake_unattended(client, &deferral) && !fake_has_offloaded() &&
        !fake_http_waits() && !fake_has_timers() && !fake_has_watches() && !fake_threads_any())
        fail_forgotten(&deferral, "the plugin has no offloaded work, no timer and no thread that "
                                  "could still complete it");
}

/* All that time has passed in vain. */
static void check_patience(const struct sl_client *client)
{
    struct fake_unattended deferral;
    if (fake_is_strict() && count_completions() == 0 && fake_unattended(client, &deferral))
        fail_forgotten(&deferral,
                       "like all before it, it was not completed while 5 s of real time passed");
}

static void wait_for_deadline(struct sl_client *client)
{
    int64_t deadline = fake_client_deadline(client);
    struct fake_client *waiting = fake_client_of(client);
    if (deadline != INT64_MAX) {
        fake_advance(deadline - fake.now);
        return;
    }
    if (!fake_await(client, AFTER_DEADLINE, &waiting->result))
        fake_fail("a deferral was never completed and has no deadline");
    waiting->has_result = true;
}

void fake_settle(struct sl_client *client, int milliseconds, struct fake_result *result)
{
    static int left = PATIENCE_BUDGET;
    if (!fake_is_deferred(client))
        return;
    fake_result_release(result);
    while (!fake_await(client, milliseconds, result)) {
        fake_check_forgotten(client);
        left -= milliseconds < left ? milliseconds : left;
        if (left == 0)
            check_patience(client);
        if (left == 0 && fake_is_strict())
            milliseconds = 0;
        wait_for_deadline(client);
    }
}
