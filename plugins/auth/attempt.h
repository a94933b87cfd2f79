/*
 * A check that takes time: a slow hash, a question to an HTTP service, or keys that have to be
 * fetched. It owns copies of what the client showed, holds no thread while it waits, and then
 * completes the deferral.
 *
 * It has two owners: the code that runs it, and the deferral, which may still call on_cancel with
 * it. The last one frees it.
 */
#ifndef AUTH_ATTEMPT_H
#define AUTH_ATTEMPT_H

#include "policy.h"
#include "session.h"

/* How the check of an upgrade ends: the verdict and the answer's headers. For checks that waited
 * and those that did not. */
struct outcome {
    enum sl_verdict verdict;
    int status; /* of a refusal */
    const char *reason;
    struct sl_pair headers[1];
    size_t header_count;
};

struct outcome attempt_outcome(const struct policy *policy, enum check result,
                               struct finding *finding);

/* Whether the result means that the check has to go on with attempt_start. */
bool attempt_is_needed(enum check result);

/* Defers an upgrade, or a message that renews, and does what `result` asks for. Returns SL_DEFER,
 * or SL_ERROR if there is no memory. */
enum sl_verdict attempt_start(struct policy *policy, struct sl_instance *self,
                              struct sl_client *client, bool is_renewal, const struct shown *shown,
                              enum check result);

#endif
