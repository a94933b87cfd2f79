#include "delivery/missed.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/interest.h"
#include "delivery/receiver_overflow.h"
#include "delivery/topic.h"
#include "delivery/topic_publishing.h"

static void subscribers_missed(struct audience *audience, const struct missed_count *count)
{
    for (uint32_t i = 0; i < audience->count; i++)
        if (audience->members[i]->subscriptions != NULL)
            receiver_missed(audience->members[i], count->messages, count->bytes);
}

/* The audience's loop: its receivers hear of it. */
static void deliver_missed(struct loop *event_loop, struct mail *mail)
{
    struct missed *missed = (struct missed *)mail;
    struct audience *audience =
        (struct audience *)(void *)((char *)missed - offsetof(struct audience, missed));
    (void)event_loop;
    forward_pull(audience->loop); /* What was let through before comes first. */
    pthread_mutex_lock(&missed->lock);
    const struct missed_notes notes = missed->notes;
    missed->notes = (struct missed_notes){.topic_count = 0};
    missed->is_posted = false;
    pthread_mutex_unlock(&missed->lock);
    if (notes.all.messages > 0)
        audience_missed(audience, notes.all.messages, notes.all.bytes);
    if (notes.subscribed.messages > 0)
        subscribers_missed(audience, &notes.subscribed);
    for (unsigned i = 0; i < notes.topic_count; i++) {
        const struct missed_topic *topic = &notes.topics[i];
        topic_missed(audience->loop, audience->fanout, topic->kind, topic->hash,
                     topic->count.messages, topic->count.bytes);
    }
}

void missed_init(struct missed *missed)
{
    *missed = (struct missed){.mail.deliver = deliver_missed};
    pthread_mutex_init(&missed->lock, NULL);
}

void missed_deinit(struct missed *missed)
{
    pthread_mutex_destroy(&missed->lock);
}

/* Where messages for a topic are counted. */
static struct missed_count *count_of(struct missed_notes *notes, enum topic_kind kind,
                                     uint64_t hash)
{
    if (kind == TOPIC_ALL)
        return &notes->all;
    for (unsigned i = 0; i < notes->topic_count; i++)
        if (notes->topics[i].hash == hash && notes->topics[i].kind == kind)
            return &notes->topics[i].count;
    if (notes->topic_count == MISSED_TOPICS)
        return &notes->subscribed;
    struct missed_topic *topic = &notes->topics[notes->topic_count++];
    *topic = (struct missed_topic){.hash = hash, .kind = kind};
    return &topic->count;
}

/* Whether a topic may have subscribers on the audience's loop. */
static bool has_subscribers(const struct audience *audience, uint64_t hash)
{
    const struct delivery *delivery = audience->fanout->delivery;
    const struct loop_set loops = interest_loops(delivery->interest, hash);
    return loop_set_has(&loops, audience->loop->loop->index);
}

void missed_note(struct audience *audience, const struct topic_key *key, uint64_t messages,
                 uint64_t bytes)
{
    struct missed *missed = &audience->missed;
    uint64_t hash = key->kind != TOPIC_ALL ? topic_hash(key) : 0;
    if (key->kind != TOPIC_ALL && !has_subscribers(audience, hash))
        return;
    pthread_mutex_lock(&missed->lock);
    struct missed_count *count = count_of(&missed->notes, key->kind, hash);
    count->messages += messages;
    count->bytes += bytes;
    bool was_posted = missed->is_posted;
    missed->is_posted = true;
    pthread_mutex_unlock(&missed->lock);
    if (!was_posted)
        loop_post(audience->loop->loop, &missed->mail);
}
