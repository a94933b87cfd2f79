/*
 * A storage table that is kept in a file, and its way from there into memory.
 *
 * Functions say what they may be called beside; none of them is a loop's.
 */
#ifndef SLUICE_PIPELINE_STORAGE_KEPT_H
#define SLUICE_PIPELINE_STORAGE_KEPT_H

#include "base/error.h"
#include "pipeline/storage_file.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct storage_batch;
struct storage_table;

struct kept_table {
    struct kept_table *next;     /* in its writer's list */
    struct storage_table *table; /* one reference */
    char *endpoint;
    char *instance;          /* NULL: the endpoint's own */
    int64_t number;          /* in the file; 0: not known */
    int64_t over_until;      /* wall clock, ns: what was over then, was not loaded; 0: nothing */
    _Atomic bool is_dropped; /* the file is to forget it */
};

/* NULL: no memory. */
struct kept_table *kept_table_create(const char *endpoint, const char *instance,
                                     struct storage_table *table);

/* NULL is fine. */
void kept_table_destroy(struct kept_table *kept);

bool kept_table_has_name(const struct kept_table *kept, const char *endpoint, const char *instance);

/* Fills the table, which is empty, with what the file has. May run beside what writes. Returns 0,
 * ERR_SYSTEM (see `why`) or ERR_NO_MEMORY. */
MUST_CHECK int kept_table_load(struct kept_table *kept, struct storage_file *file, char *why);

/* Deletes what was over when the table was loaded, before anything of the table is written: by a
 * clock that has been set back, what is written later may be over earlier. If that is not possible,
 * it is deleted when the table is loaded again. Alone in writing. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int kept_table_delete_over(struct kept_table *kept, struct storage_file *file,
                                      char *why);

/* Writes a batch in one transaction. Its changes are of `first` and of tables behind it in the
 * list, in that order. Alone in writing. Returns 0 or ERR_SYSTEM, and then the file is as it
 * was. */
MUST_CHECK int kept_tables_write(struct kept_table *first, const struct storage_batch *batch,
                                 struct storage_file *file, char *why);

/* When an entry is over by another clock, which is `shift` ns ahead of its own; 0: never. */
int64_t kept_table_time(int64_t over_at, int64_t shift);

#endif
