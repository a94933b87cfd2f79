/*
 * A check that takes time: of a slow hash, by an HTTP service, or with new keys. It owns copies of
 * what the client showed, holds no thread while it waits, and then completes the deferral.
 *
 * It belongs to two: to whoever goes on with it, and to the deferral, which may still call
 * on_cancel with it. The last of them frees it.
 */
#ifndef AUTH_ATTEMPT_H
#define AUTH_ATTEMPT_H

#include "policy.h"
#include "session.h"

/* How a check of an upgrade ends: the verdict and what goes with it. Used for those that wait and
 * those that do not. */
struct outcome {
    enum sl_verdict verdict;
    int status; /* of a refusal */
    const char *reason;
    struct sl_pair headers[1];
    size_t header_count;
};

struct outcome attempt_outcome(const struct policy *policy, enum check result,
                               struct finding *finding);

/* Whether a check is not over, but to be gone on with by attempt_start. */
bool attempt_is_needed(enum check result);

/* Defers an upgrade, or the message that renews it, and does what `result` asks for. Returns
 * SL_DEFER, or SL_ERROR: there is no memory. */
enum sl_verdict attempt_start(struct policy *policy, struct sl_instance *self,
                              struct sl_client *client, bool is_renewal, const struct shown *shown,
                              enum check result);

#endif
