/*
 * The members that the object at the top of a message has to have: `required`.
 *
 * Read in create, immutable afterwards; any thread may check.
 */
#ifndef VALIDATE_MEMBERS_H
#define VALIDATE_MEMBERS_H

#include "json/json_value.h"
#include "refusal.h"

#include <sluice/plugin.h>

#define MEMBERS_MAX 64 /* members that can be required at once */
#define MEMBER_NAME_MAX                                                                            \
    64 /* bytes of such a member's name, so that any reason fits a close frame */

struct member; /* one of them */

struct members {
    struct member *items; /* owned; names are borrowed from the options */
    size_t count;         /* 0: any JSON will do */
};

/* Reads the option. Returns 0, or SL_ERROR after host->fail; nothing is owned then. */
int members_init(struct members *members, struct sl_instance *self);
void members_deinit(struct members *members, const struct sl_host *host);

/* Whether the message has each member exactly once, since readers disagree on which of two counts,
 * and of its type. If not, *refusal says why. */
bool members_check(const struct members *members, const struct json_value *message,
                   struct refusal *refusal);

#endif
