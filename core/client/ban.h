/*
 * A ban: an identity, or a prefix of addresses, that is not let in.
 *
 * Plain values, any thread.
 */
#ifndef SLUICE_CLIENT_BAN_H
#define SLUICE_CLIENT_BAN_H

#include "base/error.h"
#include "delivery/topic.h"
#include "ws/frame.h"

#include <sluice/address.h>
#include <stdbool.h>
#include <stdint.h>

#define BAN_BY_MAX 191                  /* bytes */
#define BAN_REASON_MAX CLOSE_REASON_MAX /* bytes: it is that of the close frames, too */
#define BAN_TIME_TEXT_MAX 24            /* bytes of ban_time_text */
#define BAN_FOR_GOOD INT64_MAX          /* `until` of a ban without an end */

struct ban {
    uint64_t id;                       /* 0: it has none yet */
    int64_t since;                     /* wall clock, ns */
    int64_t until;                     /* the same, or BAN_FOR_GOOD */
    bool is_address;                   /* what is banned: */
    struct sl_prefix address;          /* this */
    char identity[TOPIC_NAME_MAX + 1]; /* or this; zero-terminated, as all texts are */
    char reason[BAN_REASON_MAX + 1];   /* may be empty */
    char by[BAN_BY_MAX + 1];           /* who asked for it; may be empty */
};

/* Takes what is banned from a text. Each returns NULL, or what is wrong with the text, as a
 * sentence, in `fault` (256 bytes) or static. A prefix must not be that of all addresses. */
const char *ban_read_identity(struct ban *ban, const char *text);
const char *ban_read_address(struct ban *ban, const char *text, char fault[256]);

/* Takes the end from "2026-12-01T10:00:00Z". Returns NULL or what is wrong. */
const char *ban_read_until(struct ban *ban, const char *text);

/* Takes the reason. Returns NULL or what is wrong. */
const char *ban_read_reason(struct ban *ban, const char *text);

/* Writes a time as ban_read_until reads it. */
void ban_time_text(int64_t time, char text[BAN_TIME_TEXT_MAX]);

/* What is banned: the identity, or the prefix, of which a whole address is written without its
 * length. Points into `ban` or `text`. */
const char *ban_subject(const struct ban *ban, char text[SL_PREFIX_TEXT]);

#endif
