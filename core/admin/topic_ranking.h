/*
 * The first topics of an order: those with the most subscribers, or by name.
 *
 * On a CivetWeb worker. No loop is asked: the delivery counts the subscribers of each topic over
 * all loops, under a lock that clients need to subscribe. It is held for a portion of the topics at
 * a time, and left alone between two, so that a million of them hold nobody up. Memory is bounded
 * by the limit.
 */
#ifndef SLUICE_ADMIN_TOPIC_RANKING_H
#define SLUICE_ADMIN_TOPIC_RANKING_H

#include "base/error.h"
#include "delivery/topic.h"

#include <stddef.h>
#include <stdint.h>

#define TOPIC_RANKING_MAX 100u /* topics of an answer */

enum topic_order { TOPIC_ORDER_SUBSCRIBERS, TOPIC_ORDER_NAME };

/* Which topics are wanted. */
struct topic_question {
    const struct fanout *fanout; /* NULL: of all endpoints */
    const char *part;            /* that their names have; NULL: any name will do */
    enum topic_order order;
    size_t limit; /* 1 to TOPIC_RANKING_MAX */
};

struct ranked_topic {
    const struct fanout *fanout;
    uint32_t subscribers;
    size_t len;
    char name[TOPIC_NAME_MAX + 1];
};

struct topic_ranking {
    struct ranked_topic *topics;                    /* owned; in no order */
    struct ranked_topic *sorted[TOPIC_RANKING_MAX]; /* the first one first */
    size_t count;
    uint64_t found; /* topics that are wanted, whatever the limit */
};

/* Finds the first ones. A topic that comes or goes meanwhile may be among them or not.
 * topic_ranking_free is due after an error too. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_ranking_find(struct topic_counts *counts,
                                  const struct topic_question *question, struct topic_ranking *out);

void topic_ranking_free(struct topic_ranking *ranking);

#endif
