/*
 * A check that has to wait: for a slow hash, an HTTP service or new keys. It owns copies of what
 * the client showed, runs on a worker thread, and then completes the deferral.
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

/* Defers an upgrade, or (with a session) the message that renews it, and goes on on a worker
 * thread. Returns SL_DEFER, or another verdict if that is not possible. */
enum sl_verdict attempt_start(struct policy *policy, struct sl_instance *self,
                              struct sl_client *client, struct session *session,
                              const struct shown *shown);

#endif
