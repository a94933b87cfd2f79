/*
 * Lists of clients' ids, a page at a time: the loops are asked one after the other, each in
 * portions, and none waits for another.
 *
 * A page is mail that goes from loop to loop, and in the end to its home. Clients are in the order
 * of loops and of their slots there, so a cursor names the place where the next page begins, and a
 * client that stays is in one page.
 */
#ifndef SLUICE_HUB_CLIENT_LIST_H
#define SLUICE_HUB_CLIENT_LIST_H

#include "base/error.h"
#include "client/client_filter.h"
#include "loop/mailbox.h"

#include <stdint.h>

struct hub;
struct loop;

#define CLIENT_LIST_MAX 1024u /* ids in a page */

struct client_list {
    struct mail mail; /* first */
    struct hub *hub;
    struct loop *home;
    struct client_filter filter; /* an endpoint, and perhaps an identity */
    /* On the thread of `home`, when the page is full or the list at its end; the page is the
     * receiver's. */
    void (*done)(struct client_list *list);
    uint64_t cursor;   /* where it begins; when it is done, where the next one does; 0: nowhere */
    unsigned loop;     /* the one that is asked */
    uint32_t position; /* the next slot there */
    uint32_t max;      /* room for ids */
    uint32_t count;
    uint64_t ids[];
};

/* Whether it is where a page of that hub may begin. Any thread. */
bool client_list_is_cursor(const struct hub *hub, uint64_t cursor);

/* Begins. `hub`, `home`, `filter`, `done`, `cursor` and `max` are set, the rest is zeroed. Any
 * thread.
 */
void client_list_begin(struct client_list *list);

#endif
