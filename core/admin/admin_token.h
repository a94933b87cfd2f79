/*
 * The admin tokens: loaded from the files of admin.token_file and admin.tokens, kept as hashes, and
 * compared with what requests send. A reload replaces them.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_ADMIN_TOKEN_H
#define SLUICE_ADMIN_ADMIN_TOKEN_H

#include "admin/token_file.h"
#include "base/error.h"
#include "config/config.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdbool.h>

struct diagnostics;

#define ADMIN_TOKEN_SET_MAX ((ADMIN_TOKENS_MAX + 1) * TOKEN_FILE_LINES)

/* What a token is and may do. */
struct admin_token_owner {
    enum admin_role role;
    char name[ADMIN_TOKEN_NAME_MAX + 1]; /* "": none was needed */
};

struct admin_token {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct admin_token_owner owner;
};

/* All tokens; zeros: none is needed. */
struct admin_token_set {
    size_t count;
    struct admin_token tokens[ADMIN_TOKEN_SET_MAX];
};

/* Loads the tokens that the configuration demands, if any. Returns 0 or ERR_CONFIG: `diagnostics`
 * says what is wrong with which file. */
MUST_CHECK int admin_token_load(const struct config *config, struct diagnostics *diagnostics,
                                struct admin_token_set *out);

/* The tokens in force. */
struct admin_tokens {
    pthread_mutex_t lock;
    struct admin_token_set set;
};

void admin_tokens_init(struct admin_tokens *tokens, const struct admin_token_set *set);
void admin_tokens_deinit(struct admin_tokens *tokens);

/* Puts other tokens in force. */
void admin_tokens_change(struct admin_tokens *tokens, const struct admin_token_set *set);

/* Whether requests need a token. */
bool admin_tokens_are_needed(struct admin_tokens *tokens);

/* Finds out what a request may do that has this Authorization header (NULL: none). Returns false if
 * a token is needed and this is none. */
bool admin_tokens_accept(struct admin_tokens *tokens, const char *authorization,
                         struct admin_token_owner *out);

/* A word for each role: "none", "read", "operate", "all". */
const char *admin_role_text(enum admin_role role);

#endif
