#include "tokens.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void tokens_init(struct tokens *tokens, const struct sl_host *host)
{
    *tokens = (struct tokens){.host = host};
}

void tokens_deinit(struct tokens *tokens)
{
    if (tokens->items == NULL)
        return;
    for (size_t i = 0; i < tokens->count; i++) {
        tokens->host->release(tokens->items[i].name);
        tokens->host->release(tokens->items[i].hash);
    }
    OPENSSL_cleanse(tokens->items, tokens->count * sizeof *tokens->items);
    tokens->host->release(tokens->items);
    tokens->host->release(tokens->index);
    tokens->host->release(tokens->by_name);
    tokens->items = NULL;
    tokens->index = NULL;
    tokens->by_name = NULL;
    tokens->count = 0;
}

/* -- the index: open addressing, at most half full -- */

/* Where a digest is in the index, or the free slot where it belongs. */
static uint32_t *place_of(const struct tokens *tokens, const uint8_t digest[DIGEST_SIZE])
{
    uint64_t word;
    size_t places = 2 * tokens->capacity;
    memcpy(&word, digest, sizeof word);
    size_t at = (size_t)((word * tokens->scatter) >> 32) % places;
    while (tokens->index[at] != 0 &&
           CRYPTO_memcmp(tokens->items[tokens->index[at] - 1].digest, digest, DIGEST_SIZE) != 0)
        at = (at + 1) % places;
    return &tokens->index[at];
}

static bool has_scatter(struct tokens *tokens)
{
    if (tokens->scatter == 0 &&
        RAND_bytes((unsigned char *)&tokens->scatter, sizeof tokens->scatter) != 1)
        return false;
    tokens->scatter |= 1;
    return true;
}

/* Entries with slow hashes have no digest and are not in the index. */
static void fill_index(struct tokens *tokens)
{
    memset(tokens->index, 0, 2 * tokens->capacity * sizeof *tokens->index);
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].hash == NULL)
            *place_of(tokens, tokens->items[i].digest) = (uint32_t)i + 1;
}

/* -- filling -- */

/* Grows for one more entry. The old block is wiped, which realloc would not do. */
static bool reserve_token(struct tokens *tokens)
{
    if (tokens->items != NULL && tokens->count < tokens->capacity)
        return true;
    size_t capacity = tokens->capacity == 0 ? 16 : tokens->capacity * 2;
    struct token *items = tokens->host->allocate(capacity * sizeof *items);
    uint32_t *index = tokens->host->allocate(2 * capacity * sizeof *index);
    if (items == NULL || index == NULL || !has_scatter(tokens)) {
        tokens->host->release(items);
        tokens->host->release(index);
        return false;
    }
    if (tokens->items != NULL) {
        memcpy(items, tokens->items, tokens->count * sizeof *items);
        OPENSSL_cleanse(tokens->items, tokens->count * sizeof *items);
    }
    tokens->host->release(tokens->items);
    tokens->host->release(tokens->index);
    tokens->items = items;
    tokens->index = index;
    tokens->capacity = capacity;
    fill_index(tokens);
    return true;
}

/* Adds an entry of that name, still without a digest or hash. NULL: no memory. */
static struct token *append_token(struct tokens *tokens, const char *name, size_t name_len)
{
    if (!reserve_token(tokens))
        return NULL;
    struct token *token = &tokens->items[tokens->count];
    *token = (struct token){.name = tokens->host->allocate(name_len), .name_len = name_len};
    if (token->name == NULL)
        return NULL;
    memcpy(token->name, name, name_len);
    tokens->count++;
    return token;
}

enum tokens_result tokens_add(struct tokens *tokens, const char *name, size_t name_len,
                              const uint8_t digest[DIGEST_SIZE])
{
    if (tokens->count == TOKENS_MAX)
        return TOKENS_TOO_MANY;
    if (tokens_find(tokens, digest) != NULL)
        return TOKENS_DUPLICATE;
    struct token *token = append_token(tokens, name, name_len);
    if (token == NULL)
        return TOKENS_NO_MEMORY;
    *place_of(tokens, digest) = (uint32_t)tokens->count;
    memcpy(token->digest, digest, DIGEST_SIZE);
    return TOKENS_OK;
}

enum tokens_result tokens_add_hash(struct tokens *tokens, const char *name, size_t name_len,
                                   const char *hash_cstr)
{
    if (tokens->count == TOKENS_MAX)
        return TOKENS_TOO_MANY;
    struct token *token = append_token(tokens, name, name_len);
    if (token == NULL)
        return TOKENS_NO_MEMORY;
    token->hash = tokens->host->allocate(strlen(hash_cstr) + 1);
    if (token->hash == NULL)
        return TOKENS_NO_MEMORY;
    memcpy(token->hash, hash_cstr, strlen(hash_cstr) + 1);
    tokens->hash_count++;
    return TOKENS_OK;
}

const struct token *tokens_nth_hash(const struct tokens *tokens, uint64_t nth)
{
    uint64_t left = tokens->hash_count > 0 ? nth % tokens->hash_count : 0;
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].hash != NULL && left-- == 0)
            return &tokens->items[i];
    return NULL;
}

bool tokens_digest(const char *token, size_t len, uint8_t digest[DIGEST_SIZE])
{
    unsigned digest_len = 0;
    return EVP_Digest(token, len, digest, &digest_len, EVP_sha256(), NULL) == 1 &&
           digest_len == DIGEST_SIZE;
}

const struct token *tokens_find(const struct tokens *tokens, const uint8_t digest[DIGEST_SIZE])
{
    if (tokens->count == 0)
        return NULL;
    uint32_t number = *place_of(tokens, digest);
    return number > 0 ? &tokens->items[number - 1] : NULL;
}

static bool is_named(const struct token *token, const char *name, size_t len)
{
    return token->name_len == len && memcmp(token->name, name, len) == 0;
}

size_t tokens_find_hashes(const struct tokens *tokens, const char *name, size_t len,
                          const struct token **found, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        if (token->hash != NULL && is_named(token, name, len) && count < most)
            found[count++] = token;
    }
    return count;
}

static int compare_name(const struct token *token, const char *name, size_t len)
{
    size_t common = token->name_len < len ? token->name_len : len;
    int order = memcmp(token->name, name, common);
    return order != 0 ? order : (token->name_len > len) - (token->name_len < len);
}

static int compare_items(const void *a, const void *b, void *items)
{
    const struct token *first = (const struct token *)items + *(const uint32_t *)a;
    const struct token *second = (const struct token *)items + *(const uint32_t *)b;
    return compare_name(first, second->name, second->name_len);
}

void tokens_sort_names(struct tokens *tokens)
{
    tokens->by_name = tokens->host->allocate(tokens->count * sizeof *tokens->by_name);
    if (tokens->by_name == NULL)
        return;
    for (size_t i = 0; i < tokens->count; i++)
        tokens->by_name[i] = (uint32_t)i;
    qsort_r(tokens->by_name, tokens->count, sizeof *tokens->by_name, compare_items, tokens->items);
}

static bool has_sorted_name(const struct tokens *tokens, const char *name, size_t len)
{
    size_t low = 0;
    size_t high = tokens->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(&tokens->items[tokens->by_name[middle]], name, len);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool tokens_has_name(const struct tokens *tokens, const char *name, size_t len)
{
    if (tokens->by_name != NULL)
        return has_sorted_name(tokens, name, len);
    for (size_t i = 0; i < tokens->count; i++)
        if (is_named(&tokens->items[i], name, len))
            return true;
    return false;
}
