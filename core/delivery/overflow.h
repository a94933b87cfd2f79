/*
 * Overflow policies: what happens when a receiver's queue is over a limit of its endpoint.
 */
#ifndef SLUICE_DELIVERY_OVERFLOW_H
#define SLUICE_DELIVERY_OVERFLOW_H

/* The labels are those of queue.overflow and of sluice_dropped_messages_total. */
#define OVERFLOW_POLICIES(X)                                                                       \
    X(OVERFLOW_CLOSE, "close")             /* the receiver is closed with 1013 */                  \
    X(OVERFLOW_DROP_OLDEST, "drop-oldest") /* the oldest messages that wait are dropped */         \
    X(OVERFLOW_DROP_NEWEST, "drop-newest") /* the newest ones */                                   \
    X(OVERFLOW_CONFLATE, "conflate")       /* of the messages of a key only the latest waits */

enum overflow_policy {
#define OVERFLOW_ENUM(name, label) name,
    OVERFLOW_POLICIES(OVERFLOW_ENUM)
#undef OVERFLOW_ENUM
        OVERFLOW_POLICY_COUNT
};

#endif
