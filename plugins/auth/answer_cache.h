/*
 * What the HTTP service said lately, by a digest of what it was asked: bounded, and each answer for
 * a bounded time. Any thread; one lock, held for one look-up.
 *
 * Sets of a few places each, chosen by the digest; in a full set a refusal makes room, or else
 * the oldest answer.
 */
#ifndef AUTH_ANSWER_CACHE_H
#define AUTH_ANSWER_CACHE_H

#include "finding.h"

#include <stdint.h>

#define CACHE_KEY_SIZE 32

struct answer_cache;

/* Room for `capacity` answers (at least 1), rounded up to whole sets. NULL: no memory. */
struct answer_cache *answer_cache_create(const struct sl_host *host, size_t capacity);
void answer_cache_destroy(struct answer_cache *cache);

/* Fills `finding` from an answer that is not older than its time. False: there is none. */
bool answer_cache_get(struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE], int64_t now,
                      enum check *result, struct finding *finding);

/* Keeps an answer until `until` (ns, monotonic, as `now` is). Without memory it is not kept, nor is
 * a refusal where all places have acceptances that are still good. */
void answer_cache_put(struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE], int64_t now,
                      int64_t until, enum check result, const struct finding *finding);

#endif
