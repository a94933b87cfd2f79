#include "delivery/forward.h"

#include "base/clock.h"
#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/topic_publishing.h"

#include <assert.h>
#include <string.h>

#define WAKE_EARLY (32u * 1024) /* bytes: others begin before this loop's iteration ends */
#define TIME_SHIFT 10           /* about a microsecond; 32 bits of them are 73 minutes */
#define LAG_MAX (2 * MESSAGE_LOG_NODE_MAX) /* bytes that loops hold for which there is nothing */

/* What the log holds: for the receivers of a topic, or all; then the topic's name and the frame
 * follow. Or for one receiver, and the text follows. */
struct record {
    size_t size;   /* of all of it */
    uint32_t when; /* it was published: monotonic, in 2^TIME_SHIFT ns */
    bool is_order;
    union {
        struct {
            struct topic_key key; /* its name is set by the reader */
            uint64_t hash;
            struct message_key conflation;
        } message;
        struct {
            unsigned loop;
            struct receiver_order order;
        } to_one;
    };
};

/* -- reading -- */

/* Returns whether it has members. */
static bool add_to_audience(struct audience *audience, const uint8_t *frame, size_t len,
                            struct message_key conflation)
{
    if (audience->count == 0)
        return false;
    if (audience_add_frames(audience, frame, len, 1, conflation) != OK) {
        delivery_count_drop(audience->loop, DROP_NO_MEMORY);
        audience_missed(audience, 1, frame_payload_length(len));
    }
    return true;
}

/* Returns whether somebody on this loop gets it. */
static bool deliver_message(struct delivery_loop *loop, struct record *record, const uint8_t *body)
{
    struct topic_key *key = &record->message.key;
    const uint8_t *frame = body + key->len;
    size_t len = record->size - sizeof *record - key->len;
    key->name = (const char *)body;
    if (key->kind == TOPIC_ALL)
        return add_to_audience(&key->fanout->audiences[loop->loop->index], frame, len,
                               record->message.conflation);
    return topic_deliver(loop, key, record->message.hash, frame, len, record->message.conflation,
                         NULL);
}

/* The publisher's iteration may have begun after this one. */
static void note_age(struct delivery_loop *loop, uint32_t when)
{
    int64_t now = loop->loop->now;
    int32_t age = (int32_t)((uint32_t)(now >> TIME_SHIFT) - when);
    if (age > 0)
        delivery_note_published(loop, now - ((int64_t)age << TIME_SHIFT));
}

/* Returns the record's size. */
static size_t deliver_record(struct delivery_loop *loop, const uint8_t *data)
{
    struct record record;
    const uint8_t *body = data + sizeof record;
    memcpy(&record, data, sizeof record);
    bool is_for_here = record.is_order ? record.to_one.loop == loop->loop->index
                                       : deliver_message(loop, &record, body);
    if (is_for_here)
        note_age(loop, record.when);
    if (is_for_here && record.is_order)
        loop->calls->order(loop, &record.to_one.order, body, record.size - sizeof record);
    return record.size;
}

/* Delivers records: to the end, to `until` (if not NULL), or until there is `enough` to be sent. */
static void pull_records(struct delivery_loop *loop, const uint8_t *until, bool enough)
{
    struct message_log *log = &loop->delivery->log;
    struct log_place *place = &loop->forwarding.place;
    const uint8_t *data;
    size_t len;
    while ((len = message_log_peek(log, place, &data)) > 0)
        for (size_t size; len > 0; len -= size) {
            if (data == until || (enough && loop->has_much_to_send))
                return;
            size = deliver_record(loop, data);
            message_log_advance(place, size);
            data += size;
        }
}

static void pull(struct delivery_loop *loop, const uint8_t *until, bool enough)
{
    struct forwarding *forwarding = &loop->forwarding;
    if (forwarding->is_busy)
        return;
    forwarding->is_busy = true; /* An order that is carried out does not pull in turn. */
    pull_records(loop, until, enough);
    forwarding->is_busy = false;
}

void forward_pull(struct delivery_loop *loop)
{
    pull(loop, NULL, false);
}

void forward_pull_some(struct delivery_loop *loop)
{
    pull(loop, NULL, true);
}

bool forward_is_behind(const struct delivery_loop *loop)
{
    return message_log_has_more(&loop->delivery->log, &loop->forwarding.place);
}

/* -- waking -- */

static void deliver_wake(struct loop *event_loop, struct mail *mail)
{
    struct forwarding *forwarding =
        (struct forwarding *)(void *)((char *)mail - offsetof(struct forwarding, wake));
    struct delivery_loop *loop =
        (struct delivery_loop *)(void *)((char *)forwarding -
                                         offsetof(struct delivery_loop, forwarding));
    (void)event_loop;
    /* First: who appends from now on wakes the loop again. */
    atomic_exchange_explicit(&forwarding->is_posted, false, memory_order_seq_cst);
    forward_pull_some(loop); /* What is left is left to the iteration's end. */
}

static void wake(struct delivery_loop *loop)
{
    if (!atomic_exchange_explicit(&loop->forwarding.is_posted, true, memory_order_seq_cst))
        loop_post(loop->loop, &loop->forwarding.wake);
}

static void wake_set(struct delivery *delivery, const struct loop_set *set)
{
    for (unsigned i = 0; i < delivery->loop_count; i++)
        if (loop_set_has(set, i))
            wake(delivery->loops[i]);
}

/* Those for whom there was nothing in the log, and who therefore still hold it. */
static void wake_laggards(struct delivery *delivery, uint64_t memory, uint64_t lag)
{
    for (unsigned i = 0; i < delivery->loop_count; i++)
        if (message_log_lag(&delivery->loops[i]->forwarding.place, memory) > lag)
            wake(delivery->loops[i]);
}

void forward_wake(struct delivery_loop *loop)
{
    struct forwarding *forwarding = &loop->forwarding;
    if (forwarding->appended == 0)
        return;
    wake_set(loop->delivery, &forwarding->to_wake);
    forwarding->to_wake = (struct loop_set){{0}};
    forwarding->appended = 0;
}

void forward_end_interest(struct delivery_loop *loop)
{
    wake_laggards(loop->delivery, message_log_memory(&loop->delivery->log), 0);
}

void forwarding_init(struct delivery_loop *loop)
{
    loop->forwarding.wake.deliver = deliver_wake;
    message_log_enter(&loop->delivery->log, &loop->forwarding.place);
}

void forwarding_deinit(struct delivery_loop *loop)
{
    message_log_leave(&loop->delivery->log, &loop->forwarding.place);
}

/* -- writing -- */

/* The loops that may have receivers. */
static struct loop_set loops_of(const struct topic_key *key, uint64_t hash)
{
    if (key->kind == TOPIC_ALL)
        return interested_loops(&key->fanout->interested);
    return interest_loops(key->fanout->delivery->interest, hash);
}

/* The log takes no more: whoever holds it, with or without need, is to let go of it. */
static void wake_all(struct delivery *delivery)
{
    wake_laggards(delivery, UINT64_MAX, 0);
}

/* Wakes loops for which there is nothing, before they hold much of the log; and if all receivers
 * have left since the message was appended, so that nobody will be woken for it. */
static void wake_if_late(struct delivery *delivery, const struct loop_set *set,
                         const struct log_entry *entry)
{
    size_t limit = memory_account_limit(&delivery->forwarded) / 4;
    if (loop_set_is_empty(set))
        wake_laggards(delivery, entry->memory + 1, 0);
    else if (entry->is_milestone)
        wake_laggards(delivery, entry->memory, limit < LAG_MAX ? limit : LAG_MAX);
}

/* Notes who is to be woken for what a loop has appended. */
static void note_appended(struct delivery_loop *loop, const struct loop_set *set, size_t len,
                          const struct log_entry *entry)
{
    struct forwarding *forwarding = &loop->forwarding;
    for (unsigned i = 0; i < INTEREST_WORDS; i++)
        forwarding->to_wake.words[i] |= set->words[i];
    forwarding->appended += len;
    wake_if_late(loop->delivery, set, entry);
    if (forwarding->appended > WAKE_EARLY)
        forward_wake(loop);
}

/* `loop`: whose thread this is, or NULL. */
static uint32_t publishing_time(const struct delivery_loop *loop)
{
    int64_t now = loop != NULL ? loop->loop->now : clock_monotonic();
    return (uint32_t)(now >> TIME_SHIFT);
}

/* The same. */
static int append_message(const struct topic_key *key, uint64_t hash, struct delivery_loop *loop,
                          enum opcode opcode, const void *data, size_t len, struct log_entry *entry)
{
    struct log_place *place = loop != NULL ? &loop->forwarding.place : NULL;
    uint8_t header[FRAME_HEADER_MAX];
    size_t header_len = frame_encode_header(header, opcode, len);
    struct record record = {
        .size = sizeof record + key->len + header_len + len,
        .when = publishing_time(loop),
        .message = {
            .key = *key, .hash = hash, .conflation = fanout_read_key(key->fanout, key, data, len)}};
    const struct iovec pieces[] = {{.iov_base = &record, .iov_len = sizeof record},
                                   {.iov_base = (void *)(uintptr_t)key->name, .iov_len = key->len},
                                   {.iov_base = header, .iov_len = header_len},
                                   {.iov_base = (void *)(uintptr_t)data, .iov_len = len}};
    return message_log_append(&key->fanout->delivery->log, place, pieces, 4, record.size, entry);
}

/* -- from a loop -- */

/* The loops but this one that may have receivers. */
static struct loop_set others_of(const struct delivery_loop *loop, const struct topic_key *key,
                                 uint64_t hash)
{
    struct loop_set set = loops_of(key, hash);
    loop_set_remove(&set, loop->loop->index);
    return set;
}

/* The log takes no more. */
static void note_refused(struct delivery_loop *loop, const struct topic_key *key,
                         const struct loop_set *set, size_t len)
{
    delivery_count_drop(loop, DROP_QUEUE_TOTAL);
    wake_all(loop->delivery);
    for (unsigned i = 0; i < loop->delivery->loop_count; i++)
        if (loop_set_has(set, i))
            missed_note(&key->fanout->audiences[i], key, 1, len);
}

/* What the loop itself has appended, when it has come there in the log. */
static struct forwarded take_own(struct delivery_loop *loop, const struct log_entry *entry)
{
    struct record record;
    memcpy(&record, entry->data, sizeof record);
    size_t head = sizeof record + record.message.key.len;
    message_log_advance(&loop->forwarding.place, record.size);
    return (struct forwarded){.frame = entry->data + head,
                              .len = record.size - head,
                              .conflation = record.message.conflation};
}

int forward_message(struct delivery_loop *loop, const struct topic_key *key, uint64_t hash,
                    enum opcode opcode, const void *data, size_t len, struct forwarded *out)
{
    struct log_entry entry;
    assert(!loop->forwarding.is_busy); /* No hook runs there. */
    out->len = 0;
    forward_pull(loop);
    if (loop->delivery->loop_count == 1)
        return OK;
    struct loop_set set = others_of(loop, key, hash);
    if (loop_set_is_empty(&set))
        return OK;
    if (memory_account_is_full(&loop->delivery->forwarded)) {
        note_refused(loop, key, &set, len);
        return OK;
    }
    if (append_message(key, hash, loop, opcode, data, len, &entry) != OK)
        return ERR_NO_MEMORY;
    set = others_of(loop, key, hash); /* Not before: see interest.h. */
    note_appended(loop, &set, len + 1, &entry);
    pull(loop, entry.data, false); /* What others have appended since we looked. */
    *out = take_own(loop, &entry);
    return OK;
}

/* -- from anywhere -- */

/* Wakes for what a thread that is no loop's has appended. */
static void wake_at_once(struct delivery *delivery, const struct loop_set *set,
                         const struct log_entry *entry)
{
    wake_set(delivery, set);
    wake_if_late(delivery, set, entry);
}

int forward_from_outside(const struct topic_key *key, enum opcode opcode, const void *data,
                         size_t len)
{
    struct delivery *delivery = key->fanout->delivery;
    uint64_t hash = key->kind != TOPIC_ALL ? topic_hash(key) : 0;
    struct log_entry entry;
    struct loop_set set = loops_of(key, hash);
    if (loop_set_is_empty(&set))
        return OK;
    if (memory_account_is_full(&delivery->forwarded)) {
        wake_all(delivery);
        return ERR_LIMIT;
    }
    if (append_message(key, hash, NULL, opcode, data, len, &entry) != OK)
        return ERR_NO_MEMORY;
    set = loops_of(key, hash); /* Not before: see interest.h. */
    wake_at_once(delivery, &set, &entry);
    return OK;
}

static bool is_refused(struct delivery *delivery, struct delivery_loop *here,
                       const struct receiver_order *order)
{
    if (order->opcode == OPCODE_CLOSE || !memory_account_is_full(&delivery->forwarded))
        return false;
    if (here != NULL)
        delivery_count_drop(here, DROP_QUEUE_TOTAL);
    wake_all(delivery);
    return true;
}

int forward_order(struct delivery *delivery, unsigned loop, const struct receiver_order *order,
                  const void *data, size_t len)
{
    struct delivery_loop *here = delivery_current_loop(delivery);
    struct log_place *place = here != NULL ? &here->forwarding.place : NULL;
    struct log_entry entry;
    struct loop_set set = {{0}};
    struct record record = {.size = sizeof record + len,
                            .when = publishing_time(here),
                            .is_order = true,
                            .to_one = {.loop = loop, .order = *order}};
    const struct iovec pieces[] = {{.iov_base = &record, .iov_len = sizeof record},
                                   {.iov_base = (void *)(uintptr_t)data, .iov_len = len}};
    if (is_refused(delivery, here, order))
        return ERR_LIMIT;
    if (message_log_append(&delivery->log, place, pieces, 2, record.size, &entry) != OK)
        return ERR_NO_MEMORY;
    loop_set_add(&set, loop);
    if (here != NULL)
        note_appended(here, &set, len + 1, &entry);
    else
        wake_at_once(delivery, &set, &entry);
    return OK;
}
