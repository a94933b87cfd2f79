/*
 * Keys that are fetched from a JWKS URL, and kept up to date.
 *
 * Shared between an instance's policies, so that a reload does not lose them; behind a lock of its
 * own. There is one fetch at a time, whoever asks for it. A token of an unknown key causes one, but
 * not more often than `refetch` allows; who needs it waits for its end without holding a thread. If
 * a fetch fails the keys of before stay in force until they are older than `max_age`; keys that a
 * newer set lacks stay good for `keep`.
 */
#ifndef AUTH_FETCHED_KEYS_H
#define AUTH_FETCHED_KEYS_H

#include "http.h"
#include "key_set.h"
#include "meters.h"

#define FETCHED_SETS 2       /* the newest, and the one before */
#define KEYS_WAITING_MAX 256 /* who may wait for a fetch */

struct fetched_keys;

/* Times in ns. What it points to outlives the policy that has it. */
struct fetch_rules {
    int64_t refresh; /* between fetches */
    int64_t refetch; /* between fetches that unknown keys, or failures, cause */
    int64_t max_age;
    int64_t keep;
    int64_t timeout;          /* of a fetch */
    const char *ca_file_cstr; /* copied for each fetch; NULL: the system's */
    const struct meters *meters;
    struct http *http;
};

/* Who waits for the end of a fetch. */
struct keys_waiter {
    struct keys_waiter *next;
    /* Called once: on the thread of `http`, or before fetched_keys_wait returns. */
    void (*on_keys)(struct keys_waiter *waiter);
};

/* NULL: no memory. The URL is copied. */
struct fetched_keys *fetched_keys_create(const char *url_cstr);
struct fetched_keys *fetched_keys_ref(struct fetched_keys *keys);
void fetched_keys_unref(struct fetched_keys *keys); /* NULL is fine */
bool fetched_keys_is_from(const struct fetched_keys *keys, const char *url_cstr);

/* References to the sets that are good now, for the caller to give back; NULLs where there is
 * none. */
void fetched_keys_take(struct fetched_keys *keys, int64_t now, struct key_set *sets[FETCHED_SETS]);

/* Fetches if it is time to. */
void fetched_keys_maintain(struct fetched_keys *keys, const struct fetch_rules *rules,
                           struct sl_instance *self);

/* Whether a key that is not known may come: one is being fetched, or may be. */
bool fetched_keys_may_come(struct fetched_keys *keys, int64_t now);

/* Fetches, if that may be, and calls the waiter when the fetch that is under way has ended. False:
 * too many wait. */
bool fetched_keys_wait(struct fetched_keys *keys, const struct fetch_rules *rules,
                       struct sl_instance *self, struct keys_waiter *waiter);

#endif
