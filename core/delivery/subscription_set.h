/*
 * The topics that one receiver is in, found by topic.
 *
 * Only the receiver's loop. A few are a plain list without memory of its own; many have buckets, so
 * that finding one takes the same time however many there are.
 */
#ifndef SLUICE_DELIVERY_SUBSCRIPTION_SET_H
#define SLUICE_DELIVERY_SUBSCRIPTION_SET_H

#include "base/error.h"

#include <stdint.h>

struct receiver;
struct topic;

/* A receiver in a topic. */
struct subscription {
    struct subscription *next; /* in the set */
    struct topic *topic;
    struct receiver *receiver;
    uint32_t index;   /* in the topic's members */
    uint32_t cursor;  /* how much of the topic's batch the receiver has */
    uint32_t skipped; /* messages of the batch that it is not to get */
};

/* Zeroed it is empty. */
struct subscription_set {
    struct subscription *few;      /* while there are no buckets */
    struct subscription **buckets; /* owned; NULL: few */
    uint32_t bucket_count;         /* a power of two, or 0 */
    uint32_t count;
    uint32_t named; /* kept by topic.c: how many of them are to named topics */
};

/* The receiver's subscription to a topic, or NULL. */
struct subscription *subscription_set_find(const struct subscription_set *set,
                                           const struct topic *topic);

/* Adds one whose topic is not in the set. */
void subscription_set_add(struct subscription_set *set, struct subscription *subscription);

/* Takes one out that is in the set. */
void subscription_set_remove(struct subscription_set *set, struct subscription *subscription);

/* Calls `visit` with each until it returns an error, which is returned. */
MUST_CHECK int subscription_set_for_each(struct subscription_set *set,
                                         int (*visit)(struct subscription *subscription));

/* Goes through them, one a call: `cursor` is 0 at first. NULL: there are no more. The one that was
 * returned last may be removed; once others were added the order is another one. */
struct subscription *subscription_set_next(const struct subscription_set *set, uint64_t *cursor);

/* Takes all out, as a list. */
struct subscription *subscription_set_take_all(struct subscription_set *set);

#endif
