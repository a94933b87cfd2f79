#include "delivery/ring.h"

#include <string.h>

#ifdef SLUICE_LIBURING

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#define STALLS_MAX 100 /* calls without any progress before the ring is given up */

struct ring {
    struct io_uring uring;
    unsigned queued; /* for the next run */
};

bool ring_is_built_in(void)
{
    return true;
}

/* -- life -- */

static const char *refusal(int error)
{
    switch (error) {
    case EPERM:
        return "the kernel refuses it: kernel.io_uring_disabled, or a filter of system calls such "
               "as a container's";
    case ENOSYS:
        return "the kernel has none, or a filter of system calls says so";
    case ENOMEM:
        return "there is no memory for it, or RLIMIT_MEMLOCK is too low for this kernel";
    case EOPNOTSUPP:
        return "this kernel's is too old: 5.6 is needed";
    default:
        return strerrordesc_np(error);
    }
}

/* Returns 0 or a negated errno. */
static int check_operations(struct ring *ring)
{
    struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->uring);
    bool is_able = probe != NULL && io_uring_opcode_supported(probe, IORING_OP_SEND) &&
                   io_uring_opcode_supported(probe, IORING_OP_SENDMSG);
    io_uring_free_probe(probe);
    return is_able ? 0 : -EOPNOTSUPP;
}

/* A filter may refuse each of io_uring's system calls for itself. */
static int try_out(struct ring *ring)
{
    int outcome;
    io_uring_prep_nop(io_uring_get_sqe(&ring->uring));
    ring->queued = 1;
    if (ring_run(ring, &outcome) != OK)
        return -EPERM;
    return outcome;
}

int ring_create(unsigned entries, struct ring **out, const char **reason)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) {
        *reason = refusal(ENOMEM);
        return ERR_NO_MEMORY;
    }
    int error = io_uring_queue_init(entries, &ring->uring, 0);
    if (error < 0) {
        *reason = refusal(-error);
        free(ring);
        return ERR_SYSTEM;
    }
    error = check_operations(ring);
    if (error == 0)
        error = try_out(ring);
    if (error < 0) {
        *reason = refusal(-error);
        ring_destroy(ring);
        return ERR_SYSTEM;
    }
    *out = ring;
    return OK;
}

void ring_destroy(struct ring *ring)
{
    if (ring == NULL)
        return;
    io_uring_queue_exit(&ring->uring);
    free(ring);
}

size_t ring_bytes(const struct ring *ring)
{
    const struct io_uring_sq *entries = &ring->uring.sq;
    size_t bytes =
        sizeof *ring + entries->ring_sz + *entries->kring_entries * sizeof *entries->sqes;
    return entries->ring_ptr == ring->uring.cq.ring_ptr ? bytes : bytes + ring->uring.cq.ring_sz;
}

/* -- writing -- */

void ring_queue(struct ring *ring, int socket, const struct msghdr *message)
{
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
    assert(entry != NULL);
    if (message->msg_iovlen == 1)
        io_uring_prep_send(entry, socket, message->msg_iov->iov_base, message->msg_iov->iov_len,
                           flags);
    else
        io_uring_prep_sendmsg(entry, socket, message, (unsigned)flags);
    io_uring_sqe_set_data64(entry, ring->queued++);
}

/* Takes note of the outcomes that are there. Returns how many. */
static unsigned collect(struct ring *ring, int *outcomes)
{
    struct io_uring_cqe *completion;
    unsigned head;
    unsigned count = 0;
    io_uring_for_each_cqe(&ring->uring, head, completion)
    {
        outcomes[io_uring_cqe_get_data64(completion)] = completion->res;
        count++;
    }
    io_uring_cq_advance(&ring->uring, count);
    return count;
}

static bool is_passing(int outcome)
{
    return outcome >= 0 || outcome == -EINTR || outcome == -EAGAIN || outcome == -EBUSY;
}

/* The kernel takes entries in their order, so those that it has not taken are the last ones. */
static void note_not_taken(struct ring *ring, int *outcomes)
{
    unsigned left = io_uring_sq_ready(&ring->uring);
    for (unsigned i = ring->queued - left; i < ring->queued; i++)
        outcomes[i] = RING_NOT_TAKEN;
}

int ring_run(struct ring *ring, int *outcomes)
{
    unsigned missing = ring->queued;
    unsigned stalls = 0;
    for (unsigned i = 0; i < ring->queued; i++)
        outcomes[i] = RING_UNKNOWN;
    while (missing > 0) {
        int result = io_uring_submit_and_wait(&ring->uring, missing);
        unsigned count = collect(ring, outcomes);
        missing -= count;
        stalls = count > 0 ? 0 : stalls + 1;
        if (missing > 0 && (!is_passing(result) || stalls > STALLS_MAX)) {
            note_not_taken(ring, outcomes);
            return ERR_SYSTEM;
        }
    }
    ring->queued = 0;
    return OK;
}

#else

bool ring_is_built_in(void)
{
    return false;
}

int ring_create(unsigned entries, struct ring **out, const char **reason)
{
    (void)entries;
    *out = NULL;
    *reason = "this program was built without liburing";
    return ERR_SYSTEM;
}

void ring_destroy(struct ring *ring)
{
    (void)ring;
}

size_t ring_bytes(const struct ring *ring)
{
    (void)ring;
    return 0;
}

void ring_queue(struct ring *ring, int socket, const struct msghdr *message)
{
    (void)ring;
    (void)socket;
    (void)message;
}

int ring_run(struct ring *ring, int *outcomes)
{
    (void)ring;
    (void)outcomes;
    return ERR_SYSTEM;
}

#endif
