/*
 * Messages of permessage-deflate inflated (RFC 7692, section 7.2.2).
 *
 * Pure: no sockets. An inflater belongs to one thread and serves any number of clients, one message
 * after the other, since none of them has a context that is kept.
 */
#ifndef SLUICE_WS_INFLATER_H
#define SLUICE_WS_INFLATER_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inflater;

/* Returns 0 or ERR_NO_MEMORY. *out is owned by the caller: inflater_destroy. */
MUST_CHECK int inflater_create(struct inflater **out);

/* NULL is fine. */
void inflater_destroy(struct inflater *inflater);

/* The next step is the first one of a message, whose `out` is empty. */
void inflater_begin(struct inflater *inflater);

/* Inflates a part of a message into `out`, behind what is there, and declares `maximum` bytes and
 * one as what `out` may hold. `data` is the whole payload, the same in each step. A step looks at
 * 8 KiB of it and makes 64 KiB at most, so that it takes about a millisecond at worst. *is_done:
 * the message is complete. Returns 0, ERR_LIMIT (the message is longer than `maximum`), ERR_INVALID
 * (it is corrupt, ends in the middle of a block, or goes on behind a final block with what is no
 * block) or ERR_NO_MEMORY; an error ends the message. */
MUST_CHECK int inflater_step(struct inflater *inflater, const uint8_t *data, size_t len,
                             size_t maximum, struct buffer *out, bool *is_done);

#endif
