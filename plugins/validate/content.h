/*
 * What a message of JSON holds: schemas, chosen by a member if there are several, and what its
 * texts may be made of.
 *
 * Made in create, immutable afterwards; any thread may check. What a check needs to work with is
 * taken from a pool, so that a message costs no allocation once the pool is warm.
 */
#ifndef VALIDATE_CONTENT_H
#define VALIDATE_CONTENT_H

#include "schema/schema.h"
#include "refusal.h"

#include <sluice/plugin.h>

#include <pthread.h>

struct typed_schema {
    char *type; /* owned; the discriminator's value */
    struct schema *schema;
};

struct worker; /* an arena and a context */

struct content {
    const struct sl_host *host;
    bool is_asked; /* anything of it is configured */
    struct document_limits limits;
    struct schema_limits bounds; /* of a check */
    struct schema *schema;       /* owned; NULL: none */
    struct typed_schema *typed;  /* owned */
    size_t typed_count;
    const char *discriminator; /* the option's */
    bool refuses_control;
    bool refuses_bidi;
    bool requires_nfc;
    pthread_mutex_t lock; /* of the pool */
    struct worker *pool;
};

/* Reads the options. Returns 0, or SL_ERROR after host->fail; nothing is owned then. */
int content_init(struct content *content, struct sl_instance *self);
void content_deinit(struct content *content);

/* Whether a message passes. If not, *refusal says why. */
bool content_check(struct content *content, const char *data, size_t len, struct refusal *refusal);

#endif
