/*
 * Tables by the entry of the configuration that they belong to. When a reload creates an entry's
 * next instance, that one joins the table of the previous one, so what clients have used up is not
 * forgotten.
 *
 * They belong to the process, not to an instance, as in common.h. Any thread.
 */
#ifndef RATE_LIMIT_TABLE_LIST_H
#define RATE_LIMIT_TABLE_LIST_H

#include "table.h"

/* The table of that id, created with `max_keys` if there is none. The id names the entry, the limit
 * and the meaning of its keys; it is copied. Returns the table with a reference, or NULL: no
 * memory, or no random bytes. */
struct table *table_list_join(const struct sl_host *host, const char *id_cstr, uint32_t max_keys);

/* Drops a reference; the last one destroys the table. NULL is fine. */
void table_list_leave(struct table *table);

#endif
