/*
 * The storage tables that one writer keeps in its file.
 *
 * Any thread adds tables, which come in front, and marks those that are dropped; only the thread
 * that writes walks the list and takes tables out of it. So whoever walks on from a table meets no
 * newer ones.
 */
#ifndef SLUICE_PIPELINE_STORAGE_KEPT_LIST_H
#define SLUICE_PIPELINE_STORAGE_KEPT_LIST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kept_table;

struct kept_list {
    pthread_mutex_t lock; /* for moments only */
    struct kept_table *first;
};

void kept_list_init(struct kept_list *list);

/* Destroys the tables' records; the tables are not kept any more. */
void kept_list_deinit(struct kept_list *list);

/* Owns `kept` from now on. */
void kept_list_add(struct kept_list *list, struct kept_table *kept);

/* The file is to forget the table. */
void kept_list_drop(struct kept_list *list, struct kept_table *kept);

/* Whether the file still has a table of that name (NULL: any) which nobody is to see again. */
bool kept_list_has_dropped(struct kept_list *list, const char *endpoint, const char *instance);

/* How many changes the tables have that nobody has taken. */
uint64_t kept_list_changes(struct kept_list *list);

/* -- for the thread that writes -- */

/* Finds dropped tables, `max` at most. *first: the list's first table at the same moment, so that
 * whoever finds none and walks from there meets no table whose name a dropped one still has in the
 * file. */
size_t kept_list_find_dropped(struct kept_list *list, struct kept_table *found[], size_t max,
                              struct kept_table **first);

/* Takes a table out and destroys its record. */
void kept_list_remove(struct kept_list *list, struct kept_table *kept);

#endif
