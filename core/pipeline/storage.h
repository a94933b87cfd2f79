/*
 * The storage tables of a server by name: one for each endpoint and one for each name of an
 * instance at an endpoint. Instances hold the tables that they use, so that a new instance of a
 * name finds what the one before it has left.
 *
 * Main thread; the tables themselves may be used by any thread. A table is there as long as an
 * instance holds it or the configuration has its name. The reload that takes the name out of the
 * configuration takes the table away from it: instances that still hold it go on with it, and
 * another instance of that name begins with an empty one.
 */
#ifndef SLUICE_PIPELINE_STORAGE_H
#define SLUICE_PIPELINE_STORAGE_H

#include "base/error.h"
#include "base/hash_table.h"
#include "base/siphash.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct storage_limits;
struct kept_table;
struct storage_table;
struct storage_writer;

/* Whoever holds it may use `table` on any thread. */
struct named_table {
    struct hash_link link;               /* first; while it can be found */
    struct named_table *next, *previous; /* likewise */
    struct storage_table *table;
    struct kept_table *kept; /* in the file; owned until the configuration keeps the table */
    char *endpoint;
    char *instance;   /* NULL: the endpoint's own */
    size_t max_bytes; /* of its own; 0: those of all */
    size_t max_entries;
    unsigned references;
    bool is_listed; /* it can be found */
    bool is_kept;   /* one of the references is the configuration's */
    bool is_wanted; /* between storage_keep_begin and storage_keep_end: it has been named */
};

/* Zeroed, there are no tables, and those that come take nothing. */
struct storage {
    struct siphash_key key;
    size_t max_bytes; /* of each table */
    size_t max_entries;
    struct hash_table names;
    struct named_table *first;
    struct storage_writer *writer; /* owned; NULL: tables are gone with the process */
};

/* Makes the secret. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int storage_init(struct storage *storage);

/* What each table may hold from now on, unless it has limits of its own. */
void storage_set_limits(struct storage *storage, size_t max_bytes, size_t max_entries);

/* The same from a configuration, and how often tables are written. */
void storage_configure(struct storage *storage, const struct config *config);

/* From now on tables are kept in a file, from which they are filled; before there is any. Returns
 * 0, ERR_SYSTEM (with a sentence in `why`, STORAGE_FILE_TEXT bytes) or ERR_NO_MEMORY. */
MUST_CHECK int storage_open(struct storage *storage, const char *path, int64_t interval, char *why);

/* Starts to write, if there is a file. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int storage_start(struct storage *storage);

/* Writes what there is to write, in a bounded time, and lets go of the file. */
void storage_close(struct storage *storage);

/* The table of an instance's name at an endpoint (NULL: of the endpoint), made if there is none,
 * with these limits. One reference. Returns 0, ERR_NO_MEMORY or ERR_SYSTEM: the file cannot be
 * read, as the log says.
 */
MUST_CHECK int storage_take(struct storage *storage, const char *endpoint, const char *instance,
                            const struct storage_limits *limits, struct named_table **out);

/* One reference less. NULL is fine. */
void storage_give_back(struct storage *storage, struct named_table *named);

/* What a configuration keeps: begin, then each name that it has and the limits of its table, then
 * end, which takes the tables
 * away from all other names, in the file, too. Begin and end alone give everything up. */
void storage_keep_begin(struct storage *storage);
void storage_keep(struct storage *storage, const char *endpoint, const char *instance,
                  const struct storage_limits *limits);
void storage_keep_end(struct storage *storage);

#endif
