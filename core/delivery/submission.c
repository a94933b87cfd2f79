#include "delivery/submission.h"

#include "base/log.h"
#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/ring.h"
#include "delivery/transport.h"

#include <errno.h>
#include <stdlib.h>

#define PIECES_MOST (4 * SUBMISSION_MOST) /* of all writes of a portion */

/* TLS: more than this is encrypted and sent by itself, since the call is a small part of the work.
 */
#define ENCRYPTED_MOST 4096u /* bytes of text */
#define RECORD_MOST                                                                                \
    (ENCRYPTED_MOST + 1024)        /* of what it becomes, a KeyUpdate before it included           \
                                    */
#define RECORDS_MOST (320u * 1024) /* bytes of all records of a portion */

/* A write to one receiver. */
struct planned_write {
    struct msghdr message; /* without pieces: it is flushed by itself */
    size_t text;           /* bytes that the message was encrypted from; 0: it is as it was */
    ssize_t sent;          /* as receiver_finish wants it */
};

struct submission {
    struct ring *ring;
    uint32_t least;                               /* writes that are worth it */
    struct planned_write writes[SUBMISSION_MOST]; /* by receiver */
    int outcomes[SUBMISSION_MOST];                /* of those in the ring, in their order */
    struct iovec pieces[PIECES_MOST];
    uint8_t records[RECORDS_MOST]; /* takes no memory until somebody has TLS */
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
    uint32_t writes;         /* how many of them are written to */
    size_t pieces;           /* that are used */
    struct tls_sink records; /* likewise */
};

static bool has_room(const struct portion *portion)
{
    return portion->count < SUBMISSION_MOST &&
           portion->pieces + TRANSPORT_PIECES_MAX <= PIECES_MOST &&
           portion->records.len + RECORD_MOST <= RECORDS_MOST;
}

static size_t length_of(const struct iovec *pieces, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += pieces[i].iov_len;
    return len;
}

/* Makes one record of the pieces, which it takes the place of. Without pieces afterwards the
 * receiver is flushed by itself. */
static void encrypt(struct portion *portion, struct receiver *receiver, struct planned_write *write)
{
    struct msghdr *message = &write->message;
    size_t begin = portion->records.len;
    write->text = length_of(message->msg_iov, message->msg_iovlen);
    if (write->text > ENCRYPTED_MOST) {
        message->msg_iovlen = 0;
        return;
    }
    if (!transport_encrypt(receiver, message->msg_iov, message->msg_iovlen, &portion->records))
        write->sent = ERR_CLOSED;
    message->msg_iov->iov_base = portion->records.bytes + begin;
    message->msg_iov->iov_len = portion->records.len - begin;
    message->msg_iovlen = 1;
}

/* Describes what the portion's next receiver is to be written. */
static void plan_write(struct submission *submission, struct portion *portion)
{
    struct receiver *receiver = portion->receivers[portion->count];
    struct planned_write *write = &submission->writes[portion->count];
    struct iovec *pieces = submission->pieces + portion->pieces;
    *write = (struct planned_write){.message = {.msg_iov = pieces}};
    write->message.msg_iovlen = receiver_prepare(receiver, pieces);
    if (write->message.msg_iovlen > 0 && receiver->tls != NULL)
        encrypt(portion, receiver, write);
    portion->pieces += write->message.msg_iovlen;
    portion->writes += write->message.msg_iovlen > 0;
    portion->count++;
}

/* What a write has come to, as transport_send returns it. A write that has failed has written
 * nothing: it is made again by itself, and what the socket says then is what counts. */
static ssize_t result_of(struct receiver *receiver, const struct msghdr *message, int outcome)
{
    if (outcome >= 0)
        return outcome;
    if (outcome == -EAGAIN || outcome == -EINTR)
        return 0;
    if (outcome == RING_UNKNOWN)
        return ERR_CLOSED; /* Perhaps some of it has been sent: its stream cannot go on. */
    return transport_send(receiver, message->msg_iov, message->msg_iovlen);
}

/* Text that is encrypted counts as sent: what the socket has not taken of its record is kept. */
static ssize_t settle_record(struct receiver *receiver, const struct planned_write *write,
                             ssize_t sent)
{
    const struct iovec *record = write->message.msg_iov;
    if (write->sent < 0 || sent < 0)
        return ERR_CLOSED;
    if ((size_t)sent < record->iov_len &&
        transport_keep_rest(receiver, (const uint8_t *)record->iov_base + sent,
                            record->iov_len - (size_t)sent) != OK)
        return ERR_NO_MEMORY;
    return (ssize_t)write->text;
}

static void note_outcome(struct receiver *receiver, struct planned_write *write, int outcome)
{
    ssize_t sent = result_of(receiver, &write->message, outcome);
    write->sent = write->text > 0 ? settle_record(receiver, write, sent) : sent;
    if (write->sent > 0)
        counter_add(&receiver->audience->bytes_out, (uint64_t)write->sent);
}

static int submit(struct submission *submission, const struct portion *portion)
{
    struct delivery_stats *stats = &portion->receivers[0]->loop->stats;
    for (uint32_t i = 0; i < portion->count; i++)
        if (submission->writes[i].message.msg_iovlen > 0)
            ring_queue(submission->ring, portion->receivers[i]->socket,
                       &submission->writes[i].message);
    counter_add(&stats->submissions, 1);
    counter_add(&stats->submitted, portion->writes);
    return ring_run(submission->ring, submission->outcomes);
}

/* Writes to everybody before anybody is settled: settling may move what messages refer to. Returns
 * what ring_run does. */
static int write_all(struct submission *submission, const struct portion *portion)
{
    const int *outcome = submission->outcomes;
    int error = OK;
    if (portion->writes >= submission->least)
        error = submit(submission, portion);
    else
        for (uint32_t i = 0; i < portion->writes; i++)
            submission->outcomes[i] = RING_NOT_TAKEN;
    for (uint32_t i = 0; i < portion->count; i++)
        if (submission->writes[i].message.msg_iovlen > 0)
            note_outcome(portion->receivers[i], &submission->writes[i], *outcome++);
    return error;
}

static void settle_all(const struct submission *submission, const struct portion *portion)
{
    for (uint32_t i = 0; i < portion->count; i++) {
        if (submission->writes[i].message.msg_iovlen > 0)
            receiver_finish(portion->receivers[i], submission->writes[i].sent);
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
    log_warn("delivery",
             "loop %u: io_uring has failed; from here on each write is a call of its own",
             loop->loop->index);
    delivery_use_submission(loop, NULL);
}

/* Flushes a portion of the receivers. Returns how many those are. */
static uint32_t flush_portion(struct delivery_loop *loop, struct receiver *const *receivers,
                              uint32_t count)
{
    struct submission *submission = loop->submission;
    struct portion portion = {
        .receivers = receivers,
        .records = {.bytes = submission->records, .capacity = sizeof submission->records}};
    while (portion.count < count && has_room(&portion))
        plan_write(submission, &portion);
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
