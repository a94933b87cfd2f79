/*
 * The options of one instance, read and checked once in create.
 */
#ifndef RATE_LIMIT_SETTINGS_H
#define RATE_LIMIT_SETTINGS_H

#include "bucket.h"

#include <sluice/plugin.h>

enum scope { PER_CLIENT, PER_ADDRESS, PER_IDENTITY };

struct settings {
    struct limits messages;    /* of messages and their bytes; all zero: none */
    struct limits connections; /* of upgrades per address; all zero: none */
    enum scope scope;          /* who shares a bucket for messages */
    bool close;                /* what happens to who is too fast: closed, else dropped */
    uint32_t max_keys;
};

#define SETTINGS_OPTION_COUNT 9

extern const struct sl_option settings_options[SETTINGS_OPTION_COUNT];

/* Reads the options into `settings`. Returns 0, or SL_ERROR after host->fail. */
int settings_read(struct sl_instance *self, struct settings *settings);

#endif
