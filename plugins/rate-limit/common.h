/*
 * Allowances that entries of several pipelines share by name: `per: all`. Any thread.
 *
 * They belong to the process, not to an instance, as do the tables of table_list.h.
 *
 * All entries of one name have to have the same limits. A reload creates an entry's next instance
 * before it destroys the previous one, so an entry may join with limits other than it has already.
 * The limits of the part that joined last then apply to all, until it leaves.
 */
#ifndef RATE_LIMIT_COMMON_H
#define RATE_LIMIT_COMMON_H

#include "bucket.h"

#include <stddef.h>

/* One entry's part in an allowance. */
struct common_part;

/* An entry's position in the configuration. Borrowed until the part leaves. */
struct common_place {
    const char *endpoint;
    const char *instance;
    size_t rule;
};

/* Joins the allowance of that name; it is created if there is none. Returns a part that the caller
 * owns, or NULL: *differs tells whether other entries have other limits, or else there is no
 * memory. */
struct common_part *common_join(const char *name_cstr, const struct common_place *place,
                                const struct limits *limits, bool *differs);
void common_leave(struct common_part *part); /* NULL is fine */

/* As bucket_take and bucket_give. */
bool common_use(struct common_part *part, uint64_t bytes, int64_t now, int64_t patience,
                int64_t *wait);
void common_give(struct common_part *part, uint64_t bytes);

#endif
