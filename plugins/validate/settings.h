/*
 * The options of one instance: the table of all of them, and the settings about a message as a
 * whole. The settings about its content are in content.h.
 *
 * Read once in create, immutable afterwards.
 */
#ifndef VALIDATE_SETTINGS_H
#define VALIDATE_SETTINGS_H

#include <sluice/plugin.h>

struct settings {
    bool text;         /* text messages may pass */
    bool binary;       /* binary messages may pass */
    uint64_t min_size; /* bytes; 0: no limit */
    uint64_t max_size; /* bytes; UINT64_MAX: no limit */
    bool close;        /* a bad message's client is closed, else the message is dropped */
    bool notify;       /* the client is told why a message was dropped */
};

#define SETTINGS_OPTION_COUNT 25

extern const struct sl_option settings_options[SETTINGS_OPTION_COUNT];

/* Reads the options into `settings`. Returns 0, or SL_ERROR after host->fail. Owns nothing. */
int settings_read(struct sl_instance *self, struct settings *settings);

#endif
