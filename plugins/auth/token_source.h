/*
 * An instance's tokens: the list that is in force, and the file that it comes from. The file is
 * checked for changes from time to time and read again when it has changed. If it cannot be read,
 * or holds an error, the previous list stays in force.
 *
 * The list is reference-counted; any thread may take it. Checking the file blocks.
 */
#ifndef AUTH_TOKEN_SOURCE_H
#define AUTH_TOKEN_SOURCE_H

#include "file_change.h"
#include "finding.h"
#include "tokens.h"

#include <pthread.h>
#include <stdatomic.h>

struct token_list {
    atomic_uint references;
    struct tokens tokens;
};

struct token_source {
    const char *file_cstr; /* borrowed; NULL if not configured */
    const char *env_cstr;  /* likewise */
    pthread_mutex_t lock;
    struct token_list *current;  /* owned reference */
    struct file_change change;   /* only the thread that rereads uses it */
    atomic_bool has_hashes;      /* the list has slow hashes: names and secrets are accepted */
    uint8_t secret[DIGEST_SIZE]; /* random: chooses the entry that stands in for an unknown name */
};

/* Reads the list. Returns 0, or SL_ERROR after host->fail; nothing is owned then. */
int token_source_init(struct token_source *source, struct sl_instance *self, const char *file_cstr,
                      const char *env_cstr);
void token_source_deinit(struct token_source *source, const struct sl_host *host);

/* Whether names with secrets are accepted. Any thread. */
bool token_source_has_hashes(const struct token_source *source);

/* Reads the file again if it has changed [a thread that may block, one at a time]. */
void token_source_refresh(struct token_source *source, struct sl_instance *self);

/* Takes the list that is in force; give it back with token_list_unref. */
struct token_list *token_source_take(struct token_source *source);
void token_list_unref(struct token_list *list);

/* Compares what is shown with the list. A secret with a slow hash is shown as NAME:SECRET. */
enum check token_source_check(struct token_source *source, const struct shown *shown,
                              bool may_block, struct finding *finding);

#endif
