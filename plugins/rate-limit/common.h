/*
 * Allowances that entries of several pipelines share, by name: `per: all`.
 *
 * The one thing in this plugin that is of the process and not of an instance. Any thread.
 *
 * Entries of one name have to have the same limits. A reload makes an entry's next instance before
 * the one before it ends, so an entry may join with other limits than it has; then those of whoever
 * joined last count for all, until it leaves.
 */
#ifndef RATE_LIMIT_COMMON_H
#define RATE_LIMIT_COMMON_H

#include "bucket.h"

#include <stddef.h>

/* One entry's part in an allowance. */
struct common_part;

/* Which entry: where it stands in the configuration. Borrowed until the part leaves. */
struct common_place {
    const char *endpoint;
    const char *instance;
    size_t rule;
};

/* Joins the allowance of that name, which is made if it is not there yet. Returns a part, owned by
 * the caller, or NULL: *differs tells whether that is because others have other limits, else there
 * is no memory. */
struct common_part *common_join(const char *name_cstr, const struct common_place *place,
                                const struct limits *limits, bool *differs);
void common_leave(struct common_part *part); /* NULL is fine */

/* As bucket_take and bucket_give. */
bool common_use(struct common_part *part, uint64_t bytes, int64_t now, int64_t patience,
                int64_t *wait);
void common_give(struct common_part *part, uint64_t bytes);

#endif
