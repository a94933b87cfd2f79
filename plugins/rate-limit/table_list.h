/*
 * Tables by the entry that they are for, so that what clients have used up is not forgotten when a
 * reload makes an entry's next instance: that one joins the table of the one before it.
 *
 * Of the process and not of an instance, as common.h. Any thread.
 */
#ifndef RATE_LIMIT_TABLE_LIST_H
#define RATE_LIMIT_TABLE_LIST_H

#include "table.h"

/* The table of that id, made with `max_keys` if it is not there yet. The id says which limit of
 * which entry it is for and what its keys mean; it is copied. Returns it with a reference, or NULL:
 * no memory, or no random bytes. */
struct table *table_list_join(const struct sl_host *host, const char *id_cstr, uint32_t max_keys);

/* Gives it up; the last one destroys it. NULL is fine. */
void table_list_leave(struct table *table);

#endif
