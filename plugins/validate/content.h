/*
 * The content of a text message: JSON within limits, its members, its texts and its schemas; and
 * the changes that are made to it.
 *
 * Read in create, immutable afterwards; any thread may check.
 */
#ifndef VALIDATE_CONTENT_H
#define VALIDATE_CONTENT_H

#include "escape.h"
#include "members.h"
#include "refusal.h"
#include "schemas.h"
#include "texts.h"
#include "worker.h"

#include <sluice/plugin.h>

struct content {
    bool json;       /* a message has to be JSON */
    bool needs_tree; /* and is looked at beyond that */
    bool is_asked;   /* anything of it is configured */
    struct json_limits limits;
    struct members members;
    struct schemas schemas;
    struct texts texts;
    struct escape escape;
    struct worker_pool pool;
};

/* The changed message, in the worker's arena; valid until the worker is given back. */
struct change {
    bool is_made;
    struct json_text text;
};

/* Reads the options into `content` (zeroed). Returns 0, or SL_ERROR after host->fail; nothing is
 * owned then. */
int content_init(struct content *content, struct sl_instance *self);
void content_deinit(struct content *content, const struct sl_host *host);

/* Whether a text message passes, perhaps changed. If not, *refusal says why. Removals come first,
 * so that all rules see the text that is passed on; escaping comes last. */
bool content_check(const struct content *content, struct worker *worker, struct json_text message,
                   struct change *change, struct refusal *refusal);

#endif
