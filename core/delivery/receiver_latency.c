#include "delivery/receiver_latency.h"

#include "delivery/delivery_loop.h"

static uint32_t late_time(int64_t ns)
{
    return (uint32_t)(ns >> RECEIVER_TIME_SHIFT);
}

void receiver_note_latency(struct receiver *receiver)
{
    struct delivery_loop *loop = receiver->loop;
    bool has_message = receiver->has_message && !receiver->write_failed;
    receiver->has_message = false;
    if (receiver_is_drained(receiver)) {
        uint32_t waited = late_time(loop->loop->now) - receiver->late_since;
        if (receiver->is_late && !receiver->write_failed)
            histogram_add(&loop->stats.latency, (uint64_t)waited << RECEIVER_TIME_SHIFT);
        else
            loop->written += has_message;
        receiver->is_late = false;
    } else if (has_message && !receiver->is_late) {
        receiver->is_late = true;
        receiver->late_since = late_time(loop->since);
    }
}
