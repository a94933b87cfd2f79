/*
 * The list of bans. Whether somebody is banned is looked up in a hash table, an address once for
 * each length of prefix that is in use; the messages of clients that are connected never ask.
 *
 * Any thread. A change that needs more memory takes it before it locks, so that those who look up
 * wait for a few pointers at most.
 */
#ifndef SLUICE_CLIENT_BAN_LIST_H
#define SLUICE_CLIENT_BAN_LIST_H

#include "base/siphash.h"
#include "client/ban.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct stored_ban;

/* A slot of the table; ban NULL: free. */
struct ban_slot {
    uint64_t hash;
    struct stored_ban *ban;
};

/* A place in the order of ids; ban NULL: it is gone. */
struct ban_entry {
    uint64_t id;
    int64_t until;
    struct stored_ban *ban; /* owned */
};

#define BAN_PREFIX_LENGTHS 129 /* 0 to 128 bits */

struct ban_list {
    pthread_mutex_t changes; /* taken by those who change the list or walk it */
    pthread_rwlock_t lock;   /* inside of `changes`: of what those look at who look up */
    struct siphash_key secret;
    struct ban_slot *slots;                /* owned; open addressing, linear probing */
    size_t slot_count;                     /* a power of two, or 0 */
    uint32_t prefixes[BAN_PREFIX_LENGTHS]; /* how many bans have each length */
    struct ban_entry *entries;             /* owned; by id */
    size_t entry_count;                    /* those that are gone included */
    size_t entry_room;
    uint64_t last_id;
    _Atomic uint32_t max;
    _Atomic uint32_t addresses; /* how many bans there are */
    _Atomic uint32_t identities;
};

/* Returns 0, or ERR_SYSTEM if there is no randomness to be had. */
MUST_CHECK int ban_list_init(struct ban_list *list, uint32_t max);
void ban_list_deinit(struct ban_list *list);

/* How many bans there may be from now on; those that are there stay. */
static inline void ban_list_set_max(struct ban_list *list, uint32_t max)
{
    atomic_store_explicit(&list->max, max, memory_order_relaxed);
}

/* Adds a ban, or replaces the one of the same identity or prefix, whose id it gets; *ban gets its
 * id. Returns 0, ERR_LIMIT (there are as many as there may be) or ERR_NO_MEMORY. */
MUST_CHECK int ban_list_put(struct ban_list *list, struct ban *ban);

/* Takes a ban out: the one of that id, or (0) of the identity or prefix in *ban; it is in *ban
 * then. Returns false if there is none. */
bool ban_list_remove(struct ban_list *list, uint64_t id, struct ban *ban);

/* A walk through all bans, from zeros and next = BAN_FOR_GOOD. */
struct ban_walk {
    uint64_t after; /* the id of the last one that was looked at */
    int64_t next;   /* the earliest end of those that stay */
};

/* Takes out the next one of those whose end has come, into *out. Returns false at the end of the
 * walk. */
bool ban_list_take_ended(struct ban_list *list, int64_t now, struct ban_walk *walk,
                         struct ban *out);

/* Copies up to `count` bans, in the order of their ids, those behind the id `after`. Returns how
 * many. */
size_t ban_list_copy(struct ban_list *list, uint64_t after, struct ban *out, size_t count);

/* Whether an address (as struct address has it), or an identity, is banned at the time `now`. */
bool ban_list_has_address(struct ban_list *list, const uint8_t address[16], int64_t now);
bool ban_list_has_identity(struct ban_list *list, const char *identity, int64_t now);

static inline uint32_t ban_list_count(const struct ban_list *list)
{
    return atomic_load_explicit(&list->addresses, memory_order_relaxed) +
           atomic_load_explicit(&list->identities, memory_order_relaxed);
}

#endif
