/*
 * After a reload: would a connected client still be let in (on_recheck)?
 *
 * The client's token is not kept, so only its result can be checked: the client's identity and the
 * method that found it. Runs on the client's thread.
 */
#ifndef AUTH_RECHECK_H
#define AUTH_RECHECK_H

#include "policy.h"

/* SL_CONTINUE, or SL_DENY if the client shows nothing and has to, if its identity is not allowed,
 * if the method by which this instance knew it is gone, or if its name has left the list of tokens.
 * Clients that another instance or plugin has named are left to that one. */
enum sl_verdict recheck(struct policy *policy, struct sl_instance *self, struct sl_client *client);

#endif
