#include "loop/mailbox.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct numbered_mail {
    struct mail mail; /* first */
    unsigned sender;
    unsigned number;
};

static struct mailbox box;

static int open_box(void **state)
{
    (void)state;
    return mailbox_init(&box);
}

static int close_box(void **state)
{
    (void)state;
    mailbox_deinit(&box);
    return 0;
}

static void post_number(unsigned sender, unsigned number)
{
    struct numbered_mail *mail = calloc(1, sizeof *mail);
    assert_non_null(mail);
    mail->sender = sender;
    mail->number = number;
    mailbox_post(&box, &mail->mail);
}

/* Whether the loop would be woken. */
static bool is_ringing(void)
{
    struct pollfd bell = {.fd = box.event_fd, .events = POLLIN};
    return poll(&bell, 1, 0) == 1;
}

/* Takes all mails, checks that they are the numbers from `first` on, and returns how many. */
static unsigned take_numbers(unsigned first)
{
    unsigned count = 0;
    for (struct mail *mail = mailbox_take(&box), *next; mail != NULL; mail = next) {
        next = mail->next;
        assert_int_equal(((struct numbered_mail *)mail)->number, first + count++);
        free(mail);
    }
    return count;
}

static void an_empty_box_is_silent(void **state)
{
    (void)state;
    assert_false(is_ringing());
    assert_null(mailbox_take(&box));
}

static void mails_come_out_in_the_order_posted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        post_number(0, i);
    assert_int_equal(take_numbers(0), 5);
    assert_null(mailbox_take(&box));
    post_number(0, 5);
    assert_int_equal(take_numbers(5), 1);
}

static void the_bell_rings_until_the_box_is_emptied(void **state)
{
    (void)state;
    post_number(0, 0);
    post_number(0, 1);
    assert_true(is_ringing());
    assert_true(is_ringing());
    assert_int_equal(take_numbers(0), 2);
    assert_false(is_ringing());
    post_number(0, 2);
    assert_true(is_ringing());
    assert_int_equal(take_numbers(2), 1);
}

#define SENDERS 4
#define MAILS 5000

static void *post_all(void *sender)
{
    for (unsigned i = 0; i < MAILS; i++)
        post_number((unsigned)(uintptr_t)sender, i);
    return NULL;
}

static void no_mail_is_lost_and_no_wake_up_missed(void **state)
{
    (void)state;
    pthread_t threads[SENDERS];
    unsigned expected[SENDERS] = {0}, received = 0;
    for (uintptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, (void *)i), 0);
    while (received < SENDERS * MAILS) {
        struct pollfd bell = {.fd = box.event_fd, .events = POLLIN};
        assert_int_equal(poll(&bell, 1, 10000), 1);
        for (struct mail *mail = mailbox_take(&box), *next; mail != NULL; mail = next) {
            const struct numbered_mail *numbered = (const struct numbered_mail *)mail;
            assert_int_equal(numbered->number, expected[numbered->sender]++);
            received++;
            next = mail->next;
            free(mail);
        }
    }
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_null(mailbox_take(&box));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_box_is_silent, open_box, close_box),
        cmocka_unit_test_setup_teardown(mails_come_out_in_the_order_posted, open_box, close_box),
        cmocka_unit_test_setup_teardown(the_bell_rings_until_the_box_is_emptied, open_box,
                                        close_box),
        cmocka_unit_test_setup_teardown(no_mail_is_lost_and_no_wake_up_missed, open_box, close_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
