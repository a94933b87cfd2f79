/*
 * The deferrals of one loop by their tickets.
 *
 * A ticket is a slot in the loop's table and the generation of that slot. Whoever wins the slot's
 * state ends the deferral, so exactly one of completion, deadline and departure does. Slots are
 * never given back to the system before the table ends, so an old ticket can always be looked up.
 *
 * Only the loop's thread, except deferral_table_claim and the counters.
 */
#ifndef SLUICE_PIPELINE_DEFERRAL_TABLE_H
#define SLUICE_PIPELINE_DEFERRAL_TABLE_H

#include "base/counter.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct deferral;

#define DEFERRAL_CHUNKS 20 /* each twice as large as the one before it */

struct deferral_slot {
    _Atomic uint64_t state;    /* generation << 1 | open */
    struct deferral *deferral; /* the loop's; NULL: free */
    uint32_t next_free;
};

struct deferral_table {
    _Atomic(struct deferral_slot *) chunks[DEFERRAL_CHUNKS];
    uint32_t slot_count;
    uint32_t first_free;
    counter begun; /* since the start */
    counter ended;
};

void deferral_table_init(struct deferral_table *table);

/* Frees the slots; no deferral may be left, and nobody may look at a ticket any more. */
void deferral_table_deinit(struct deferral_table *table);

/* Gives a deferral a slot, and an open ticket, which is never 0. `loop` is the loop's index, the
 * ticket's lowest 8 bits. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int deferral_table_add(struct deferral_table *table, struct deferral *deferral,
                                  unsigned loop, uint64_t *ticket);

/* Frees the slot. The ticket has been claimed. */
void deferral_table_remove(struct deferral_table *table, uint64_t ticket);

/* Ends what the ticket names, for the one caller who gets true. Any thread. */
MUST_CHECK bool deferral_table_claim(struct deferral_table *table, uint64_t ticket);

/* What is in the ticket's slot, or NULL. The slot may have been given to another deferral since. */
struct deferral *deferral_table_at(struct deferral_table *table, uint64_t ticket);

#endif
