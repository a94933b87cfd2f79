/*
 * Checks of memory: allocations that fail, and what clients leave behind.
 */
#include "workbench/checks_internal.h"

#include <malloc.h>

#define ALLOCATIONS_MAX 300
#define CLIENTS 200u /* that come and go in a round */

void check_failing_allocations(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    for (unsigned long nth = 1; nth <= ALLOCATIONS_MAX; nth++) {
        situation_doing("the %lu. allocation through the host fails", nth);
        fake_fail_allocation(nth);
        struct fake_instance *instance = fake_instance_create(plugin, subject->options, "/ws");
        if (instance != NULL) {
            check_client_run(instance, subject);
            check_client_run(instance, subject);
            fake_instance_destroy(instance);
        }
        bool was_reached = fake_allocations() >= nth;
        fake_fail_allocation(0);
        if (fake_live_allocations() > 0)
            situation_fail("after the %lu. allocation had failed, %zu others were never released",
                           nth, fake_live_allocations());
        if (!was_reached && nth == 1)
            situation_skip("the plugin allocates nothing through the host");
        if (!was_reached)
            return;
    }
}

/* What the plugin has stored is bounded by the server, and stays on purpose. */
static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    size_t bytes = info.uordblks + info.hblkhd;
    size_t stored = fake_stored_bytes();
    return bytes > stored ? bytes - stored : 0;
}

/* The life of one client, or an event. */
typedef void client_run(struct fake_instance *instance, const struct subject *subject);

static void run_many_clients(struct fake_instance *instance, const struct subject *subject,
                             client_run *run, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        run(instance, subject);
        fake_run_offloaded();
        fake_forget();
    }
}

struct footprint {
    size_t allocations; /* of host->allocate that are alive */
    size_t heap;        /* bytes */
};

static struct footprint footprint_now(void)
{
    return (struct footprint){fake_live_allocations(), heap_in_use()};
}

static size_t growth(size_t before, size_t after)
{
    return after > before ? after - before : 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_suspicious(const struct footprint *left, unsigned clients)
{
    return left->allocations >= clients || left->heap > clients * 16;
}

/* What clients leave behind is there after every round. A buffer that a library or a thread of the
 * plugin's happens to hold at the end of one round is not; so the smallest growth of several rounds
 * counts, and the first round without any ends the check. */
static struct footprint measure_clients(struct fake_instance *instance,
                                        const struct subject *subject, client_run *run)
{
    const unsigned rounds = 6;
    run_many_clients(instance, subject, run, CLIENTS);
    struct footprint left = {SIZE_MAX, SIZE_MAX};
    struct footprint before = footprint_now();
    for (unsigned i = 0; i < rounds && is_suspicious(&left, CLIENTS); i++) {
        if (i == 2 && left.allocations >= CLIENTS)
            break; /* What is counted one by one needs no more rounds. */
        run_many_clients(instance, subject, run, CLIENTS);
        struct footprint after = footprint_now();
        left.allocations = least(left.allocations, growth(before.allocations, after.allocations));
        left.heap = least(left.heap, growth(before.heap, after.heap));
        before = after;
    }
    return left;
}

static void check_clients(struct fake_instance *instance, const struct subject *subject)
{
    situation_doing("hundreds of clients that come and go");
    struct footprint left = measure_clients(instance, subject, check_client_run);
    if (left.allocations >= CLIENTS)
        situation_fail("each client leaves %zu allocations of host->allocate behind: release in "
                       "on_close or client_free what belongs to a client",
                       left.allocations / CLIENTS);
    if (left.heap > CLIENTS * 16)
        situation_fail("each client leaves about %zu bytes behind: release in on_close or "
                       "client_free what belongs to a client (a table that is bounded grows only "
                       "at first)",
                       left.heap / CLIENTS);
}

/* There is no on_close for them. */
static void check_refused_clients(struct fake_instance *instance, const struct subject *subject)
{
    situation_doing("hundreds of clients whose upgrade another plugin denies");
    struct footprint left = measure_clients(instance, subject, check_client_refuse);
    if (is_suspicious(&left, CLIENTS))
        situation_fail("each client whose upgrade another plugin denies leaves %zu allocations of "
                       "host->allocate and about %zu bytes behind: there is no on_close for it, so "
                       "release in client_free what on_connect takes, or take it in on_open",
                       left.allocations / CLIENTS, left.heap / CLIENTS);
}

/* The nth of what another plugin tells of, about nobody; and what has been put off until a timer
 * fires goes. */
static void hear_one(struct fake_instance *instance, const struct subject *subject)
{
    static size_t nth;
    check_client_hear(instance, CHECK_EMITTER, NULL, subject, nth++);
    fake_advance(SECOND / 10);
}

static void check_heard_events(struct fake_instance *instance, const struct subject *subject)
{
    situation_doing("hundreds of events about nobody");
    struct footprint left = measure_clients(instance, subject, hear_one);
    if (is_suspicious(&left, CLIENTS))
        situation_fail("each event about nobody leaves %zu allocations of host->allocate and about "
                       "%zu bytes behind: release in on_event what belongs to an event, and bound "
                       "what grows with events",
                       left.allocations / CLIENTS, left.heap / CLIENTS);
}

void check_leaks(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    if (fake_event_name(instance, 0) != NULL)
        check_heard_events(instance, subject);
    check_clients(instance, subject);
    if (plugin->table.on_connect != NULL)
        check_refused_clients(instance, subject);
    fake_instance_destroy(instance);
    if (fake_live_allocations() > 0)
        situation_fail("destroy left %zu allocations of host->allocate behind",
                       fake_live_allocations());
}
