#include "delivery/submission.h"

#include "base/log.h"
#include "delivery/delivery_loop.h"
#include "delivery/ring.h"
#include "delivery/transport.h"

#include <errno.h>
#include <stdlib.h>

#define PIECES_MOST (4 * SUBMISSION_MOST) /* of all writes of a portion */

struct submission {
    struct ring *ring;
    uint32_t least;                          /* writes that are worth it */
    struct msghdr messages[SUBMISSION_MOST]; /* by receiver; without pieces: not in the ring */
    ssize_t sent[SUBMISSION_MOST];           /* likewise: as transport_write returns it */
    int outcomes[SUBMISSION_MOST];           /* of those in the ring, in their order */
    struct iovec pieces[PIECES_MOST];
};

/* -- life -- */

int submission_create(uint32_t least, struct submission **out, const char **reason)
{
    struct submission *submission = calloc(1, sizeof *submission);
    if (submission == NULL) {
        *reason = error_text(ERR_NO_MEMORY);
        return ERR_NO_MEMORY;
    }
    submission->least = least;
    int error = ring_create(SUBMISSION_MOST, &submission->ring, reason);
    if (error != OK) {
        free(submission);
        return error;
    }
    *out = submission;
    return OK;
}

void submission_destroy(struct submission *submission)
{
    if (submission == NULL)
        return;
    ring_destroy(submission->ring);
    free(submission);
}

size_t submission_bytes(const struct submission *submission)
{
    return sizeof *submission + ring_bytes(submission->ring);
}

/* -- a portion -- */

struct portion {
    struct receiver *const *receivers;
    uint32_t count;
    uint32_t writes; /* how many of them are in the ring */
};

/* Takes as many receivers as there is room for, and describes what each is to be written. Whoever
 * needs more than a write gets a message without pieces. */
static struct portion prepare(struct submission *submission, struct receiver *const *receivers,
                              uint32_t count)
{
    struct portion portion = {.receivers = receivers};
    size_t used = 0;
    for (; portion.count < count && portion.count < SUBMISSION_MOST &&
           used + TRANSPORT_PIECES_MAX <= PIECES_MOST;
         portion.count++) {
        struct iovec *pieces = submission->pieces + used;
        size_t length = receiver_prepare(receivers[portion.count], pieces);
        submission->messages[portion.count] =
            (struct msghdr){.msg_iov = pieces, .msg_iovlen = length};
        portion.writes += length > 0;
        used += length;
    }
    return portion;
}

/* What a write has come to, as transport_write returns it. A write that has failed has written
 * nothing: it is made again by itself, and what the socket says then is what counts. */
static ssize_t result_of(struct receiver *receiver, const struct msghdr *message, int outcome)
{
    if (outcome >= 0) {
        counter_add(&receiver->loop->stats.bytes_out, (uint64_t)outcome);
        return outcome;
    }
    if (outcome == -EAGAIN || outcome == -EINTR)
        return 0;
    if (outcome == RING_UNKNOWN)
        return ERR_CLOSED; /* Perhaps some of it has been sent: its stream cannot go on. */
    return transport_write(receiver, message->msg_iov, message->msg_iovlen);
}

/* Writes to everybody before anybody is settled: settling may move what messages refer to. Returns
 * what ring_run does. */
static int write_all(struct submission *submission, const struct portion *portion)
{
    struct delivery_stats *stats = &portion->receivers[0]->loop->stats;
    const int *outcome = submission->outcomes;
    for (uint32_t i = 0; i < portion->count; i++)
        if (submission->messages[i].msg_iovlen > 0)
            ring_queue(submission->ring, portion->receivers[i]->socket, &submission->messages[i]);
    counter_add(&stats->submissions, 1);
    counter_add(&stats->submitted, portion->writes);
    int error = ring_run(submission->ring, submission->outcomes);
    for (uint32_t i = 0; i < portion->count; i++)
        if (submission->messages[i].msg_iovlen > 0)
            submission->sent[i] =
                result_of(portion->receivers[i], &submission->messages[i], *outcome++);
    return error;
}

static void settle_all(const struct submission *submission, const struct portion *portion)
{
    for (uint32_t i = 0; i < portion->count; i++) {
        if (submission->messages[i].msg_iovlen > 0)
            receiver_finish(portion->receivers[i], submission->sent[i]);
        else
            receiver_flush(portion->receivers[i]);
    }
}

static void flush_singly(struct receiver *const *receivers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        receiver_flush(receivers[i]);
}

static void give_up(struct delivery_loop *loop)
{
    log_warn("delivery", "loop %u: io_uring has failed; from here on each write is a call of its own",
             loop->loop->index);
    delivery_use_submission(loop, NULL);
}

/* Flushes a portion of the receivers. Returns how many those are. */
static uint32_t flush_portion(struct delivery_loop *loop, struct receiver *const *receivers,
                              uint32_t count)
{
    struct submission *submission = loop->submission;
    struct portion portion = prepare(submission, receivers, count);
    if (portion.writes < submission->least) {
        flush_singly(receivers, portion.count);
        return portion.count;
    }
    int error = write_all(submission, &portion);
    settle_all(submission, &portion);
    if (error != OK)
        give_up(loop);
    return portion.count;
}

void submission_flush(struct delivery_loop *loop, struct receiver *const *receivers, uint32_t count)
{
    uint32_t done = 0;
    while (loop->submission != NULL && count - done >= loop->submission->least)
        done += flush_portion(loop, receivers + done, count - done);
    flush_singly(receivers + done, count - done);
}
