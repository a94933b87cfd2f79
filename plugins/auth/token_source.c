#include "token_source.h"

#include "password.h"
#include "token_file.h"

#include <openssl/crypto.h>
#include <string.h>

#define HASHES_TRIED 4 /* secrets of one name that are compared with */

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

static bool read_all(const struct token_source *source, struct sl_instance *self,
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
    if (tokens->short_count > 0)
        sl_log(self, SL_LOG_WARN,
               "%zu of the tokens have fewer than 16 characters and can be guessed; make better "
               "ones with: openssl rand -hex 32",
               tokens->short_count);
    return true;
}

/* Returns the list of before; NULL: there was none. */
static struct token_list *put_in_force(struct token_source *source, struct token_list *list)
{
    pthread_mutex_lock(&source->lock);
    struct token_list *before = source->current;
    source->current = list;
    pthread_mutex_unlock(&source->lock);
    atomic_store(&source->has_hashes, tokens_first_hash(&list->tokens) != NULL);
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
    if (file_cstr != NULL)
        (void)file_change_look(&source->change, file_cstr);
    if (!read_all(source, self, &list->tokens, error)) {
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
    if (read_all(source, self, &list->tokens, error))
        return true;
    if (has_changed) /* What is tried again is not said again. */
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

/* A secret with a slow hash: NAME:SECRET. */
static enum check check_hashes(const struct tokens *tokens, const struct shown *shown,
                               bool may_block, struct finding *finding)
{
    const char *colon = memchr(shown->token.data, ':', shown->token.len);
    size_t from = 0;
    if (colon == NULL || tokens_first_hash(tokens) == NULL)
        return CHECK_NOT_MINE;
    size_t name_len = (size_t)(colon - shown->token.data);
    size_t secret_len = shown->token.len - name_len - 1;
    const struct token *token = tokens_find_hash(tokens, shown->token.data, name_len, &from);
    if (!may_block)
        return CHECK_SLOW;
    if (token == NULL) { /* So that the time does not tell which names there are. */
        (void)password_verify(tokens_first_hash(tokens)->hash, colon + 1, secret_len);
        return CHECK_NOT_MINE;
    }
    for (int tried = 0; token != NULL && tried < HASHES_TRIED; tried++) {
        if (password_verify(token->hash, colon + 1, secret_len) &&
            finding_identify(finding, token->name, token->name_len))
            return CHECK_ACCEPTED;
        token = tokens_find_hash(tokens, shown->token.data, name_len, &from);
    }
    return finding_refuse(finding, "The name or the secret is not valid.");
}

static enum check check_list(const struct tokens *tokens, const struct shown *shown, bool may_block,
                             struct finding *finding)
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
    return check_hashes(tokens, shown, may_block, finding);
}

enum check token_source_check(struct token_source *source, const struct shown *shown,
                              bool may_block, struct finding *finding)
{
    struct token_list *list = token_source_take(source);
    enum check result = check_list(&list->tokens, shown, may_block, finding);
    if (result != CHECK_NOT_MINE)
        finding->method = "tokens";
    token_list_unref(list);
    return result;
}
