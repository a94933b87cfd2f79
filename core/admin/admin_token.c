#include "admin/admin_token.h"

#include "admin/token_file.h"
#include "config/config.h"
#include "config/diagnostics.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 1024   /* bytes, the terminating zero included */
#define TOKEN_LEN_MIN 16 /* bytes */
#define SCHEME "Bearer "

int admin_token_load(const struct config *config, struct diagnostics *diagnostics,
                     struct admin_token_hash *out)
{
    char token[TOKEN_MAX];
    char why[512];
    struct stat status;
    const char *path = config->admin_token_file;
    *out = (struct admin_token_hash){.is_needed = path != NULL};
    if (path == NULL)
        return OK;
    ssize_t len = token_file_read_line(path, token, sizeof token, &status, why, sizeof why);
    if (len < 0) {
        diagnostics_add(diagnostics, config->admin_position,
                        "cannot read the admin token from %s: %s", path, why);
        return ERR_CONFIG;
    }
    if ((status.st_mode & S_IROTH) != 0)
        diagnostics_warn(diagnostics, config->admin_position,
                         "everybody on this machine may read the admin token in %s; mend it with: "
                         "chmod o-r %s",
                         path, path);
    if (len < TOKEN_LEN_MIN) {
        diagnostics_add(diagnostics, config->admin_position,
                        "the admin token in %s has %zd characters; use at least 16, for example "
                        "from: openssl rand -hex 32",
                        path, len);
        return ERR_CONFIG;
    }
    SHA256((const unsigned char *)token, (size_t)len, out->bytes);
    OPENSSL_cleanse(token, sizeof token);
    return OK;
}

void admin_token_init(struct admin_token *token, const struct admin_token_hash *hash)
{
    pthread_mutex_init(&token->lock, NULL);
    token->hash = *hash;
}

void admin_token_deinit(struct admin_token *token)
{
    pthread_mutex_destroy(&token->lock);
}

void admin_token_change(struct admin_token *token, const struct admin_token_hash *hash)
{
    pthread_mutex_lock(&token->lock);
    token->hash = *hash;
    pthread_mutex_unlock(&token->lock);
}

static struct admin_token_hash hash_in_force(struct admin_token *token)
{
    pthread_mutex_lock(&token->lock);
    struct admin_token_hash hash = token->hash;
    pthread_mutex_unlock(&token->lock);
    return hash;
}

bool admin_token_is_needed(struct admin_token *token)
{
    return hash_in_force(token).is_needed;
}

/* Compares hashes, so that the time taken says nothing about the token. */
bool admin_token_accepts(struct admin_token *token, const char *authorization)
{
    unsigned char given[SHA256_DIGEST_LENGTH];
    struct admin_token_hash expected = hash_in_force(token);
    size_t scheme_len = sizeof SCHEME - 1;
    if (!expected.is_needed)
        return true;
    if (authorization == NULL || strncasecmp(authorization, SCHEME, scheme_len) != 0)
        return false;
    authorization += scheme_len;
    SHA256((const unsigned char *)authorization, strlen(authorization), given);
    return CRYPTO_memcmp(given, expected.bytes, sizeof given) == 0;
}
