/*
 * The admin token: loaded from admin.token_file, kept as a hash, and compared with what requests
 * send. A reload replaces it.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_ADMIN_TOKEN_H
#define SLUICE_ADMIN_ADMIN_TOKEN_H

#include "base/error.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdbool.h>

struct config;
struct diagnostics;

/* One token; zeros: none is needed. */
struct admin_token_hash {
    bool is_needed;
    unsigned char bytes[SHA256_DIGEST_LENGTH];
};

/* Loads the token that the configuration demands, if any. Returns 0 or ERR_CONFIG: `diagnostics`
 * says what is wrong with the file. */
MUST_CHECK int admin_token_load(const struct config *config, struct diagnostics *diagnostics,
                                struct admin_token_hash *out);

/* The token in force. */
struct admin_token {
    pthread_mutex_t lock;
    struct admin_token_hash hash;
};

void admin_token_init(struct admin_token *token, const struct admin_token_hash *hash);
void admin_token_deinit(struct admin_token *token);

/* Puts another token in force. */
void admin_token_change(struct admin_token *token, const struct admin_token_hash *hash);

/* Whether requests need a token. */
bool admin_token_is_needed(struct admin_token *token);

/* Whether a request may be served that has this Authorization header (NULL: none). */
bool admin_token_accepts(struct admin_token *token, const char *authorization);

#endif
