#include "unit.h"

#include "base/clock.h"
#include "loop/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS 4
#define MAILS 20000

struct numbered_mail {
    struct mail mail; /* first */
    unsigned sender;
    unsigned number;
};

/* What the loop has received; its owner. */
struct receiver {
    struct loop loop;
    unsigned next[THREADS];
    unsigned out_of_order;
    unsigned received;
    unsigned iterations;
    int done_fd; /* written when everything has come */
};

static bool count_iteration(struct loop *loop)
{
    ((struct receiver *)loop->owner)->iterations++;
    return false;
}

static void do_nothing(struct loop *loop)
{
    (void)loop;
}

static void receive(struct loop *loop, struct mail *mail)
{
    struct receiver *receiver = loop->owner;
    struct numbered_mail *numbered = (struct numbered_mail *)mail;
    receiver->out_of_order += numbered->number != receiver->next[numbered->sender]++;
    if (++receiver->received == THREADS * MAILS)
        assert_int_equal(write(receiver->done_fd, "x", 1), 1);
    free(mail);
}

struct sender {
    struct receiver *receiver;
    unsigned index;
};

static void *send_all(void *argument)
{
    struct sender *sender = argument;
    for (unsigned i = 0; i < MAILS; i++) {
        struct numbered_mail *mail = malloc(sizeof *mail);
        *mail = (struct numbered_mail){{.deliver = receive}, sender->index, i};
        loop_post(&sender->receiver->loop, &mail->mail);
    }
    return NULL;
}

static void start(struct receiver *receiver)
{
    *receiver = (struct receiver){0};
    assert_int_equal(loop_init(&receiver->loop, 3), OK);
    receiver->loop.owner = receiver;
    receiver->loop.on_event_end = do_nothing;
    receiver->loop.on_iteration_end = count_iteration;
    receiver->loop.on_stop = do_nothing;
    assert_int_equal(loop_start(&receiver->loop), OK);
}

static void delivers_every_mail_in_each_senders_order(void **state)
{
    static struct receiver receiver;
    struct sender senders[THREADS];
    pthread_t threads[THREADS];
    int done[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(done), 0);
    start(&receiver);
    receiver.done_fd = done[1];
    for (unsigned i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){&receiver, i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(read(done[0], &byte, 1), 1);
    loop_stop(&receiver.loop);
    assert_int_equal(receiver.received, THREADS * MAILS);
    assert_int_equal(receiver.out_of_order, 0);
    loop_deinit(&receiver.loop);
    close(done[0]);
    close(done[1]);
}

struct echo_source {
    struct io_source source; /* first */
    int read_fd;
    int answer_fd;
};

static void answer(struct loop *loop, struct io_source *source, uint32_t events)
{
    struct echo_source *echo = (struct echo_source *)source;
    char byte;
    assert_ptr_equal(loop_current(), loop);
    assert_int_equal(events & EPOLLIN, EPOLLIN);
    assert_int_equal(read(echo->read_fd, &byte, 1), 1);
    byte++;
    assert_int_equal(write(echo->answer_fd, &byte, 1), 1);
}

static void calls_a_source_when_its_descriptor_is_ready(void **state)
{
    static struct receiver receiver;
    int question[2], reply[2];
    char byte = 'a';
    (void)state;
    assert_int_equal(pipe(question), 0);
    assert_int_equal(pipe(reply), 0);
    struct echo_source echo = {{answer}, question[0], reply[1]};
    start(&receiver);
    assert_null(loop_current());
    assert_int_equal(loop_watch(&receiver.loop, question[0], &echo.source, EPOLLIN), OK);
    assert_int_equal(write(question[1], &byte, 1), 1);
    assert_int_equal(read(reply[0], &byte, 1), 1);
    assert_int_equal(byte, 'b');
    loop_stop(&receiver.loop);
    loop_deinit(&receiver.loop);
    for (int i = 0; i < 2; i++) {
        close(question[i]);
        close(reply[i]);
    }
}

/* Wants one more iteration in a millisecond, and tells when it has come. */
static bool wake_once(struct loop *loop)
{
    struct receiver *receiver = loop->owner;
    receiver->iterations++;
    loop->wake_at = 0;
    if (receiver->iterations == 1)
        loop->wake_at = loop->now + 1000000;
    else if (receiver->iterations == 2)
        assert_int_equal(write(receiver->done_fd, "x", 1), 1);
    return false;
}

static void wakes_when_its_owner_wants_it_to(void **state)
{
    static struct receiver receiver;
    int done[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(done), 0);
    receiver = (struct receiver){.done_fd = done[1]};
    assert_int_equal(loop_init(&receiver.loop, 3), OK);
    receiver.loop.owner = &receiver;
    receiver.loop.on_event_end = do_nothing;
    receiver.loop.on_iteration_end = wake_once;
    receiver.loop.on_stop = do_nothing;
    receiver.loop.wake_at = 1; /* Long ago. */
    assert_int_equal(loop_start(&receiver.loop), OK);
    assert_int_equal(read(done[0], &byte, 1), 1);
    loop_stop(&receiver.loop);
    loop_deinit(&receiver.loop);
    close(done[0]);
    close(done[1]);
}

/* What many descriptors have brought is seen before a timer that is due. */
struct crowd {
    struct receiver receiver; /* first */
    struct timer timer;
    unsigned seen;
    unsigned seen_at_timer;
};

#define CROWD 1300 /* more than twice what the loop takes from the kernel at a time */

struct member {
    struct io_source source; /* first */
    int fd;
};

static void see(struct loop *loop, struct io_source *source, uint32_t events)
{
    struct member *member = (struct member *)source;
    struct crowd *crowd = loop->owner;
    uint64_t count;
    assert_int_equal(events & EPOLLIN, EPOLLIN);
    assert_int_equal(read(member->fd, &count, sizeof count), sizeof count);
    crowd->seen++;
}

static void note_seen(struct loop *loop, struct timer *timer)
{
    struct crowd *crowd = loop->owner;
    (void)timer;
    crowd->seen_at_timer = crowd->seen;
    assert_int_equal(write(crowd->receiver.done_fd, "x", 1), 1);
}

static void timers_wait_for_all_that_was_ready(void **state)
{
    static struct crowd crowd;
    static struct member members[CROWD];
    struct loop *loop = &crowd.receiver.loop;
    int done[2];
    char byte;
    (void)state;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(pipe(done), 0);
    assert_int_equal(loop_init(loop, 0), OK);
    crowd.receiver.done_fd = done[1];
    crowd.timer.fire = note_seen;
    loop->owner = &crowd;
    loop->on_event_end = do_nothing;
    loop->on_iteration_end = count_iteration;
    loop->on_stop = do_nothing;
    for (int i = 0; i < CROWD; i++) {
        members[i] = (struct member){{see}, eventfd(1, EFD_CLOEXEC)};
        assert_true(members[i].fd >= 0);
        assert_int_equal(loop_watch(loop, members[i].fd, &members[i].source, EPOLLIN), OK);
    }
    /* Due long ago when the thread begins, as after a pause. */
    loop->timers.tick -= 10;
    timer_start(&loop->timers, &crowd.timer, loop->now - 5 * (INT64_C(1) << TIMER_TICK_SHIFT));
    assert_int_equal(loop_start(loop), OK);
    assert_int_equal(read(done[0], &byte, 1), 1);
    loop_stop(loop);
    assert_int_equal(crowd.seen_at_timer, CROWD);
    for (int i = 0; i < CROWD; i++)
        close(members[i].fd);
    loop_deinit(loop);
    close(done[0]);
    close(done[1]);
}

/* -- the loop's time -- */

#define HELD (60 * NS_PER_MS)

struct late {
    struct receiver receiver; /* first */
    struct mail mail;
    struct timer timer;
};

static void note_fired(struct loop *loop, struct timer *timer)
{
    (void)timer;
    assert_int_equal(write(((struct receiver *)loop->owner)->done_fd, "x", 1), 1);
}

/* Holds the loop for longer than its timer is away. */
static void hold_loop(struct loop *loop, struct mail *mail)
{
    struct late *late = loop->owner;
    int64_t until = clock_monotonic() + HELD;
    (void)mail;
    timer_start(&loop->timers, &late->timer, loop->now + 1);
    while (clock_monotonic() < until)
        continue;
}

static void says_how_long_iterations_take_and_how_late_timers_are(void **state)
{
    static struct late late;
    struct loop *loop = &late.receiver.loop;
    struct histogram_snapshot busy = {.count = 0}, lag = {.count = 0};
    int done[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(done), 0);
    start(&late.receiver);
    late.receiver.done_fd = done[1];
    late.timer.fire = note_fired;
    late.mail.deliver = hold_loop;
    loop_post(loop, &late.mail);
    assert_int_equal(read(done[0], &byte, 1), 1);
    loop_stop(loop);
    histogram_merge(&busy, &loop->busy);
    histogram_merge(&lag, &loop->lag);
    assert_int_equal(busy.count, counter_read(&loop->iterations));
    assert_true(busy.sum >= (uint64_t)HELD);
    assert_int_equal(lag.count, 1);
    /* A timer may be a tick late by itself, which does not count. */
    assert_true(lag.sum >= (uint64_t)(HELD - 2 * (INT64_C(1) << TIMER_TICK_SHIFT)));
    loop_deinit(loop);
    close(done[0]);
    close(done[1]);
}

struct finishing {
    struct receiver receiver; /* first */
    struct mail mail;
    struct mail next;
    struct histogram histogram;
};

static void tell_done(struct loop *loop, struct mail *mail)
{
    (void)mail;
    assert_int_equal(write(((struct receiver *)loop->owner)->done_fd, "x", 1), 1);
}

static void finish_work(struct loop *loop, struct mail *mail)
{
    struct finishing *finishing =
        (struct finishing *)(void *)((char *)mail - offsetof(struct finishing, mail));
    loop_count_finished(loop, &finishing->histogram, loop->now - NS_PER_MS, 3);
    loop_count_finished(loop, &finishing->histogram, loop->now - NS_PER_S, 2);
    loop_count_finished(loop, &finishing->histogram, loop->now, 1);
    finishing->next.deliver = tell_done;
    loop_post(loop, &finishing->next);
}

static void what_is_finished_is_measured_at_the_iterations_end(void **state)
{
    static struct finishing finishing;
    struct loop *loop = &finishing.receiver.loop;
    struct histogram_snapshot snapshot = {.count = 0};
    int done[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(done), 0);
    start(&finishing.receiver);
    finishing.receiver.done_fd = done[1];
    finishing.mail.deliver = finish_work;
    loop_post(loop, &finishing.mail);
    assert_int_equal(read(done[0], &byte, 1), 1);
    loop_stop(loop);
    histogram_merge(&snapshot, &finishing.histogram);
    assert_int_equal(snapshot.count, 6);
    assert_true(snapshot.sum >= 6 * (uint64_t)NS_PER_S);
    assert_int_equal(loop->finished.count, 0);
    loop_deinit(loop);
    close(done[0]);
    close(done[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_every_mail_in_each_senders_order),
        cmocka_unit_test(wakes_when_its_owner_wants_it_to),
        cmocka_unit_test(calls_a_source_when_its_descriptor_is_ready),
        cmocka_unit_test(timers_wait_for_all_that_was_ready),
        cmocka_unit_test(says_how_long_iterations_take_and_how_late_timers_are),
        cmocka_unit_test(what_is_finished_is_measured_at_the_iterations_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
