/*
 * Reading options into a policy: functions that its parts share. Main thread, in create and
 * on_reload.
 *
 * Functions that return int return 0, or SL_ERROR after host->fail.
 */
#ifndef AUTH_POLICY_READ_H
#define AUTH_POLICY_READ_H

#include "policy.h"

bool read_is_set(const struct sl_instance *self, const char *name);
int read_no_memory(struct sl_instance *self);

/* A copy of an option's text; NULL if it is not set, or there is no memory. */
const char *read_text_option(struct policy *policy, struct sl_instance *self, const char *name);

/* Reads a list of texts, none of which may be empty. The caller owns its items. */
int read_list(struct policy *policy, struct sl_instance *self, const char *name,
              struct texts *texts);

/* Warns if a duration option is longer than the instance's `timeout`. */
void read_compare_timeout(struct sl_instance *self, const char *name, const char *consequence);

/* Whether a method has the options that it needs. */
bool read_is_configured(const struct sl_instance *self, enum method method);

/* Reads everything about JWTs. Fetched keys are taken over from `before` (or NULL) if it has the
 * same URL. */
int read_jwt(struct policy *policy, struct sl_instance *self, const struct policy *before);

#endif
