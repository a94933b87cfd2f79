/*
 * A ring whose writes are those of choosy_socket.h, for programs whose ring_* functions the linker
 * replaces (tests/unit/CMakeLists.txt): no kernel is asked, and the test says when it fails. One
 * source of a program includes it, behind choosy_socket.h.
 */
#ifndef SLUICE_TESTS_DELIVERY_CHOOSY_RING_H
#define SLUICE_TESTS_DELIVERY_CHOOSY_RING_H

#include "delivery/loops.h"
#include "delivery/ring.h"
#include "delivery/submission.h"

struct ring {
    int sockets[SUBMISSION_MOST];
    struct msghdr messages[SUBMISSION_MOST];
    unsigned queued;
};

static unsigned ring_takes = UINT_MAX;   /* writes, before the ring fails */
static unsigned ring_hides;              /* of those, so many at the end have no outcome */
static int ring_errors[SUBMISSION_MOST]; /* of writes that are not made; 0: it is */

bool __wrap_ring_is_built_in(void);
int __wrap_ring_create(unsigned entries, struct ring **out, const char **reason);
void __wrap_ring_destroy(struct ring *ring);
size_t __wrap_ring_bytes(const struct ring *ring);
void __wrap_ring_queue(struct ring *ring, int socket, const struct msghdr *message);
int __wrap_ring_run(struct ring *ring, int *outcomes);

bool __wrap_ring_is_built_in(void)
{
    return true;
}

int __wrap_ring_create(unsigned entries, struct ring **out, const char **reason)
{
    assert_int_equal(entries, SUBMISSION_MOST);
    *out = calloc(1, sizeof **out);
    *reason = "the test has no memory";
    return *out != NULL ? OK : ERR_NO_MEMORY;
}

void __wrap_ring_destroy(struct ring *ring)
{
    free(ring);
}

size_t __wrap_ring_bytes(const struct ring *ring)
{
    return sizeof *ring;
}

void __wrap_ring_queue(struct ring *ring, int socket, const struct msghdr *message)
{
    assert_true(ring->queued < SUBMISSION_MOST);
    ring->sockets[ring->queued] = socket;
    ring->messages[ring->queued++] = *message;
}

static int ring_write(const struct ring *ring, unsigned index)
{
    if (ring_errors[index] != 0)
        return -ring_errors[index];
    ssize_t sent =
        __wrap_sendmsg(ring->sockets[index], &ring->messages[index], MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent >= 0 ? (int)sent : -errno;
}

int __wrap_ring_run(struct ring *ring, int *outcomes)
{
    unsigned taken = ring->queued < ring_takes ? ring->queued : ring_takes;
    for (unsigned i = 0; i < ring->queued; i++)
        outcomes[i] = i < taken ? ring_write(ring, i) : RING_NOT_TAKEN;
    for (unsigned i = 0; taken < ring->queued && i < ring_hides && i < taken; i++)
        outcomes[taken - 1 - i] = RING_UNKNOWN;
    bool has_failed = taken < ring->queued;
    ring->queued = 0;
    return has_failed ? ERR_SYSTEM : OK;
}

/* Runs the tests with a system call for each write, then with submissions for all of them. */
#define RUN_BOTH_WAYS(tests, setup, teardown)                                                      \
    (cmocka_run_group_tests_name("single writes", tests, setup, teardown) +                        \
     (loops_least = 1, cmocka_run_group_tests_name("submissions", tests, setup, teardown)))

#endif
