/*
 * The tokens that an instance accepts: SHA-256 digests with the names that they stand for, and slow
 * hashes of people's secrets.
 *
 * Filled while a list is read and immutable afterwards, so any thread may look up. Tokens
 * themselves are not kept, so neither a core dump nor a bug elsewhere can give one away.
 */
#ifndef AUTH_TOKENS_H
#define AUTH_TOKENS_H

#include <sluice/plugin.h>

#define DIGEST_SIZE 32
#define TOKEN_MAX 1024 /* bytes of a token; longer ones are refused unread */
#define NAME_MAX_SIZE 255
#define TOKENS_MAX 100000

struct token {
    uint8_t digest[DIGEST_SIZE];
    char *name; /* owned, not zero-terminated */
    size_t name_len;
    char *hash; /* owned, zero-terminated, see password.h; NULL: the digest counts */
};

struct tokens {
    const struct sl_host *host;
    struct token *items; /* owned */
    size_t count;
    size_t capacity;
    uint32_t *index;    /* owned; numbers of items from 1, by digest; 0: free. Twice `capacity` */
    uint64_t scatter;   /* random and odd: outsiders cannot know which digests share a slot */
    size_t hash_count;  /* how many have slow hashes */
    uint32_t *by_name;  /* owned; numbers of items, sorted; NULL: see tokens_sort_names */
    size_t short_count; /* how many were given as text that can be guessed */
};

enum tokens_result { TOKENS_OK = 0, TOKENS_NO_MEMORY, TOKENS_TOO_MANY, TOKENS_DUPLICATE };

void tokens_init(struct tokens *tokens, const struct sl_host *host);

/* Frees and wipes. */
void tokens_deinit(struct tokens *tokens);

/* Adds a digest for `name` (1 to NAME_MAX_SIZE bytes), both copied. One name may have several
 * tokens; one token has only one name. */
enum tokens_result tokens_add(struct tokens *tokens, const char *name, size_t name_len,
                              const uint8_t digest[DIGEST_SIZE]);

/* Adds a slow hash (zero-terminated, copied) for `name`. */
enum tokens_result tokens_add_hash(struct tokens *tokens, const char *name, size_t name_len,
                                   const char *hash_cstr);

/* The digest of a token. False if OpenSSL could not work it out, for lack of memory. */
bool tokens_digest(const char *token, size_t len, uint8_t digest[DIGEST_SIZE]);

/* Finds a digest; NULL if it is not there. The time that takes tells nothing about other digests:
 * which ones share a slot is random, and comparing takes equally long for all values. */
const struct token *tokens_find(const struct tokens *tokens, const uint8_t digest[DIGEST_SIZE]);

/* Finds entries of a name that have slow hashes, and puts at most `most` of them into `found`.
 * Always walks the whole list. Returns how many it found. */
size_t tokens_find_hashes(const struct tokens *tokens, const char *name, size_t len,
                          const struct token **found, size_t most);

/* The nth entry with a slow hash, counted modulo their number; NULL if there is none. */
const struct token *tokens_nth_hash(const struct tokens *tokens, uint64_t nth);

/* Makes tokens_has_name fast; called when all tokens have been added. Without memory it stays slow.
 */
void tokens_sort_names(struct tokens *tokens);

/* Whether there is a token of that name. */
bool tokens_has_name(const struct tokens *tokens, const char *name, size_t len);

#endif
