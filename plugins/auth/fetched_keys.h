/*
 * Keys that are fetched from a JWKS URL, and kept up to date.
 *
 * Shared between an instance's policies, so that a reload does not lose them; behind a lock of its
 * own. There is one fetch at a time, whoever asks for it. A token of an unknown key causes one, but
 * not more often than `refetch` allows; fetches that were due anyway do not count. Who needs a
 * fetch waits for its end without holding a thread. A key is known to be in no set only when a
 * fetch has succeeded that began after somebody asked for it. If a fetch fails, the next one is due
 * after a second, and then after twice as long each time, up to `refetch`; the keys of before stay
 * in force until they are older than `max_age`. Keys that a newer set lacks stay good for `keep`.
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
    int64_t refetch; /* between fetches that unknown keys cause; the longest between failures */
    bool is_vital;   /* as long as there is no key the instance says that it is not ready */
    int64_t max_age;
    int64_t keep;
    int64_t timeout;          /* of a fetch */
    const char *ca_file_cstr; /* copied for each fetch; NULL: the system's */
    const struct meters *meters;
    struct http *http;
};

/* Who waits for the end of a fetch. */
struct keys_waiter {
    struct keys_waiter *next;  /* private */
    struct keys_waiter **link; /* private: what points to it; NULL: it does not wait */
    const atomic_bool *is_cancelled;
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

/* Says on /metrics and /readyz whether there are keys; so does the end of each fetch. */
void fetched_keys_report(struct fetched_keys *keys, const struct fetch_rules *rules,
                         struct sl_instance *self);

/* Fetches if it is time to. */
void fetched_keys_maintain(struct fetched_keys *keys, const struct fetch_rules *rules,
                           struct sl_instance *self);

/* What is known about a key that is in no set. */
enum keys_hope {
    KEYS_ABSENT, /* a set that was fetched since has not had it */
    KEYS_SOON,   /* a fetch is under way, or may begin: fetched_keys_wait */
    KEYS_LATER   /* none may begin now */
};

/* What is known about a key that was first asked for at `since` (ns, monotonic). With KEYS_LATER
 * *after gets the ns until the next fetch. */
enum keys_hope fetched_keys_hope(struct fetched_keys *keys, int64_t since, int64_t now,
                                 int64_t *after);

/* Fetches, if that may be, and calls the waiter when the fetch that is under way has ended; at once
 * if there is none, or the waiter is cancelled. False: too many wait. */
bool fetched_keys_wait(struct fetched_keys *keys, const struct fetch_rules *rules,
                       struct sl_instance *self, struct keys_waiter *waiter);

/* For a waiter that has been cancelled: gives its place back. True: on_keys will not be called. */
bool fetched_keys_leave(struct fetched_keys *keys, struct keys_waiter *waiter);

#endif
