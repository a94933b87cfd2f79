/*
 * Conflation keys: what an endpoint with `overflow: conflate` tells messages apart by: their topic,
 * or the value of a member of JSON messages, named by a JSON Pointer (RFC 6901).
 *
 * A key is read once, where the message is published, and is a number from then on: a hash under a
 * secret, so that nobody can choose keys that collide. Any thread.
 */
#ifndef SLUICE_DELIVERY_CONFLATION_KEY_H
#define SLUICE_DELIVERY_CONFLATION_KEY_H

#include "base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The key of one message. All messages that do not have the member, or no topic, have the hash
 * CONFLATION_NO_KEY: one key of its own. */
struct message_key {
    uint64_t hash;
    bool is_read; /* false: its endpoint had no use for keys when it was published */
};
#define CONFLATION_NO_KEY 0u

/* One that an endpoint has, or has had. */
struct conflation_key {
    struct conflation_key *next; /* the one that it had before; owned */
    bool is_topic;
    char *names;  /* owned; the pointer's reference tokens, each zero-terminated */
    size_t depth; /* how many there are */
    char text[];  /* as configured */
};

/* Makes a key of "topic" or a JSON Pointer. NULL: no memory. */
struct conflation_key *conflation_key_create(const char *text);
void conflation_key_destroy(struct conflation_key *key);

/* The key of a JSON message: the value (a text, number or literal) of the member, compared as it is
 * written. CONFLATION_NO_KEY: it is no JSON up to there, there is no such member, or its value is
 * an object or array. Allocates nothing. */
uint64_t conflation_key_of_json(const struct conflation_key *key, const struct siphash_key *secret,
                                const void *data, size_t len);

#endif
