/*
 * A completion on its way from any thread to the client's loop: a verdict and a copy of what came
 * with it.
 *
 * Made by the completing thread, then owned by the mailbox, then by the loop.
 */
#ifndef SLUICE_PIPELINE_COMPLETION_H
#define SLUICE_PIPELINE_COMPLETION_H

#include "base/error.h"
#include "loop/mailbox.h"

#include <sluice/plugin.h>

struct message;
struct upgrade;

struct completion {
    struct mail mail; /* first */
    struct sl_ticket ticket;
    enum sl_verdict verdict;
    struct sl_completion details; /* points into `block`; every string is zero-terminated */
    _Alignas(max_align_t) char block[];
};

/* Copies. `details` may be NULL. Returns 0, ERR_INVALID (a size that no plugin has, text that is
 * not UTF-8, or an identity, an attribute or a header that the verdict would use and that is none)
 * or ERR_NO_MEMORY. */
MUST_CHECK int completion_create(struct sl_ticket ticket, enum sl_verdict verdict,
                                 const struct sl_completion *details, struct completion **out);

/* Lay what came with a completion over the message, over the upgrade and its client, or over the
 * client and its opening. Return the verdict, or SL_ERROR if it does not fit. Only the client's
 * loop. */
int completion_apply_to_message(const struct completion *completion, struct message *message);
int completion_apply_to_upgrade(const struct completion *completion, struct sl_client *client,
                                struct upgrade *upgrade);
int completion_apply_to_opening(const struct completion *completion, struct sl_client *client);

#endif
