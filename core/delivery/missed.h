/*
 * What a loop could not be told of: messages that were published on another thread, and did not
 * arrive for lack of memory or because too much was on its way already (limits.queue_bytes).
 *
 * Each audience has one, so that saying so needs no memory. Any thread notes; then the audience's
 * loop is woken once, and its receivers meet their policies.
 */
#ifndef SLUICE_DELIVERY_MISSED_H
#define SLUICE_DELIVERY_MISSED_H

#include "delivery/topic_counts.h"
#include "loop/mailbox.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct audience;

/* Topics that can be told apart. Of further ones all receivers that are in any topic are said to
 * have missed a message, since each of them may have. */
#define MISSED_TOPICS 32u

struct missed_count {
    uint64_t messages;
    uint64_t bytes;
};

struct missed_topic {
    uint64_t hash;
    enum topic_kind kind;
    struct missed_count count;
};

/* What has been noted and not been taken. */
struct missed_notes {
    struct missed_count all;        /* by all receivers */
    struct missed_count subscribed; /* by those that are in any topic */
    struct missed_topic topics[MISSED_TOPICS];
    unsigned topic_count; /* in `topics` */
};

struct missed {
    struct mail mail; /* first; posted while there is something */
    pthread_mutex_t lock;
    bool is_posted; /* guarded by `lock`, as are the notes */
    struct missed_notes notes;
};

void missed_init(struct missed *missed);
void missed_deinit(struct missed *missed);

/* Notes that the audience's receivers, or the subscribers of a topic among them, miss messages;
 * not if a topic has no subscriber. Any thread. */
void missed_note(struct audience *audience, const struct topic_key *key, uint64_t messages,
                 uint64_t bytes);

#endif
