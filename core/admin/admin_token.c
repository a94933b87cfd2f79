#include "admin/admin_token.h"

#include "config/diagnostics.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_LEN_MIN 16 /* bytes */
#define SCHEME "Bearer "

const char *admin_role_text(enum admin_role role)
{
    static const char *const texts[] = {[ADMIN_ROLE_NONE] = "none",
                                        [ADMIN_ROLE_READ] = "read",
                                        [ADMIN_ROLE_OPERATE] = "operate",
                                        [ADMIN_ROLE_ALL] = "all"};
    return texts[role];
}

/* -- loading -- */

/* A file of tokens, as the configuration names it. */
struct token_source {
    const char *path;
    const char *name;
    enum admin_role role;
    struct position position;
};

static void warn_of_readers(const struct token_source *source, const struct stat *status,
                            struct diagnostics *diagnostics)
{
    if ((status->st_mode & S_IROTH) != 0)
        diagnostics_warn(diagnostics, source->position,
                         "everybody on this machine may read the admin token in %s; mend it with: "
                         "chmod o-r %s",
                         source->path, source->path);
}

/* The name of the token of another file that is the same, or NULL. */
static const char *same_token_elsewhere(const struct admin_token_set *set,
                                        const struct admin_token *token)
{
    for (size_t i = 0; i < set->count; i++)
        if (CRYPTO_memcmp(set->tokens[i].hash, token->hash, sizeof token->hash) == 0 &&
            strcmp(set->tokens[i].owner.name, token->owner.name) != 0)
            return set->tokens[i].owner.name;
    return NULL;
}

static int add_token(struct admin_token_set *set, const struct token_source *source,
                     const char *text, struct diagnostics *diagnostics)
{
    struct admin_token *token = &set->tokens[set->count];
    size_t len = strlen(text);
    if (len < TOKEN_LEN_MIN) {
        diagnostics_add(diagnostics, source->position,
                        "the admin token in %s has %zu characters; use at least %d, for example "
                        "from: openssl rand -hex 32",
                        source->path, len, TOKEN_LEN_MIN);
        return ERR_CONFIG;
    }
    SHA256((const unsigned char *)text, len, token->hash);
    token->owner.role = source->role;
    snprintf(token->owner.name, sizeof token->owner.name, "%s", source->name);
    const char *other = same_token_elsewhere(set, token);
    if (other != NULL) {
        diagnostics_add(diagnostics, source->position,
                        "the admin token in %s is also that of %s; give each its own", source->path,
                        other);
        return ERR_CONFIG;
    }
    set->count++;
    return OK;
}

static int load_source(struct admin_token_set *set, const struct token_source *source,
                       struct diagnostics *diagnostics)
{
    struct token_lines read;
    struct stat status;
    char why[512];
    if (token_file_read_lines(source->path, &read, &status, why, sizeof why) != 0) {
        diagnostics_add(diagnostics, source->position, "cannot read the admin token from %s: %s",
                        source->path, why);
        return ERR_CONFIG;
    }
    warn_of_readers(source, &status, diagnostics);
    int error = read.count > 0 ? OK : add_token(set, source, "", diagnostics);
    for (size_t i = 0; i < read.count && error == OK; i++)
        error = add_token(set, source, read.lines[i], diagnostics);
    OPENSSL_cleanse(&read, sizeof read);
    return error;
}

int admin_token_load(const struct config *config, struct diagnostics *diagnostics,
                     struct admin_token_set *out)
{
    int result = OK;
    *out = (struct admin_token_set){.count = 0};
    const struct token_source for_all = {.path = config->admin_token_file,
                                         .name = ADMIN_TOKEN_FILE_NAME,
                                         .role = ADMIN_ROLE_ALL,
                                         .position = config->admin_position};
    if (for_all.path != NULL)
        result = load_source(out, &for_all, diagnostics);
    for (size_t i = 0; i < config->admin_token_count; i++) {
        const struct admin_token_config *entry = &config->admin_tokens[i];
        const struct token_source source = {.path = entry->file,
                                            .name = entry->name,
                                            .role = entry->role,
                                            .position = entry->position};
        int error = load_source(out, &source, diagnostics);
        if (error != OK)
            result = error;
    }
    return result;
}

/* -- in force -- */

void admin_tokens_init(struct admin_tokens *tokens, const struct admin_token_set *set)
{
    pthread_mutex_init(&tokens->lock, NULL);
    tokens->set = *set;
}

void admin_tokens_deinit(struct admin_tokens *tokens)
{
    pthread_mutex_destroy(&tokens->lock);
}

void admin_tokens_change(struct admin_tokens *tokens, const struct admin_token_set *set)
{
    pthread_mutex_lock(&tokens->lock);
    tokens->set = *set;
    pthread_mutex_unlock(&tokens->lock);
}

bool admin_tokens_are_needed(struct admin_tokens *tokens)
{
    pthread_mutex_lock(&tokens->lock);
    bool are_needed = tokens->set.count > 0;
    pthread_mutex_unlock(&tokens->lock);
    return are_needed;
}

/* Compares with every token's hash, so that the time taken says nothing about any of them. */
static bool find_owner(const struct admin_token_set *set,
                       const unsigned char given[SHA256_DIGEST_LENGTH],
                       struct admin_token_owner *out)
{
    size_t found = set->count;
    for (size_t i = 0; i < set->count; i++)
        if (CRYPTO_memcmp(given, set->tokens[i].hash, SHA256_DIGEST_LENGTH) == 0)
            found = i;
    if (found == set->count)
        return false;
    *out = set->tokens[found].owner;
    return true;
}

bool admin_tokens_accept(struct admin_tokens *tokens, const char *authorization,
                         struct admin_token_owner *out)
{
    unsigned char given[SHA256_DIGEST_LENGTH];
    const size_t scheme_len = sizeof SCHEME - 1;
    *out = (struct admin_token_owner){.role = ADMIN_ROLE_ALL};
    bool has_token = authorization != NULL && strncasecmp(authorization, SCHEME, scheme_len) == 0;
    if (has_token)
        SHA256((const unsigned char *)authorization + scheme_len,
               strlen(authorization + scheme_len), given);
    pthread_mutex_lock(&tokens->lock);
    bool is_accepted =
        tokens->set.count == 0 || (has_token && find_owner(&tokens->set, given, out));
    pthread_mutex_unlock(&tokens->lock);
    return is_accepted;
}
