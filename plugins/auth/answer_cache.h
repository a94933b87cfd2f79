/*
 * The recent answers of the HTTP service, by a digest of the question: bounded in number, and each
 * kept for a bounded time. Any thread; one lock, held for one look-up.
 *
 * The digest chooses a set of a few places. In a full set a refusal is replaced first, else the
 * oldest answer.
 */
#ifndef AUTH_ANSWER_CACHE_H
#define AUTH_ANSWER_CACHE_H

#include "finding.h"

#include <stdint.h>

#define CACHE_KEY_SIZE 32

struct answer_cache;

/* Creates a cache of `capacity` answers (at least 1), rounded up to whole sets. NULL: no memory. */
struct answer_cache *answer_cache_create(const struct sl_host *host, size_t capacity);
void answer_cache_destroy(struct answer_cache *cache);

/* Fills `finding` from an answer that has not expired. False if there is none. */
bool answer_cache_get(struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE], int64_t now,
                      enum check *result, struct finding *finding);

/* Keeps an answer until `until` (ns, monotonic, as `now` is). It is not kept if there is no memory,
 * nor is a refusal if all of its places hold acceptances that are still good. */
void answer_cache_put(struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE], int64_t now,
                      int64_t until, enum check result, const struct finding *finding);

#endif
