#include "pipeline/deferral_table.h"

#include <stdlib.h>

#define FIRST_CHUNK 64u /* slots */
#define SLOT_NONE UINT32_MAX
#define SLOTS_MAX (1u << 24)

/* Chunk k holds the slots from (2^k - 1) * FIRST_CHUNK on. */
static struct deferral_slot *slot_at(struct deferral_table *table, uint32_t index)
{
    uint32_t scaled = index / FIRST_CHUNK + 1;
    unsigned chunk = 31u - (unsigned)__builtin_clz(scaled);
    struct deferral_slot *slots =
        chunk < DEFERRAL_CHUNKS ? atomic_load_explicit(&table->chunks[chunk], memory_order_acquire)
                                : NULL;
    return slots != NULL ? &slots[index - ((1u << chunk) - 1) * FIRST_CHUNK] : NULL;
}

void deferral_table_init(struct deferral_table *table)
{
    *table = (struct deferral_table){.first_free = SLOT_NONE};
}

void deferral_table_deinit(struct deferral_table *table)
{
    for (unsigned i = 0; i < DEFERRAL_CHUNKS; i++)
        free(atomic_load_explicit(&table->chunks[i], memory_order_relaxed));
}

static int add_chunk(struct deferral_table *table)
{
    unsigned chunk = 31u - (unsigned)__builtin_clz(table->slot_count / FIRST_CHUNK + 1);
    uint32_t count = FIRST_CHUNK << chunk;
    if (table->slot_count + count > SLOTS_MAX)
        return ERR_NO_MEMORY;
    struct deferral_slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = count; i-- > 0;) {
        slots[i].next_free = table->first_free;
        table->first_free = table->slot_count + i;
    }
    atomic_store_explicit(&table->chunks[chunk], slots, memory_order_release);
    table->slot_count += count;
    return OK;
}

static uint32_t ticket_slot(uint64_t ticket)
{
    return (uint32_t)(ticket >> 8) & (SLOTS_MAX - 1);
}

static uint64_t open_state(uint64_t ticket)
{
    return ticket >> 32 << 1 | 1;
}

bool deferral_table_claim(struct deferral_table *table, uint64_t ticket)
{
    struct deferral_slot *slot = slot_at(table, ticket_slot(ticket));
    uint64_t state = open_state(ticket);
    return slot != NULL &&
           atomic_compare_exchange_strong_explicit(&slot->state, &state, state & ~UINT64_C(1),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

int deferral_table_add(struct deferral_table *table, struct deferral *deferral, unsigned loop,
                       uint64_t *ticket)
{
    if (table->first_free == SLOT_NONE && add_chunk(table) != OK)
        return ERR_NO_MEMORY;
    uint32_t index = table->first_free;
    struct deferral_slot *slot = slot_at(table, index);
    uint32_t generation =
        (uint32_t)(atomic_load_explicit(&slot->state, memory_order_relaxed) >> 1) + 1;
    if (generation == 0)
        generation = 1; /* So that no ticket is 0. */
    table->first_free = slot->next_free;
    slot->deferral = deferral;
    *ticket = (uint64_t)generation << 32 | (uint64_t)index << 8 | loop;
    atomic_store_explicit(&slot->state, open_state(*ticket), memory_order_release);
    counter_add(&table->begun, 1);
    return OK;
}

void deferral_table_remove(struct deferral_table *table, uint64_t ticket)
{
    struct deferral_slot *slot = slot_at(table, ticket_slot(ticket));
    slot->deferral = NULL;
    slot->next_free = table->first_free;
    table->first_free = ticket_slot(ticket);
    counter_add(&table->ended, 1);
}

struct deferral *deferral_table_at(struct deferral_table *table, uint64_t ticket)
{
    struct deferral_slot *slot = slot_at(table, ticket_slot(ticket));
    return slot != NULL ? slot->deferral : NULL;
}
