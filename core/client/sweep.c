#include "client/sweep.h"

#include "base/clock.h"
#include "client/shard.h"

#define LOOK_INTERVAL 1024u /* free slots between two looks at the clock */

static bool is_at_end(const struct sweep *sweep)
{
    return sweep->position >= sweep->slots;
}

/* A visit may grow the table, and so move it. */
static void do_portion(struct shard *shard, struct sweep *sweep)
{
    int64_t until = clock_monotonic() + SWEEP_TIME;
    unsigned visits = 0;
    bool is_time_over = false;
    while (!is_at_end(sweep) && sweep->quota > 0 && visits < SWEEP_VISITS && !is_time_over) {
        struct client *client = shard->slots[sweep->position++].client;
        bool looks = client != NULL || sweep->position % LOOK_INTERVAL == 0;
        if (client != NULL) {
            visits++;
            if (sweep->visit(sweep, client) && sweep->quota != SWEEP_WITHOUT_QUOTA)
                sweep->quota--;
        }
        is_time_over = looks && clock_monotonic() >= until;
    }
}

static void end_sweep(struct shard *shard, struct sweep *sweep)
{
    struct sweep **link = &shard->sweeps;
    while (*link != sweep)
        link = &(*link)->next;
    *link = sweep->next;
    sweep->end(sweep, shard);
}

void sweep_begin(struct shard *shard, struct sweep *sweep)
{
    struct sweep **last = &shard->sweeps;
    while (*last != NULL)
        last = &(*last)->next;
    *last = sweep;
    sweep->next = NULL;
    sweep->position = 0;
    sweep->slots = shard->slot_count;
    if (!atomic_load_explicit(&shard->set->is_stopping, memory_order_relaxed))
        do_portion(shard, sweep);
    else
        sweep->position = sweep->slots;
    if (is_at_end(sweep))
        end_sweep(shard, sweep);
}

bool sweep_go_on(struct shard *shard)
{
    bool has_more = false;
    struct sweep *next;
    for (struct sweep *sweep = shard->sweeps; sweep != NULL; sweep = next) {
        do_portion(shard, sweep);
        next = sweep->next;
        if (is_at_end(sweep))
            end_sweep(shard, sweep);
        else
            has_more = has_more || sweep->quota > 0;
    }
    return has_more;
}

void sweep_end_all(struct shard *shard)
{
    while (shard->sweeps != NULL)
        end_sweep(shard, shard->sweeps);
}
