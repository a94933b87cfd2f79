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

/* Host functions of ABI 1.1, in fake_newer.c. */
int fake_host_attribute_set(struct sl_instance *self, struct sl_client *client,
                            const char *name_cstr, const char *value, size_t len);
bool fake_host_attribute(const struct sl_client *client, const char *name_cstr,
                         struct sl_string *found);
bool fake_host_client_is_new(const struct sl_client *client);
bool fake_host_request_certificate(const struct sl_request *request,
                                   enum sl_certificate_field field, size_t index,
                                   struct sl_string *found);
struct sl_metric *fake_host_metric(struct sl_instance *self, enum sl_metric_kind kind,
                                   const char *name_cstr, const char *help_cstr,
                                   const double *buckets, size_t bucket_count);
void fake_host_metric_change(struct sl_metric *metric, double amount);
void fake_host_set_unready(struct sl_instance *self, const char *reason_cstr);
int64_t fake_host_timeout(const struct sl_instance *self);
uint64_t fake_host_timer_start(struct sl_instance *self, int64_t after, int64_t interval,
                               uint64_t tag);
void fake_host_timer_stop(struct sl_instance *self, uint64_t timer);
enum sl_verdict fake_host_defer(struct sl_instance *self, struct sl_client *client,
                                const struct sl_deferral *how, struct sl_ticket *ticket);
int fake_host_offload(struct sl_instance *self, uint64_t client_id,
                      void (*work)(struct sl_instance *self, void *context),
                      void (*done)(struct sl_instance *self, struct sl_client *client,
                                   void *context),
                      void *context);

/* Remembers what fake_error() returns. */
void fake_set_error(const char *text, size_t len);

/* Ends the test program with a message: the plugin broke the contract, or the test is wrong. */
_Noreturn void fake_abort(const char *what);

#endif
