/*
 * Why a message went no further, or output was thrown away; the labels of the metric
 * sluice_drops_total.
 */
#ifndef SLUICE_DELIVERY_DROP_REASON_H
#define SLUICE_DELIVERY_DROP_REASON_H

#define DROP_REASONS(X)                                                                            \
    X(DROP_PLUGIN, "plugin")                   /* a plugin's verdict: drop */                      \
    X(DROP_PLUGIN_ERROR, "plugin_error")       /* a plugin failed and on_error is deny */          \
    X(DROP_QUEUE_FULL, "queue_full")           /* a slow client's queue */                         \
    X(DROP_QUEUE_TOTAL, "queue_total")         /* limits.queue_bytes: a large queue */             \
    X(DROP_INPUT_TOTAL, "input_total")         /* limits.input_bytes: much that was received */    \
    X(DROP_MESSAGE_TIMEOUT, "message_timeout") /* message.timeout */                               \
    X(DROP_FRAGMENTS, "fragments")             /* message.max_fragments */                         \
    X(DROP_SENDER_GONE, "sender_gone")         /* it left, and its messages waited for too long */ \
    X(DROP_NO_MEMORY, "no_memory")

enum drop_reason {
#define DROP_ENUM(name, label) name,
    DROP_REASONS(DROP_ENUM)
#undef DROP_ENUM
        DROP_REASON_COUNT
};

#endif
