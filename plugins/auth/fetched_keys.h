/*
 * Keys that are fetched from a JWKS URL and kept up to date.
 *
 * Shared between an instance's policies, so that a reload does not lose them; behind a lock of its
 * own. There is one fetch at a time for all callers. A token with an unknown key causes a fetch,
 * but not more often than `refetch` allows; fetches that were due anyway do not count. A caller
 * that needs a fetch waits for its end without holding a thread. A key is known to be in no set
 * only when a fetch that began after the question has succeeded. If a fetch fails, the next one is
 * due after a second, then after twice as long each time, up to `refetch`; the previous keys stay
 * in force until they are older than `max_age`. Keys that a newer set lacks stay good for `keep`.
 * What is fetched is read on a worker. A fetch ends with the instance.
 */
#ifndef AUTH_FETCHED_KEYS_H
#define AUTH_FETCHED_KEYS_H

#include "key_set.h"
#include "meters.h"

#include <sluice/plugin.h>

#include <stdatomic.h>

#define FETCHED_SETS 2       /* the newest, and the one before */
#define KEYS_WAITING_MAX 256 /* waiters for one fetch */

struct fetched_keys;

/* Times in ns. `meters` outlives the policy that has it. */
struct fetch_rules {
    int64_t refresh; /* between fetches */
    int64_t refetch; /* between fetches that unknown keys cause; also the longest pause after
                        failures */
    bool is_vital;   /* the instance is not ready as long as there is no key */
    int64_t max_age;
    int64_t keep;
    int64_t timeout;          /* of a fetch */
    const char *ca_file_cstr; /* NULL: the system's */
    const struct meters *meters;
};

/* A caller that waits for the end of a fetch. */
struct keys_waiter {
    struct keys_waiter *next;  /* private */
    struct keys_waiter **link; /* private: the pointer to it in the list; NULL: it does not wait */
    const atomic_bool *is_cancelled;
    /* Called once: on a worker, perhaps on a loop, or before fetched_keys_wait returns. */
    void (*on_keys)(struct keys_waiter *waiter);
};

/* NULL: no memory. The URL is copied. */
struct fetched_keys *fetched_keys_create(const char *url_cstr);
struct fetched_keys *fetched_keys_ref(struct fetched_keys *keys);
void fetched_keys_unref(struct fetched_keys *keys); /* NULL is fine */
bool fetched_keys_is_from(const struct fetched_keys *keys, const char *url_cstr);

/* References to the sets that are good now, which the caller gives back; NULL where there is none.
 */
void fetched_keys_take(struct fetched_keys *keys, int64_t now, struct key_set *sets[FETCHED_SETS]);

/* Reports on /metrics and /readyz whether there are keys. From now on the end of each fetch does so
 * too, by these rules, also if it began under others. */
void fetched_keys_report(struct fetched_keys *keys, const struct fetch_rules *rules,
                         struct sl_instance *self);

/* Others are reported from now on: the end of a fetch that is under way says nothing. */
void fetched_keys_end_reports(struct fetched_keys *keys);

/* Starts a fetch if one is due. */
void fetched_keys_maintain(struct fetched_keys *keys, const struct fetch_rules *rules,
                           struct sl_instance *self);

/* What is known about a key that is in no set. */
enum keys_hope {
    KEYS_ABSENT, /* a set that was fetched since does not have it */
    KEYS_SOON,   /* a fetch is under way, or may begin: fetched_keys_wait */
    KEYS_LATER   /* none may begin now */
};

/* Whether a key that was first asked for at `since` (ns, monotonic) can still come. With KEYS_LATER
 * *after is set to the ns until the next fetch. */
enum keys_hope fetched_keys_hope(struct fetched_keys *keys, int64_t since, int64_t now,
                                 int64_t *after);

/* Starts a fetch if one is allowed, and calls the waiter when the current fetch has ended; at once
 * if there is none, or if the waiter is cancelled. False if too many wait. */
bool fetched_keys_wait(struct fetched_keys *keys, const struct fetch_rules *rules,
                       struct sl_instance *self, struct keys_waiter *waiter);

/* Removes a waiter that has been cancelled. True: on_keys will not be called. */
bool fetched_keys_leave(struct fetched_keys *keys, struct keys_waiter *waiter);

#endif
