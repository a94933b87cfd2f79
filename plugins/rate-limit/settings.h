/*
 * The options of one instance, read and checked once in create.
 */
#ifndef RATE_LIMIT_SETTINGS_H
#define RATE_LIMIT_SETTINGS_H

#include "bucket.h"

#include <sluice/address.h>
#include <sluice/plugin.h>

#define RULES_MAX 4
#define EXEMPTIONS_MAX 256
#define ATTRIBUTE_NAME_MAX 63

/* The clients that share an allowance. */
enum scope { PER_CLIENT, PER_ADDRESS, PER_IDENTITY, PER_ATTRIBUTE, PER_ENDPOINT, PER_ALL, SCOPES };

enum action { ACTION_DROP, ACTION_DELAY, ACTION_CLOSE, ACTIONS };

/* One limit of messages and their bytes. */
struct rule {
    struct limits limits;
    enum scope scope;
    enum action action;
    char attribute[ATTRIBUTE_NAME_MAX + 1]; /* PER_ATTRIBUTE: its name */
    char name[ATTRIBUTE_NAME_MAX + 1];      /* PER_ALL: of the allowance that instances share */
};

struct settings {
    struct rule rules[RULES_MAX];
    size_t rule_count;
    struct limits connections; /* of upgrades; all zero: no limit */
    bool connections_of_all;   /* all upgrades share one allowance; else each prefix has one */
    uint32_t max_keys;
    unsigned ipv4_bits; /* bits of an address that count */
    unsigned ipv6_bits;
    int64_t max_delay; /* ns */
    bool notify;
    struct sl_prefix *exempt; /* owned */
    size_t exempt_count;
};

#define SETTINGS_OPTION_COUNT 19

extern const struct sl_option settings_options[SETTINGS_OPTION_COUNT];

/* Reads the options into `settings`. Returns 0, or SL_ERROR after host->fail; nothing is owned
 * then. */
int settings_read(struct sl_instance *self, struct settings *settings);

/* The name of a scope in the option `per`. */
const char *settings_scope_name(enum scope scope);

void settings_deinit(struct settings *settings, const struct sl_host *host);

#endif
