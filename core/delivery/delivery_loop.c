#include "delivery/delivery_loop.h"

#include "delivery/audience.h"
#include "delivery/unicast.h"

#include <stdlib.h>

void delivery_loop_init(struct delivery_loop *loop, struct delivery *delivery,
                        struct loop *event_loop, const struct receiver_calls *calls)
{
    *loop = (struct delivery_loop){
        .loop = event_loop, .delivery = delivery, .calls = calls, .since = INT64_MAX};
    delivery->loops[event_loop->index] = loop;
    unicast_init(loop);
    forwarding_init(loop);
}

void delivery_loop_deinit(struct delivery_loop *loop)
{
    hash_table_deinit(&loop->topics, NULL); /* No subscription is left. */
    forwarding_deinit(loop);
    topic_batches_deinit(&loop->topic_batches);
    unicast_deinit(loop);
    compressor_deinit(&loop->compressor);
    free(loop->outgoing);
    delivery_use_submission(loop, NULL);
}

void delivery_use_submission(struct delivery_loop *loop, struct submission *submission)
{
    submission_destroy(loop->submission);
    loop->submission = submission;
    atomic_store_explicit(&loop->submission_bytes,
                          submission != NULL ? submission_bytes(submission) : 0,
                          memory_order_relaxed);
}

/* -- who is dirty -- */

void delivery_mark_audience(struct delivery_loop *loop, struct audience *audience)
{
    if (audience->is_dirty)
        return;
    audience->is_dirty = true;
    audience->next_dirty = loop->dirty_audiences;
    loop->dirty_audiences = audience;
}

void delivery_mark_receiver(struct delivery_loop *loop, struct receiver *receiver)
{
    if (receiver->is_dirty)
        return;
    receiver->is_dirty = true;
    receiver->next_dirty = loop->dirty_receivers;
    loop->dirty_receivers = receiver;
}

static void wake_by(struct loop *loop, int64_t due)
{
    if (loop->wake_at == 0 || due < loop->wake_at)
        loop->wake_at = due;
}

void delivery_add_waiting(struct delivery_loop *loop, struct audience *audience, int64_t due)
{
    audience->is_waiting = true;
    audience->waiting_bytes = 0;
    audience->waits_since = loop->loop->now;
    audience->due = due;
    audience->next_dirty = loop->waiting_audiences;
    loop->waiting_audiences = audience;
    wake_by(loop->loop, due);
}

/* Those that have waited for long enough wait no more; nor does anybody if there is much. */
static void end_waiting(struct delivery_loop *loop)
{
    struct audience *waiting = loop->waiting_audiences;
    loop->waiting_audiences = NULL;
    loop->loop->wake_at = 0;
    while (waiting != NULL) {
        struct audience *audience = waiting;
        waiting = audience->next_dirty;
        if (audience->due > loop->loop->now && !loop->has_much_to_send) {
            audience->next_dirty = loop->waiting_audiences;
            loop->waiting_audiences = audience;
            wake_by(loop->loop, audience->due);
            continue;
        }
        audience->is_waiting = false;
        delivery_note_published(loop, audience->waits_since);
        loop->topic_batches.is_dirty = true;
        delivery_mark_audience(loop, audience);
    }
}

/* -- the flush -- */

/* Memory is looked after here, where no batch is half sent. */
static void relieve_if_full(struct delivery_loop *loop)
{
    if (memory_account_is_full(&loop->delivery->queued))
        loop->calls->relieve(loop);
}

static void flush_audiences(struct delivery_loop *loop)
{
    while (loop->dirty_audiences != NULL) {
        struct audience *audience = loop->dirty_audiences;
        loop->dirty_audiences = audience->next_dirty;
        audience->is_dirty = false;
        audience_flush(audience);
        relieve_if_full(loop);
    }
}

/* What is for one receiver alone does not wait, nor does what was published to it before. */
static void end_waiting_for_one(struct receiver *receiver)
{
    if (receiver->audience->is_waiting && topic_batches_catch_up(receiver) != OK)
        receiver->loop->calls->failed(receiver);
}

/* Takes up to `most` receivers off the list of dirty ones. Returns how many. */
static uint32_t take_dirty_receivers(struct delivery_loop *loop, struct receiver **taken,
                                     uint32_t most)
{
    uint32_t count = 0;
    while (loop->dirty_receivers != NULL && count < most) {
        struct receiver *receiver = loop->dirty_receivers;
        loop->dirty_receivers = receiver->next_dirty;
        end_waiting_for_one(receiver); /* It is not to get into the list again by that. */
        receiver->is_dirty = false;
        taken[count++] = receiver;
    }
    return count;
}

static void flush_receivers(struct delivery_loop *loop)
{
    struct receiver *taken[SUBMISSION_MOST];
    while (loop->dirty_receivers != NULL) {
        uint32_t most = loop->submission != NULL ? SUBMISSION_MOST : 1;
        submission_flush(loop, taken, take_dirty_receivers(loop, taken, most));
        relieve_if_full(loop);
    }
}

static void count_written(struct delivery_loop *loop)
{
    if (loop->written > 0)
        loop_count_finished(loop->loop, &loop->stats.latency, loop->since, loop->written);
    loop->written = 0;
    loop->since = INT64_MAX;
}

void delivery_flush(struct delivery_loop *loop)
{
    forward_wake(loop);
    forward_pull_some(loop);
    end_waiting(loop);
    delivery_note_published(loop, loop->loop->now);
    loop->has_much_to_send = false;
    loop->forwarding.is_busy = true; /* Those who end receivers in here add nothing to batches. */
    topic_batches_queue(loop);
    flush_audiences(loop); /* First: runs of a receiver may lie in its audience's batch. */
    flush_receivers(loop);
    loop->forwarding.is_busy = false;
    topic_batches_take_back(loop);
    count_written(loop);
    unicast_empty(loop);
    delivery_sequence(loop); /* What comes now is later than what waits in batches. */
}
