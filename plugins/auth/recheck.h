/*
 * A reload asks whether clients that are connected would still be let in (on_recheck).
 *
 * Their tokens are not kept, so only what a token stood for can be asked about: who the client is,
 * and how that was known. Runs on the client's thread.
 */
#ifndef AUTH_RECHECK_H
#define AUTH_RECHECK_H

#include "policy.h"

/* SL_CONTINUE, or SL_DENY: it shows nothing and has to, its identity is not allowed, the method by
 * which this instance knew it is gone, or its name is not in the list of tokens any more. A client
 * whom another instance or plugin has named is theirs to judge. */
enum sl_verdict recheck(struct policy *policy, struct sl_instance *self, struct sl_client *client);

#endif
