#include "key_file.h"

#include <openssl/crypto.h>
#include <sluice/file.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_text(const char *path, size_t *len, char error[KEY_ERROR_SIZE])
{
    int fd = sl_file_open(path, SL_FILE_READABLE, NULL, error, KEY_ERROR_SIZE);
    if (fd < 0)
        return NULL;
    FILE *file = fdopen(fd, "r");
    char *text = file != NULL ? malloc(KEY_INPUT_MAX + 1) : NULL;
    *len = 0;
    if (text == NULL)
        snprintf(error, KEY_ERROR_SIZE, "there is no memory to read it");
    else
        *len = fread(text, 1, KEY_INPUT_MAX + 1, file);
    if (file != NULL)
        fclose(file);
    else
        close(fd);
    return text;
}

static struct key_set *read_set(const struct key_file *file, char error[KEY_ERROR_SIZE])
{
    size_t len;
    char *text = read_text(file->path_cstr, &len, error);
    if (text == NULL)
        return NULL;
    struct key_set *set = file->is_jwks ? key_set_parse_jwks(text, len, file->takes_secrets, error)
                                        : key_set_parse_pem(text, len, error);
    OPENSSL_cleanse(text, len); /* Its keys may be shared secrets. */
    free(text);
    return set;
}

static void report_key_file(const struct key_file *file, struct sl_instance *self,
                            const struct key_set *set)
{
    if (set->surplus > 0)
        sl_log(self, SL_LOG_WARN,
               "%s: %s: the last %zu of %zu entries are left out: %d are the most",
               file->option_cstr, file->path_cstr, set->surplus,
               set->surplus + set->skipped + set->count, KEYS_MAX);
    if (set->skipped > 0)
        sl_log(self, SL_LOG_WARN,
               "%s: %s: %zu of %zu entries are of no use here: private, too short, not for "
               "signatures, or of a kind that is not known",
               file->option_cstr, file->path_cstr, set->skipped, set->skipped + set->count);
}

int key_file_open(struct key_file *file, struct sl_instance *self)
{
    char error[KEY_ERROR_SIZE] = "";
    (void)file_change_look(&file->change, file->path_cstr);
    file->set = read_set(file, error);
    if (file->set == NULL)
        return sl_fail(self, "%s: %s: %s", file->option_cstr, file->path_cstr, error);
    pthread_mutex_init(&file->lock, NULL);
    report_key_file(file, self, file->set);
    return 0;
}

void key_file_close(struct key_file *file)
{
    if (file->set == NULL)
        return;
    key_set_unref(file->set);
    file->set = NULL;
    pthread_mutex_destroy(&file->lock);
}

void key_file_refresh(struct key_file *file, struct sl_instance *self)
{
    char error[KEY_ERROR_SIZE] = "";
    if (file->set == NULL)
        return;
    bool has_changed = file_change_look(&file->change, file->path_cstr);
    if (!has_changed && !file->change.is_wanted)
        return;
    struct key_set *set = read_set(file, error);
    file->change.is_wanted = set == NULL;
    if (set == NULL) {
        if (has_changed)
            sl_log(self, SL_LOG_ERROR, "%s: %s: %s; the keys of before stay in force",
                   file->option_cstr, file->path_cstr, error);
        return;
    }
    sl_log(self, SL_LOG_INFO, "%s: %s has changed: %zu keys", file->option_cstr, file->path_cstr,
           set->count);
    report_key_file(file, self, set);
    pthread_mutex_lock(&file->lock);
    struct key_set *before = file->set;
    file->set = set;
    pthread_mutex_unlock(&file->lock);
    key_set_unref(before);
}

struct key_set *key_file_take(struct key_file *file)
{
    if (file->path_cstr == NULL)
        return NULL;
    pthread_mutex_lock(&file->lock);
    struct key_set *set = key_set_ref(file->set);
    pthread_mutex_unlock(&file->lock);
    return set;
}
