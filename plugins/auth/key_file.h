/*
 * A file of keys, and the key set that is in force. The file is checked for changes from time to
 * time and read again when it has changed. If it cannot be read, or holds no usable key, the
 * previous keys stay in force.
 *
 * Any thread may take the set. Reading blocks.
 */
#ifndef AUTH_KEY_FILE_H
#define AUTH_KEY_FILE_H

#include "file_change.h"
#include "key_set.h"

#include <sluice/plugin.h>

#include <pthread.h>

struct key_file {
    const char *option_cstr; /* static: for messages */
    const char *path_cstr;   /* borrowed; NULL if no file is configured */
    bool is_jwks;            /* else PEM */
    bool takes_secrets;
    pthread_mutex_t lock;
    struct key_set *set; /* owned reference */
    struct file_change change;
};

/* Reads the file that the other members describe. Returns 0, or SL_ERROR after host->fail. */
int key_file_open(struct key_file *file, struct sl_instance *self);
void key_file_close(struct key_file *file);

/* Reads the file again if it has changed [a thread that may block]. */
void key_file_refresh(struct key_file *file, struct sl_instance *self);

/* A reference to the set, which the caller gives back; NULL if no file is configured. */
struct key_set *key_file_take(struct key_file *file);

#endif
