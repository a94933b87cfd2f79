/*
 * The options of one instance, read and checked once in create.
 */
#ifndef VALIDATE_SETTINGS_H
#define VALIDATE_SETTINGS_H

#include "json_check.h"

#include <sluice/plugin.h>

struct settings {
    bool text;         /* text messages may pass */
    bool binary;       /* binary messages may pass */
    uint64_t min_size; /* bytes; 0: no limit */
    uint64_t max_size; /* bytes; UINT64_MAX: no limit */
    bool json;         /* text has to be JSON */
    struct json_limits json_limits;
    struct member *members; /* owned; names are borrowed from the options */
    size_t member_count;
    bool close;  /* a bad message's client is closed, else the message is dropped */
    bool notify; /* the client is told why a message was dropped */
};

#define SETTINGS_OPTION_COUNT 22

extern const struct sl_option settings_options[SETTINGS_OPTION_COUNT];

/* Reads the options into `settings` (zeroed). Returns 0, or SL_ERROR after host->fail; nothing is
 * owned then. */
int settings_read(struct sl_instance *self, struct settings *settings);

/* Frees what `settings` owns. */
void settings_deinit(struct settings *settings, const struct sl_host *host);

#endif
