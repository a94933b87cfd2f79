/*
 * Checks of memory: allocations that fail, and what clients leave behind.
 */
#include "workbench/checks_internal.h"

#include <malloc.h>

#define ALLOCATIONS_MAX 300

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

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void run_many_clients(struct fake_instance *instance, const struct subject *subject,
                             unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        check_client_run(instance, subject);
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

/* What clients leave behind is there after every round. A buffer that a library or a thread of the
 * plugin's happens to hold at the end of one round is not; so the smallest growth of several rounds
 * counts, and the first round without any ends the check. */
void check_leaks(const struct subject *subject)
{
    const unsigned clients = 200;
    const unsigned rounds = 6;
    struct fake_instance *instance = subject_create(subject_load(subject), subject, "/ws");
    situation_doing("hundreds of clients that come and go");
    run_many_clients(instance, subject, clients);
    struct footprint left = {SIZE_MAX, SIZE_MAX};
    struct footprint before = footprint_now();
    for (unsigned i = 0; i < rounds && (left.allocations >= clients || left.heap > clients * 16);
         i++) {
        run_many_clients(instance, subject, clients);
        struct footprint after = footprint_now();
        left.allocations = least(left.allocations, growth(before.allocations, after.allocations));
        left.heap = least(left.heap, growth(before.heap, after.heap));
        before = after;
    }
    if (left.allocations >= clients)
        situation_fail("each client leaves %zu allocations of host->allocate behind: release in "
                       "on_close what belongs to a client",
                       left.allocations / clients);
    if (left.heap > clients * 16)
        situation_fail(
            "each client leaves about %zu bytes behind: release in on_close what belongs "
            "to a client (a table that is bounded grows only at first)",
            left.heap / clients);
    fake_instance_destroy(instance);
    if (fake_live_allocations() > 0)
        situation_fail("destroy left %zu allocations of host->allocate behind",
                       fake_live_allocations());
}
