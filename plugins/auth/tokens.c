#include "tokens.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

void tokens_init(struct tokens *tokens, const struct sl_host *host)
{
    *tokens = (struct tokens){.host = host};
}

void tokens_deinit(struct tokens *tokens)
{
    if (tokens->items == NULL)
        return;
    for (size_t i = 0; i < tokens->count; i++)
        tokens->host->release(tokens->items[i].name);
    OPENSSL_cleanse(tokens->items, tokens->count * sizeof *tokens->items);
    tokens->host->release(tokens->items);
    tokens->items = NULL;
    tokens->count = 0;
}

/* Makes room for one more. The old block is wiped, which realloc would not do. */
static bool reserve(struct tokens *tokens)
{
    if (tokens->count < tokens->capacity)
        return true;
    size_t capacity = tokens->capacity == 0 ? 16 : tokens->capacity * 2;
    struct token *items = tokens->host->allocate(capacity * sizeof *items);
    if (items == NULL)
        return false;
    if (tokens->count > 0) {
        memcpy(items, tokens->items, tokens->count * sizeof *items);
        OPENSSL_cleanse(tokens->items, tokens->count * sizeof *items);
    }
    tokens->host->release(tokens->items);
    tokens->items = items;
    tokens->capacity = capacity;
    return true;
}

enum tokens_result tokens_add(struct tokens *tokens, const char *name, size_t name_len,
                              const uint8_t digest[DIGEST_SIZE])
{
    if (tokens->count == TOKENS_MAX)
        return TOKENS_TOO_MANY;
    for (size_t i = 0; i < tokens->count; i++)
        if (memcmp(tokens->items[i].digest, digest, DIGEST_SIZE) == 0)
            return TOKENS_DUPLICATE;
    if (!reserve(tokens))
        return TOKENS_NO_MEMORY;
    struct token *token = &tokens->items[tokens->count];
    *token = (struct token){.name = tokens->host->allocate(name_len), .name_len = name_len};
    if (token->name == NULL)
        return TOKENS_NO_MEMORY;
    memcpy(token->name, name, name_len);
    memcpy(token->digest, digest, DIGEST_SIZE);
    tokens->count++;
    return TOKENS_OK;
}

bool tokens_digest(const char *token, size_t len, uint8_t digest[DIGEST_SIZE])
{
    unsigned digest_len = 0;
    return EVP_Digest(token, len, digest, &digest_len, EVP_sha256(), NULL) == 1 &&
           digest_len == DIGEST_SIZE;
}

const struct token *tokens_find(const struct tokens *tokens, const uint8_t digest[DIGEST_SIZE])
{
    size_t found = tokens->count;
    for (size_t i = 0; i < tokens->count; i++) {
        /* All ones if this is the one, else 0: chosen without a branch. */
        size_t mask =
            (size_t)0 - (size_t)(CRYPTO_memcmp(tokens->items[i].digest, digest, DIGEST_SIZE) == 0);
        found = (found & ~mask) | (i & mask);
    }
    return found < tokens->count ? &tokens->items[found] : NULL;
}

bool tokens_allow(struct tokens *tokens, const char *name, size_t len)
{
    bool any = false;
    for (size_t i = 0; i < tokens->count; i++) {
        struct token *token = &tokens->items[i];
        if (token->name_len == len && memcmp(token->name, name, len) == 0)
            token->allowed = any = true;
    }
    return any;
}
