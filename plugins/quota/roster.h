/*
 * Which clients are connected under which key: a bounded hash table from a key to its clients,
 * oldest first.
 *
 * Not locked: the caller keeps threads apart. Entries belong to the caller (they are in the
 * clients' state) and are linked here.
 */
#ifndef QUOTA_ROSTER_H
#define QUOTA_ROSTER_H

#include <sluice/plugin.h>

#define ROSTER_KEY_MAX 256 /* bytes of a key; longer ones are cut */

struct roster_key;

/* One client under one key; all zero if it is not in the table. */
struct roster_entry {
    struct roster_key *key;
    struct roster_entry *next; /* came later */
    struct roster_entry *before;
    uint64_t client;
};

struct roster {
    const struct sl_host *host;
    struct roster_key **buckets; /* owned */
    size_t bucket_count;         /* a power of two */
    size_t count;                /* keys */
    size_t capacity;
    uint64_t secret; /* so that clients cannot choose a bucket */
};

/* Returns 0, or -1: no memory, or no random bytes. */
int roster_init(struct roster *roster, const struct sl_host *host, size_t capacity);
void roster_deinit(struct roster *roster); /* of an empty one */

/* The number of clients under a key, and the oldest one (0: none). */
size_t roster_count(const struct roster *roster, struct sl_string key, uint64_t *oldest);

/* Whether a key that is not there yet would fit. */
bool roster_has_room(const struct roster *roster);

/* The number of clients under the key of an entry; 0 if the entry is not in the table. */
size_t roster_clients(const struct roster_entry *entry);

/* Adds a client. Returns 0, or -1: no room, or no memory. */
int roster_enter(struct roster *roster, struct sl_string key, uint64_t client,
                 struct roster_entry *entry);

/* Removes an entry; one that is not in the table is left alone. */
void roster_leave(struct roster *roster, struct roster_entry *entry);

/* If more than `most` (at least 1) clients are under the key of an entry, removes the oldest one.
 * Returns it, or 0. */
uint64_t roster_evict(struct roster *roster, const struct roster_entry *entry, size_t most);

#endif
