/*
 * One instance: its settings, and the buckets of its rules. Created and destroyed on the main
 * thread.
 */
#ifndef RATE_LIMIT_LIMITER_H
#define RATE_LIMIT_LIMITER_H

#include "common.h"
#include "key.h"
#include "settings.h"
#include "table.h"

#include <sluice/plugin.h>

#include <stdatomic.h>

struct rate_limit {
    struct settings settings;
    struct table *tables[RULES_MAX];        /* NULL: buckets are in the clients' state, or common */
    struct common_part *commons[RULES_MAX]; /* per: all; else NULL */
    struct table *connections;              /* NULL: upgrades are not limited */
    _Atomic int64_t next_warning;
    struct sl_metric *dropped;
    struct sl_metric *delayed;
    struct sl_metric *closed;
    struct sl_metric *refused;
    struct sl_metric *overflowed;
    struct sl_metric *keys;
};

/* The part of a client's state that one rule uses. */
union share {
    struct bucket bucket; /* per: client */
    struct key key;       /* a shared table; set by on_open */
};

struct client_state {
    union share shares[RULES_MAX];
    int64_t next_notice;
    bool is_exempt;
};

/* The hooks of that name. After an error the instance owns nothing. */
int rate_limit_create(struct sl_instance *self);
void rate_limit_destroy(struct sl_instance *self);

#endif
