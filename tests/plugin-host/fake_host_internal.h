/*
 * What the fake host's parts share.
 */
#ifndef TESTS_FAKE_HOST_INTERNAL_H
#define TESTS_FAKE_HOST_INTERNAL_H

#include "fake_host.h"

#include "config/config.h"
#include "config/options.h"

struct fake_instance {
    struct sl_instance base; /* first: hooks are handed this */
    const struct sl_plugin *table;
    char file[64]; /* that the configuration was in; positions in it point here */
    struct config *config;
    struct option_set *options;
};

extern const struct sl_host fake_host_table;

/* Host functions that stand in fake_services.c. */
bool fake_host_log_enabled(enum sl_log_level level);
void fake_host_log(const struct sl_instance *self, enum sl_log_level level, const char *text,
                   size_t len);
void fake_host_fail(struct sl_instance *self, const char *text, size_t len);
int64_t fake_host_time(void);
void *fake_host_allocate(size_t size);
void *fake_host_reallocate(void *memory, size_t size);
void fake_host_release(void *memory);

/* Remembers what fake_error() returns. */
void fake_set_error(const char *text, size_t len);

/* Ends the test program with a message: the plugin broke the contract, or the test is wrong. */
_Noreturn void fake_abort(const char *what);

#endif
