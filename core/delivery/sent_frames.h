/*
 * The frames in what a receiver is written, for whoever watches it (receiver.is_traced).
 *
 * Only the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_SENT_FRAMES_H
#define SLUICE_DELIVERY_SENT_FRAMES_H

#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct receiver;

struct sent_frame {
    enum opcode opcode;
    bool is_compressed; /* the payload is as it is on the wire */
    const uint8_t *payload;
    size_t len;
};

/* Calls receiver_calls.sent for each frame that begins in the first `sent` bytes of the pieces,
 * which are what receiver_flush gathers. The frame under way, `begun` bytes, was told of before,
 * and so was the response to the upgrade, which is no frame. */
void sent_frames_tell(struct receiver *receiver, const struct iovec *pieces, size_t count,
                      size_t begun, size_t sent);

#endif
