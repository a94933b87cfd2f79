#include "loop/mailbox.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *box)
{
    atomic_init(&box->newest, NULL);
    box->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return box->event_fd < 0 ? ERR_SYSTEM : OK;
}

void mailbox_deinit(struct mailbox *box)
{
    if (box->event_fd >= 0)
        close(box->event_fd);
    box->event_fd = -1;
}

void mailbox_post(struct mailbox *box, struct mail *mail)
{
    struct mail *newest = atomic_load_explicit(&box->newest, memory_order_relaxed);
    do {
        mail->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &newest, mail,
                                                    memory_order_release, memory_order_relaxed));
    /* Whoever finds the box empty rings; the loop clears the bell before it empties the box. */
    if (newest == NULL) {
        uint64_t one = 1;
        ssize_t written = write(box->event_fd, &one, sizeof one);
        (void)written; /* Fails only when the counter is full, and then the bell is ringing. */
    }
}

struct mail *mailbox_take(struct mailbox *box)
{
    uint64_t count;
    ssize_t got = read(box->event_fd, &count, sizeof count);
    (void)got; /* Nothing to read means that nobody has rung since the last time. */

    struct mail *mail = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    struct mail *oldest = NULL;
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->next = oldest;
        oldest = mail;
        mail = next;
    }
    return oldest;
}
