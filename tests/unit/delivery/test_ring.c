/* With the kernel's rings, where it has some for us; whoever has none skips the tests. */
#include "delivery/ring.h"

#include "unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifdef SLUICE_LIBURING

#include <liburing.h>

#define ENTRIES 8u

int __real_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags);
int __wrap_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags);
int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned count);

static int init_error;        /* what the kernel says to a new ring; 0: it is asked */
static int submit_results[4]; /* of the next calls: a negated errno; 0: the kernel is asked */
static unsigned submit_calls;
static unsigned submit_most = UINT_MAX; /* entries that the kernel sees in a call */

int __wrap_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
    return init_error != 0 ? -init_error : __real_io_uring_queue_init(entries, ring, flags);
}

int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned count)
{
    unsigned call = submit_calls++;
    unsigned tail = ring->sq.sqe_tail;
    if (call < 4 && submit_results[call] != 0)
        return submit_results[call];
    if (io_uring_sq_ready(ring) > submit_most)
        ring->sq.sqe_tail = tail - io_uring_sq_ready(ring) + submit_most;
    int result = __real_io_uring_submit_and_wait(ring, count < submit_most ? count : submit_most);
    if (ring->sq.sqe_tail != tail) { /* The rest waits for the next call. */
        ring->sq.sqe_tail = tail;
    }
    return result;
}

struct writes {
    struct ring *ring;
    int ends[ENTRIES][2];
    struct iovec pieces[2];
    struct msghdr message;
    int outcomes[ENTRIES];
};

static void open_writes(struct writes *writes)
{
    const char *reason = NULL;
    memset(writes, 0, sizeof *writes);
    submit_calls = 0;
    memset(submit_results, 0, sizeof submit_results);
    submit_most = UINT_MAX;
    if (ring_create(ENTRIES, &writes->ring, &reason) != OK) {
        print_message("no io_uring here: %s\n", reason);
        skip();
    }
    submit_calls = 0;
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, writes->ends[i]), 0);
    writes->pieces[0] = (struct iovec){.iov_base = "abc", .iov_len = 3};
    writes->pieces[1] = (struct iovec){.iov_base = "de", .iov_len = 2};
    writes->message = (struct msghdr){.msg_iov = writes->pieces, .msg_iovlen = 1};
}

static void close_writes(struct writes *writes)
{
    ring_destroy(writes->ring);
    for (unsigned i = 0; i < ENTRIES; i++)
        for (unsigned j = 0; j < 2; j++)
            close(writes->ends[i][j]);
}

static void queue_all(struct writes *writes)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        ring_queue(writes->ring, writes->ends[i][0], &writes->message);
}

/* How many bytes have arrived there. */
static ssize_t arrived(const struct writes *writes, unsigned index)
{
    char bytes[16];
    return recv(writes->ends[index][1], bytes, sizeof bytes, MSG_DONTWAIT);
}

static void makes_all_writes_and_says_what_became_of_each(void **state)
{
    struct writes writes;
    int full;
    (void)state;
    open_writes(&writes);
    static char bytes[1 << 16];
    while (send(writes.ends[1][0], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    full = dup(writes.ends[1][0]);
    close(writes.ends[2][1]);
    for (unsigned round = 0; round < 3; round++) {
        struct msghdr two = {.msg_iov = writes.pieces, .msg_iovlen = 2};
        ring_queue(writes.ring, writes.ends[0][0], &writes.message);
        ring_queue(writes.ring, full, &writes.message);
        ring_queue(writes.ring, writes.ends[2][0], &writes.message);
        ring_queue(writes.ring, writes.ends[3][0], &two);
        ring_queue(writes.ring, -1, &writes.message);
        assert_int_equal(ring_run(writes.ring, writes.outcomes), OK);
        assert_int_equal(writes.outcomes[0], 3);
        assert_int_equal(writes.outcomes[1], -EAGAIN);
        assert_int_equal(writes.outcomes[2], -EPIPE); /* And no signal. */
        assert_int_equal(writes.outcomes[3], 5);
        assert_int_equal(writes.outcomes[4], -EBADF);
        assert_int_equal(arrived(&writes, 0), 3);
        assert_int_equal(arrived(&writes, 3), 5);
    }
    assert_int_equal(submit_calls, 3);
    close(full);
    close_writes(&writes);
}

static void a_socket_takes_a_part_of_what_it_has_no_room_for(void **state)
{
    static char bytes[1 << 20];
    struct writes writes;
    int size = 1; /* The kernel has a minimum. */
    (void)state;
    open_writes(&writes);
    setsockopt(writes.ends[0][0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    writes.pieces[0] = (struct iovec){.iov_base = bytes, .iov_len = sizeof bytes};
    ring_queue(writes.ring, writes.ends[0][0], &writes.message);
    assert_int_equal(ring_run(writes.ring, writes.outcomes), OK);
    assert_in_range(writes.outcomes[0], 1, sizeof bytes - 1);
    close_writes(&writes);
}

static void what_the_kernel_leaves_over_is_handed_to_it_again(void **state)
{
    (void)state;
    for (unsigned most = 1; most < ENTRIES; most++) {
        struct writes writes;
        open_writes(&writes);
        queue_all(&writes);
        submit_most = most;
        assert_int_equal(ring_run(writes.ring, writes.outcomes), OK);
        assert_int_equal(submit_calls, (ENTRIES + most - 1) / most);
        for (unsigned i = 0; i < ENTRIES; i++) {
            assert_int_equal(writes.outcomes[i], 3);
            assert_int_equal(arrived(&writes, i), 3);
        }
        close_writes(&writes);
    }
}

static void passing_errors_are_tried_again(void **state)
{
    struct writes writes;
    (void)state;
    open_writes(&writes);
    queue_all(&writes);
    submit_results[0] = -EINTR;
    submit_results[1] = -EAGAIN;
    submit_results[2] = -EBUSY;
    assert_int_equal(ring_run(writes.ring, writes.outcomes), OK);
    assert_int_equal(submit_calls, 4);
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_int_equal(arrived(&writes, i), 3);
    close_writes(&writes);
}

static void when_it_fails_it_says_what_was_not_written(void **state)
{
    (void)state;
    for (unsigned taken = 0; taken < ENTRIES; taken++) {
        struct writes writes;
        open_writes(&writes);
        queue_all(&writes);
        submit_most = taken;
        submit_results[taken > 0] = -EBADFD;
        assert_int_equal(ring_run(writes.ring, writes.outcomes), ERR_SYSTEM);
        for (unsigned i = 0; i < ENTRIES; i++) {
            assert_int_equal(writes.outcomes[i], i < taken ? 3 : RING_NOT_TAKEN);
            assert_int_equal(arrived(&writes, i), i < taken ? 3 : -1);
        }
        close_writes(&writes);
    }
}

static void a_kernel_that_takes_nothing_is_not_asked_for_ever(void **state)
{
    struct writes writes;
    (void)state;
    open_writes(&writes);
    queue_all(&writes);
    submit_most = 0;
    assert_int_equal(ring_run(writes.ring, writes.outcomes), ERR_SYSTEM);
    assert_in_range(submit_calls, 2, 1000);
    assert_int_equal(writes.outcomes[0], RING_NOT_TAKEN);
    close_writes(&writes);
}

static void says_why_it_is_refused(void **state)
{
    static const struct {
        int error;
        const char *part;
    } cases[] = {{EPERM, "io_uring_disabled"},
                 {ENOSYS, "kernel has none"},
                 {ENOMEM, "RLIMIT_MEMLOCK"},
                 {EMFILE, "Too many open files"}};
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ring *ring = NULL;
        const char *reason = NULL;
        init_error = cases[i].error;
        assert_int_equal(ring_create(ENTRIES, &ring, &reason), ERR_SYSTEM);
        assert_non_null(strstr(reason, cases[i].part));
    }
    init_error = 0;
}

/* A filter may let us have a ring and nothing beyond that. */
static void a_ring_that_cannot_be_used_is_refused(void **state)
{
    struct writes writes;
    const char *reason = NULL;
    struct ring *ring = NULL;
    (void)state;
    open_writes(&writes);
    submit_results[0] = -EPERM;
    assert_int_equal(ring_create(ENTRIES, &ring, &reason), ERR_SYSTEM);
    assert_non_null(strstr(reason, "refuses"));
    close_writes(&writes);
}

static void its_size_is_that_of_entries_and_outcomes(void **state)
{
    struct writes writes;
    (void)state;
    open_writes(&writes);
    assert_in_range(ring_bytes(writes.ring), ENTRIES * (64 + 2 * 16), 64 * 1024);
    close_writes(&writes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_all_writes_and_says_what_became_of_each),
        cmocka_unit_test(a_socket_takes_a_part_of_what_it_has_no_room_for),
        cmocka_unit_test(what_the_kernel_leaves_over_is_handed_to_it_again),
        cmocka_unit_test(passing_errors_are_tried_again),
        cmocka_unit_test(when_it_fails_it_says_what_was_not_written),
        cmocka_unit_test(a_kernel_that_takes_nothing_is_not_asked_for_ever),
        cmocka_unit_test(says_why_it_is_refused),
        cmocka_unit_test(a_ring_that_cannot_be_used_is_refused),
        cmocka_unit_test(its_size_is_that_of_entries_and_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void without_liburing_there_is_none_and_it_says_so(void **state)
{
    struct ring *ring;
    const char *reason = NULL;
    int outcome;
    (void)state;
    assert_false(ring_is_built_in());
    assert_int_equal(ring_create(8, &ring, &reason), ERR_SYSTEM);
    assert_non_null(strstr(reason, "without liburing"));
    assert_null(ring);
    assert_int_equal(ring_bytes(ring), 0);
    assert_int_equal(ring_run(ring, &outcome), ERR_SYSTEM);
    ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_liburing_there_is_none_and_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
