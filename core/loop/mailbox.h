/*
 * A mailbox: how any thread hands work to one loop.
 *
 * A lock-free list that many threads push to and one loop empties. The loop is woken by an eventfd,
 * once for however many mails arrive before it looks.
 */
#ifndef SLUICE_LOOP_MAILBOX_H
#define SLUICE_LOOP_MAILBOX_H

#include "base/error.h"

#include <stdatomic.h>

struct loop;

/* One piece of work; the first member of a larger struct that `deliver` knows. */
struct mail {
    struct mail *next;
    /* Runs on the receiving loop; owns the mail from here on. */
    void (*deliver)(struct loop *loop, struct mail *mail);
};

struct mailbox {
    _Atomic(struct mail *) newest;
    int event_fd;
};

/* Opens the eventfd. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int mailbox_init(struct mailbox *box);

/* Closes the eventfd. The box must be empty. */
void mailbox_deinit(struct mailbox *box);

/* Posts a mail; the box owns it until its delivery. Any thread. Never fails. */
void mailbox_post(struct mailbox *box, struct mail *mail);

/* Takes all mails, oldest first. Only the receiving loop. */
struct mail *mailbox_take(struct mailbox *box);

#endif
