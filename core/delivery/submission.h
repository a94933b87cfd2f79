/*
 * Submissions: the writes of a flush to many receivers go to the kernel together, through a ring.
 *
 * Only the loop's thread, except submission_create. A portion of the receivers is prepared, then
 * written to in one system call, then settled, so for everybody else a submission is one write
 * after the other. While a portion is under way nothing is published and no receiver ends; settling
 * one receiver may end that receiver and no other.
 */
#ifndef SLUICE_DELIVERY_SUBMISSION_H
#define SLUICE_DELIVERY_SUBMISSION_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct delivery_loop;
struct receiver;
struct submission;

#define SUBMISSION_MOST 256u /* writes at once; more gain little, measured */

/* From so many writes at once on, a submission takes less CPU than as many calls. Measured. */
#define SUBMISSION_WORTH 64u

/* For flushes with at least `least` writes. Returns 0, or ERR_NO_MEMORY or ERR_SYSTEM with a
 * reason, in static storage. */
MUST_CHECK int submission_create(uint32_t least, struct submission **out, const char **reason);

/* NULL is fine. */
void submission_destroy(struct submission *submission);

/* The memory that it takes, the kernel's share included; bytes. */
size_t submission_bytes(const struct submission *submission);

/* receiver_flush for each of them, in that order, in submissions where the loop has them and the
 * writes are enough. If the ring fails the loop goes on without it, and says so in the log. */
void submission_flush(struct delivery_loop *loop, struct receiver *const *receivers,
                      uint32_t count);

#endif
