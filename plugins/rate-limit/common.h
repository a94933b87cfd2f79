/*
 * Allowances that entries of several pipelines share, by name: `per: all`.
 *
 * The one thing in this plugin that is of the process and not of an instance. Any thread.
 */
#ifndef RATE_LIMIT_COMMON_H
#define RATE_LIMIT_COMMON_H

#include "table.h"

struct common;

/* The allowance of that name, made if it is not there yet. Returns it with a reference, or NULL:
 * *differs tells whether that is because it exists with other limits, else there is no memory. */
struct common *common_take(const char *name_cstr, const struct limits *limits, bool *differs);
void common_leave(struct common *common); /* NULL is fine */

/* As bucket_take and bucket_give. */
bool common_use(struct common *common, uint64_t bytes, int64_t now, int64_t patience,
                int64_t *wait);
void common_give(struct common *common, uint64_t bytes);

#endif
