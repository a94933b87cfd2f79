#include "delivery/forward.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/interest.h"
#include "delivery/shared_bytes.h"
#include "delivery/topic_publishing.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX (UINT32_MAX / 2)
#define RECORDS_KEEP (512u * 1024) /* bytes that an emptied buffer keeps */
/* Small messages to many subscribers are much work for the loop that gets them. */
#define TOPICS_FLUSH (32u * 1024)

/* What stands before the frames of one record; the topic's name lies between. */
struct record {
    struct topic_key key; /* its name is set by the reader */
    size_t frames_len;
    struct message_key conflation; /* of the only message, if it was read */
    uint32_t messages;
};

void outbound_init(struct outbound *outbound)
{
    *outbound = (struct outbound){.open = NULL};
    buffer_init(&outbound->records, RECORDS_MAX);
}

void outbound_deinit(struct outbound *outbound)
{
    buffer_release(&outbound->records);
}

/* -- writing records -- */

/* Appends a record with room for its frames, to which *frames is set. */
static int append_record(struct buffer *records, const struct topic_key *key,
                         struct message_key conflation, size_t frames_len, uint8_t **frames)
{
    struct record record = {
        .key = *key, .frames_len = frames_len, .conflation = conflation, .messages = 1};
    uint8_t *to;
    if (buffer_extend(records, sizeof record + key->len + frames_len, &to) != OK)
        return ERR_NO_MEMORY;
    memcpy(to, &record, sizeof record);
    if (key->len > 0)
        memcpy(to + sizeof record, key->name, key->len);
    *frames = to + sizeof record + key->len;
    return OK;
}

static int lengthen_record(struct outbound *outbound, const void *frame, size_t len)
{
    struct record record;
    if (buffer_append(&outbound->records, frame, len) != OK)
        return ERR_NO_MEMORY;
    uint8_t *at = outbound->records.data + outbound->open_at;
    memcpy(&record, at, sizeof record);
    record.frames_len += len;
    record.messages++;
    memcpy(at, &record, sizeof record);
    return OK;
}

static bool has_other_loops(const struct delivery_loop *loop)
{
    return loop->delivery->loop_count > 1;
}

int forward_broadcast(struct audience *audience, const void *frame, size_t len,
                      struct message_key key)
{
    struct outbound *outbound = &audience->loop->outbound;
    const struct topic_key all = {.fanout = audience->fanout, .kind = TOPIC_ALL, .name = ""};
    size_t begin = outbound->records.len;
    uint8_t *to;
    if (!has_other_loops(audience->loop))
        return OK;
    if (outbound->open == audience->fanout && !key.is_read)
        return lengthen_record(outbound, frame, len);
    if (append_record(&outbound->records, &all, key, len, &to) != OK)
        return ERR_NO_MEMORY;
    memcpy(to, frame, len);
    outbound->open = key.is_read ? NULL : audience->fanout;
    outbound->open_at = begin;
    return OK;
}

int forward_to_topic(struct delivery_loop *loop, const struct topic_key *key, const void *frame,
                     size_t len, struct message_key conflation)
{
    struct outbound *outbound = &loop->outbound;
    uint8_t *to;
    if (!has_other_loops(loop))
        return OK;
    if (append_record(&outbound->records, key, conflation, len, &to) != OK)
        return ERR_NO_MEMORY;
    memcpy(to, frame, len);
    outbound->open = NULL;
    if (outbound->records.len > TOPICS_FLUSH)
        forward_flush(loop);
    return OK;
}

/* -- reading records -- */

/* Returns where the record's frames begin. */
static const uint8_t *read_record(const uint8_t *at, struct record *record)
{
    memcpy(record, at, sizeof *record);
    record->key.name = (const char *)at + sizeof *record;
    return at + sizeof *record + record->key.len;
}

/* -- posting -- */

struct records_mail {
    struct mail mail; /* first */
    struct delivery *delivery;
    struct shared_bytes *records; /* one reference */
};

/* The bytes of payload of a record's messages. */
static uint64_t payload_of(const struct record *record, const uint8_t *frames)
{
    uint64_t bytes = 0;
    for (size_t at = 0, len; at < record->frames_len; at += len) {
        len = frame_length(frames + at, record->frames_len - at);
        bytes += frame_payload_length(len);
    }
    return bytes;
}

static void add_to_audience(struct audience *audience, const struct record *record,
                            const uint8_t *frames)
{
    if (audience_add_frames(audience, frames, record->frames_len, record->messages,
                            record->conflation) == OK)
        return;
    delivery_count_drop(audience->loop, DROP_NO_MEMORY);
    audience_missed(audience, record->messages, payload_of(record, frames));
}

static void deliver_record(struct delivery_loop *loop, const struct record *record,
                           const uint8_t *frames)
{
    if (record->key.kind != TOPIC_ALL)
        topic_deliver(loop, &record->key, frames, record->frames_len, record->conflation);
    else
        add_to_audience(&record->key.fanout->audiences[loop->loop->index], record, frames);
    if (loop->has_much_to_send)
        delivery_flush(loop);
}

static void deliver_records(struct loop *event_loop, struct mail *mail)
{
    struct records_mail *records_mail = (struct records_mail *)mail;
    struct delivery_loop *loop = records_mail->delivery->loops[event_loop->index];
    const uint8_t *at = records_mail->records->data;
    const uint8_t *end = at + records_mail->records->len;
    while (at < end) {
        struct record record;
        at = read_record(at, &record);
        deliver_record(loop, &record, at);
        at += record.frames_len;
    }
    shared_bytes_unref(records_mail->records);
    free(records_mail);
}

/* One bit for each loop. */
struct loop_set {
    uint64_t words[DELIVERY_LOOPS_MAX / 64];
};

static bool is_in_set(const struct loop_set *set, unsigned loop)
{
    return (set->words[loop / 64] >> loop % 64 & 1) != 0;
}

static bool is_empty_set(const struct loop_set *set)
{
    for (size_t i = 0; i < sizeof set->words / sizeof *set->words; i++)
        if (set->words[i] != 0)
            return false;
    return true;
}

static bool may_have_receivers(const struct delivery *delivery, unsigned loop,
                               const struct topic_key *key, uint64_t hash)
{
    if (key->kind != TOPIC_ALL)
        return interest_may_have(&delivery->interests[loop], hash);
    return atomic_load_explicit(&key->fanout->audiences[loop].present, memory_order_seq_cst) > 0;
}

static void add_loops_of(const struct delivery *delivery, const struct topic_key *key,
                         struct loop_set *set)
{
    uint64_t hash =
        key->kind != TOPIC_ALL ? topic_key_hash(key, &delivery->topic_counts.secret) : 0;
    for (unsigned i = 0; i < delivery->loop_count; i++)
        if (!is_in_set(set, i) && may_have_receivers(delivery, i, key, hash))
            set->words[i / 64] |= UINT64_C(1) << i % 64;
}

/* The loops that have a receiver for any of the records. */
static struct loop_set loops_for(const struct delivery *delivery, const struct buffer *records)
{
    struct loop_set set = {{0}};
    struct record record;
    for (const uint8_t *at = records->data; at < records->data + records->len;) {
        at = read_record(at, &record);
        add_loops_of(delivery, &record.key, &set);
        at += record.frames_len;
    }
    return set;
}

/* Tells the receivers of a loop that they miss what is recorded. */
static void note_missed(unsigned loop, const struct buffer *records)
{
    const uint8_t *at = records->data;
    const uint8_t *end = at + records->len;
    while (at < end) {
        struct record record;
        const uint8_t *frames = read_record(at, &record);
        missed_note(&record.key.fanout->audiences[loop], &record.key, record.messages,
                    payload_of(&record, frames));
        at = frames + record.frames_len;
    }
}

/* Nothing can be posted to anybody. A thread that is no loop's is told so, and may try again. */
static int refuse_records(struct delivery *delivery, const struct delivery_loop *from,
                          const struct loop_set *set, const struct buffer *records, int error)
{
    for (unsigned i = 0; i < delivery->loop_count && from != NULL; i++)
        if (is_in_set(set, i))
            note_missed(i, records);
    return error;
}

/* To all loops that have a receiver, but not to `from` (may be NULL). With ERR_NO_MEMORY some may
 * have got it: those that have not are told. */
static int post_records(struct delivery *delivery, const struct delivery_loop *from,
                        const struct buffer *records)
{
    int error = OK;
    struct loop_set set = loops_for(delivery, records);
    if (from != NULL)
        set.words[from->loop->index / 64] &= ~(UINT64_C(1) << from->loop->index % 64);
    if (is_empty_set(&set))
        return OK;
    if (memory_account_is_full(&delivery->forwarded))
        return refuse_records(delivery, from, &set, records, ERR_LIMIT);
    struct shared_bytes *shared =
        shared_bytes_create(records->data, records->len, &delivery->forwarded);
    if (shared == NULL)
        return refuse_records(delivery, from, &set, records, ERR_NO_MEMORY);
    for (unsigned i = 0; i < delivery->loop_count; i++) {
        if (!is_in_set(&set, i))
            continue;
        struct records_mail *mail = malloc(sizeof *mail);
        if (mail == NULL) {
            error = ERR_NO_MEMORY;
            note_missed(i, records);
            continue;
        }
        *mail = (struct records_mail){.mail.deliver = deliver_records,
                                      .delivery = delivery,
                                      .records = shared_bytes_ref(shared)};
        loop_post(delivery->loops[i]->loop, &mail->mail);
    }
    shared_bytes_unref(shared);
    return error;
}

void forward_flush(struct delivery_loop *loop)
{
    struct outbound *outbound = &loop->outbound;
    if (outbound->records.len == 0)
        return;
    int error = post_records(loop->delivery, loop, &outbound->records);
    if (error != OK)
        delivery_count_drop(loop, error == ERR_LIMIT ? DROP_QUEUE_TOTAL : DROP_NO_MEMORY);
    outbound->records.len = 0;
    outbound->open = NULL;
    if (outbound->records.capacity > RECORDS_KEEP)
        buffer_release(&outbound->records);
}

int forward_from_outside(const struct topic_key *key, enum opcode opcode, const void *data,
                         size_t len)
{
    uint8_t header[FRAME_HEADER_MAX];
    struct buffer record;
    uint8_t *to;
    size_t header_len = frame_encode_header(header, opcode, len);
    buffer_init(&record, RECORDS_MAX);
    struct message_key conflation = fanout_read_key(key->fanout, key, data, len);
    int error = append_record(&record, key, conflation, header_len + len, &to);
    if (error == OK) {
        memcpy(to, header, header_len);
        if (len > 0)
            memcpy(to + header_len, data, len);
        error = post_records(key->fanout->delivery, NULL, &record);
    }
    buffer_release(&record);
    return error;
}
