/*
 * The JSON Schemas that messages have to meet: one for all messages, and one for each message type,
 * which a member (the discriminator) tells.
 *
 * Read and compiled in create, immutable afterwards; any thread may check, with a context of its
 * own.
 */
#ifndef VALIDATE_SCHEMAS_H
#define VALIDATE_SCHEMAS_H

#include "refusal.h"

#include <sluice/plugin.h>

struct typed_schema {
    struct json_text type; /* the discriminator's value; borrowed from the options */
    struct schema *schema; /* owned */
};

struct schemas {
    struct schema *all;         /* owned; NULL: none */
    struct typed_schema *typed; /* owned */
    size_t typed_count;
    struct json_text discriminator; /* borrowed from the options */
};

/* Reads the options. Returns 0, or SL_ERROR after host->fail; nothing is owned then. */
int schemas_init(struct schemas *schemas, struct sl_instance *self);
void schemas_deinit(struct schemas *schemas, const struct sl_host *host);

/* Whether there is any. */
bool schemas_ask(const struct schemas *schemas);

bool schemas_check(const struct schemas *schemas, struct schema_context *context,
                   const struct json_value *message, struct refusal *refusal);

#endif
