/*
 * A simple model of a receiver's queue under an overflow policy, to compare the delivery with: a
 * list of frames, and the rules of docs/configuration.md applied to it, one frame at a time.
 */
#ifndef SLUICE_TESTS_DELIVERY_OVERFLOW_MODEL_H
#define SLUICE_TESTS_DELIVERY_OVERFLOW_MODEL_H

#include "delivery/loops.h"

#include "delivery/overflow.h"

#include <stdio.h>

#define MODEL_FRAMES 4096u
#define NO_KEY '-'

enum model_kind { MODEL_KEPT, MODEL_DROPPABLE, MODEL_GAP };

struct model_frame {
    enum model_kind kind;
    char key;
    bool is_begun; /* bytes of it have been sent, so that it stays */
    size_t len;
    size_t payload;
    uint64_t dropped; /* MODEL_GAP */
    uint64_t bytes;
    uint8_t data[512];
};

struct model {
    enum overflow_policy policy;
    uint32_t limit; /* messages; 0: none */
    bool has_gaps;
    struct model_frame frames[MODEL_FRAMES]; /* not sent yet, the first perhaps in part */
    size_t count;
    size_t sent_of_first;
    uint64_t dropped;
    struct buffer expected; /* what was sent */
};

static inline void model_init(struct model *model, enum overflow_policy policy, uint32_t limit,
                              bool has_gaps)
{
    model->policy = policy;
    model->limit = limit;
    model->has_gaps = has_gaps;
    model->count = model->sent_of_first = 0;
    model->dropped = 0;
    buffer_init(&model->expected, PLENTY);
}

static inline void model_encode(struct model_frame *frame, enum opcode opcode, const char *text,
                                size_t len)
{
    size_t header = frame_encode_header(frame->data, opcode, len);
    assert_true(header + len <= sizeof frame->data);
    memcpy(frame->data + header, text, len);
    frame->len = header + len;
    frame->payload = len;
}

static inline void model_write_gap(struct model_frame *gap)
{
    char text[200];
    int len = snprintf(text, sizeof text, "{\"type\":\"gap\",\"dropped\":%llu,\"bytes\":%llu}",
                       (unsigned long long)gap->dropped, (unsigned long long)gap->bytes);
    model_encode(gap, OPCODE_TEXT, text, (size_t)len);
}

static inline void model_take_out(struct model *model, size_t at)
{
    memmove(&model->frames[at], &model->frames[at + 1],
            (model->count - at - 1) * sizeof model->frames[0]);
    model->count--;
}

static inline bool model_is_open_gap(const struct model *model, size_t at)
{
    return at < model->count && model->frames[at].kind == MODEL_GAP && !model->frames[at].is_begun;
}

/* Drops a frame: a gap stands in its place, which is one with those beside it. */
static inline void model_drop(struct model *model, size_t at)
{
    struct model_frame *frame = &model->frames[at];
    model->dropped++;
    if (!model->has_gaps) {
        model_take_out(model, at);
        return;
    }
    *frame = (struct model_frame){.kind = MODEL_GAP, .dropped = 1, .bytes = frame->payload};
    if (model_is_open_gap(model, at + 1)) {
        frame->dropped += model->frames[at + 1].dropped;
        frame->bytes += model->frames[at + 1].bytes;
        model_take_out(model, at + 1);
    }
    if (at > 0 && model_is_open_gap(model, at - 1)) {
        model->frames[at - 1].dropped += frame->dropped;
        model->frames[at - 1].bytes += frame->bytes;
        model_take_out(model, at);
    }
}

/* Of those that wait whole. */
static inline uint32_t model_messages(const struct model *model)
{
    uint32_t messages = 0;
    for (size_t i = 0; i < model->count; i++)
        messages += !model->frames[i].is_begun && model->frames[i].kind != MODEL_GAP;
    return messages;
}

static inline bool model_drop_one(struct model *model)
{
    bool newest = model->policy == OVERFLOW_DROP_NEWEST;
    for (size_t i = 0; i < model->count; i++) {
        size_t at = newest ? model->count - 1 - i : i;
        if (model->frames[at].kind == MODEL_DROPPABLE && !model->frames[at].is_begun) {
            model_drop(model, at);
            return true;
        }
    }
    return false;
}

/* Returns false if the policy cannot make room: the receiver is to be closed. */
static inline bool model_make_room(struct model *model)
{
    while (model->limit > 0 && model_messages(model) > model->limit)
        if (model->policy == OVERFLOW_CONFLATE || !model_drop_one(model))
            return false;
    return true;
}

/* The frame at `at` waits now: it replaces the one of its key. */
static inline void model_conflate(struct model *model, size_t at)
{
    if (model->policy != OVERFLOW_CONFLATE || model->frames[at].kind != MODEL_DROPPABLE)
        return;
    for (size_t i = 0; i < at; i++) {
        const struct model_frame *frame = &model->frames[i];
        if (frame->kind == MODEL_DROPPABLE && !frame->is_begun &&
            frame->key == model->frames[at].key) {
            model_drop(model, i);
            return;
        }
    }
}

/* Bytes have been sent: whole frames are gone, and one may have begun. */
static inline void model_send(struct model *model, size_t sent)
{
    while (sent > 0) {
        assert_true(model->count > 0);
        struct model_frame *first = &model->frames[0];
        if (first->kind == MODEL_GAP && !first->is_begun)
            model_write_gap(first);
        size_t left = first->len - model->sent_of_first;
        size_t part = sent < left ? sent : left;
        assert_int_equal(buffer_append(&model->expected, first->data + model->sent_of_first, part),
                         OK);
        first->is_begun = true;
        model->sent_of_first += part;
        sent -= part;
        if (model->sent_of_first == first->len) {
            model_take_out(model, 0);
            model->sent_of_first = 0;
        }
    }
}

#endif
