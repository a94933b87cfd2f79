/*
 * The options of one instance, read and checked once in create.
 */
#ifndef AUTH_SETTINGS_H
#define AUTH_SETTINGS_H

#include "credential.h"
#include "tokens.h"

#include <sluice/plugin.h>

struct settings {
    struct tokens tokens; /* owned */
    struct credential_places places;
    bool required; /* who has no token is refused */
};

#define SETTINGS_OPTION_COUNT 7

extern const struct sl_option settings_options[SETTINGS_OPTION_COUNT];

/* Reads the options, the file and the variable into `settings`. Returns 0, or SL_ERROR after
 * host->fail; nothing is owned then. */
int settings_read(struct sl_instance *self, struct settings *settings);

/* Frees and wipes what `settings` owns. */
void settings_deinit(struct settings *settings);

#endif
