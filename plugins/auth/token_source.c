#include "token_source.h"

#include "password.h"
#include "token_file.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define HASHES_TRIED 4 /* secrets of one name that are tried */

static struct token_list *list_create(const struct sl_host *host)
{
    struct token_list *list = host->allocate(sizeof *list);
    if (list == NULL)
        return NULL;
    atomic_init(&list->references, 1);
    tokens_init(&list->tokens, host);
    return list;
}

void token_list_unref(struct token_list *list)
{
    const struct sl_host *host = list->tokens.host;
    if (atomic_fetch_sub(&list->references, 1) != 1)
        return;
    tokens_deinit(&list->tokens);
    host->release(list);
}

static bool read_file_and_env(const struct token_source *source, struct sl_instance *self,
                              struct tokens *tokens, char error[TOKEN_ERROR_SIZE])
{
    bool readable_by_others = false;
    if (source->file_cstr != NULL &&
        !token_file_read(tokens, source->file_cstr, &readable_by_others, error))
        return false;
    if (source->env_cstr != NULL && !token_env_read(tokens, source->env_cstr, error))
        return false;
    if (readable_by_others)
        sl_log(self, SL_LOG_WARN, "everybody on this machine may read %s: chmod o-r it",
               source->file_cstr);
    if (tokens->count == 0) {
        snprintf(error, TOKEN_ERROR_SIZE,
                 "tokens_file and tokens_env list no token at all: write a name, a space and a "
                 "token on a line");
        return false;
    }
    tokens_sort_names(tokens);
    if (tokens->short_count > 0)
        sl_log(self, SL_LOG_WARN,
               "%zu of the tokens have fewer than 16 characters and can be guessed; make better "
               "ones with: openssl rand -hex 32",
               tokens->short_count);
    return true;
}

/* Returns the previous list, or NULL if there was none. */
static struct token_list *put_in_force(struct token_source *source, struct token_list *list)
{
    pthread_mutex_lock(&source->lock);
    struct token_list *before = source->current;
    source->current = list;
    pthread_mutex_unlock(&source->lock);
    atomic_store(&source->has_hashes, list->tokens.hash_count > 0);
    return before;
}

int token_source_init(struct token_source *source, struct sl_instance *self, const char *file_cstr,
                      const char *env_cstr)
{
    char error[TOKEN_ERROR_SIZE];
    *source = (struct token_source){.file_cstr = file_cstr, .env_cstr = env_cstr};
    struct token_list *list = list_create(self->host);
    if (list == NULL)
        return sl_fail(self, "there is no memory for the tokens");
    if (RAND_bytes(source->secret, sizeof source->secret) != 1) {
        token_list_unref(list);
        return sl_fail(self, "OpenSSL has no random bytes to give");
    }
    if (file_cstr != NULL)
        (void)file_change_look(&source->change, file_cstr);
    if (!read_file_and_env(source, self, &list->tokens, error)) {
        token_list_unref(list);
        return sl_fail(self, "%s", error);
    }
    pthread_mutex_init(&source->lock, NULL);
    (void)put_in_force(source, list);
    return 0;
}

bool token_source_has_hashes(const struct token_source *source)
{
    return atomic_load_explicit(&source->has_hashes, memory_order_relaxed);
}

void token_source_deinit(struct token_source *source, const struct sl_host *host)
{
    (void)host;
    if (source->current == NULL)
        return;
    token_list_unref(source->current);
    source->current = NULL;
    pthread_mutex_destroy(&source->lock);
}

static bool read_again(struct token_source *source, struct sl_instance *self,
                       struct token_list *list, bool has_changed)
{
    char error[TOKEN_ERROR_SIZE];
    if (read_file_and_env(source, self, &list->tokens, error))
        return true;
    if (has_changed) /* A retry does not log the same error again. */
        sl_log(self, SL_LOG_ERROR, "%s; the tokens of before stay in force", error);
    return false;
}

void token_source_refresh(struct token_source *source, struct sl_instance *self)
{
    if (source->file_cstr == NULL)
        return;
    bool has_changed = file_change_look(&source->change, source->file_cstr);
    if (!has_changed && !source->change.is_wanted)
        return;
    struct token_list *list = list_create(self->host);
    source->change.is_wanted = list == NULL || !read_again(source, self, list, has_changed);
    if (!source->change.is_wanted) {
        sl_log(self, SL_LOG_INFO, "%s has changed: %zu tokens", source->file_cstr,
               list->tokens.count);
        list = put_in_force(source, list);
    }
    if (list != NULL)
        token_list_unref(list);
}

struct token_list *token_source_take(struct token_source *source)
{
    pthread_mutex_lock(&source->lock);
    struct token_list *list = source->current;
    atomic_fetch_add(&list->references, 1);
    pthread_mutex_unlock(&source->lock);
    return list;
}

/* The entry whose hash is computed for a name that is not on the list. It is always the same one
 * for a name, so an unknown name takes as long as some known name does, each time it is tried. */
static const struct token *stand_in(const struct token_source *source, const struct tokens *tokens,
                                    const char *name, size_t len)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    uint64_t nth;
    (void)HMAC(EVP_sha256(), source->secret, sizeof source->secret, (const uint8_t *)name, len,
               digest, NULL);
    memcpy(&nth, digest, sizeof nth);
    return tokens_nth_hash(tokens, nth);
}

/* Checks a secret with a slow hash, shown as NAME:SECRET. If it is not right the next method is
 * asked, whether or not the name is on the list, and the same steps are taken: neither the answer
 * nor the time tells which names exist. */
static enum check check_hashes(const struct token_source *source, const struct tokens *tokens,
                               const struct shown *shown, bool may_block, struct finding *finding)
{
    const struct token *own[HASHES_TRIED], *others[HASHES_TRIED];
    const char *name = shown->token.data;
    const char *colon = memchr(name, ':', shown->token.len);
    if (colon == NULL || tokens->hash_count == 0)
        return CHECK_NOT_MINE;
    if (!may_block)
        return CHECK_SLOW;
    size_t len = (size_t)(colon - name);
    const struct token *other = stand_in(source, tokens, name, len);
    size_t own_count = tokens_find_hashes(tokens, name, len, own, HASHES_TRIED);
    size_t other_count =
        tokens_find_hashes(tokens, other->name, other->name_len, others, HASHES_TRIED);
    size_t count = own_count > 0 ? own_count : other_count;
    for (size_t i = 0; i < count; i++) {
        const struct token *token = own_count > 0 ? own[i] : others[i];
        bool fits = password_verify(token->hash, colon + 1, shown->token.len - len - 1);
        if (fits && own_count > 0 && finding_identify(finding, token->name, token->name_len))
            return CHECK_ACCEPTED;
    }
    return CHECK_NOT_MINE;
}

static enum check check_list(const struct token_source *source, const struct tokens *tokens,
                             const struct shown *shown, bool may_block, struct finding *finding)
{
    uint8_t digest[DIGEST_SIZE];
    if (shown->token.len > TOKEN_MAX)
        return CHECK_NOT_MINE;
    if (!tokens_digest(shown->token.data, shown->token.len, digest))
        return finding_fail(finding, "Authentication is not possible at the moment.");
    const struct token *token = tokens_find(tokens, digest);
    OPENSSL_cleanse(digest, sizeof digest);
    if (token != NULL)
        return finding_identify(finding, token->name, token->name_len)
                   ? CHECK_ACCEPTED
                   : finding_refuse(finding, "The token names nobody.");
    return check_hashes(source, tokens, shown, may_block, finding);
}

enum check token_source_check(struct token_source *source, const struct shown *shown,
                              bool may_block, struct finding *finding)
{
    struct token_list *list = token_source_take(source);
    enum check result = check_list(source, &list->tokens, shown, may_block, finding);
    if (result != CHECK_NOT_MINE)
        finding->method = "tokens";
    token_list_unref(list);
    return result;
}
