/*
 * Host functions of ABI 1.1 as far as plugins' unit tests need them: attributes are kept; metrics,
 * timers, deferrals and worker threads are not, since `sluice test-plugin` is for those.
 */
#include "fake_host_internal.h"

#include <string.h>

int fake_host_attribute_set(struct sl_instance *self, struct sl_client *client,
                            const char *name_cstr, const char *value, size_t len)
{
    size_t at = 0;
    (void)self;
    while (at < FAKE_LIST_MAX && client->attributes[at].name[0] != '\0' &&
           strcmp(client->attributes[at].name, name_cstr) != 0)
        at++;
    if (at == FAKE_LIST_MAX || len >= FAKE_TEXT_SIZE || strlen(name_cstr) > 63)
        return -1;
    strcpy(client->attributes[at].name, name_cstr);
    memcpy(client->attributes[at].value, value, len);
    client->attributes[at].value[len] = '\0';
    return 0;
}

bool fake_host_attribute(const struct sl_client *client, const char *name_cstr,
                         struct sl_string *found)
{
    for (size_t i = 0; i < FAKE_LIST_MAX; i++)
        if (client->attributes[i].name[0] != '\0' &&
            strcmp(client->attributes[i].name, name_cstr) == 0) {
            *found = sl_string_of(client->attributes[i].value);
            return true;
        }
    return false;
}

bool fake_host_client_is_new(const struct sl_client *client)
{
    (void)client;
    return true;
}

bool fake_host_request_certificate(const struct sl_request *request,
                                   enum sl_certificate_field field, size_t index,
                                   struct sl_string *found)
{
    (void)request, (void)field, (void)index, (void)found;
    return false;
}

struct sl_metric *fake_host_metric(struct sl_instance *self, enum sl_metric_kind kind,
                                   const char *name_cstr, const char *help_cstr,
                                   const double *buckets, size_t bucket_count)
{
    (void)self, (void)kind, (void)name_cstr, (void)help_cstr, (void)buckets, (void)bucket_count;
    return NULL;
}

void fake_host_metric_change(struct sl_metric *metric, double amount)
{
    (void)metric, (void)amount;
}

void fake_host_set_unready(struct sl_instance *self, const char *reason_cstr)
{
    (void)self, (void)reason_cstr;
}

int64_t fake_host_timeout(const struct sl_instance *self)
{
    (void)self;
    return INT64_C(2000000000);
}

static bool timers_fail;

void fake_fail_timers(bool fail)
{
    timers_fail = fail;
}

uint64_t fake_host_timer_start(struct sl_instance *self, int64_t after, int64_t interval,
                               uint64_t tag)
{
    (void)self, (void)after, (void)interval, (void)tag;
    return timers_fail ? 0 : 1;
}

void fake_host_timer_stop(struct sl_instance *self, uint64_t timer)
{
    (void)self, (void)timer;
}

enum sl_verdict fake_host_defer(struct sl_instance *self, struct sl_client *client,
                                const struct sl_deferral *how, struct sl_ticket *ticket)
{
    (void)self, (void)client, (void)how, (void)ticket;
    return SL_ERROR;
}

int fake_host_offload(struct sl_instance *self, uint64_t client_id,
                      void (*work)(struct sl_instance *self, void *context),
                      void (*done)(struct sl_instance *self, struct sl_client *client,
                                   void *context),
                      void *context)
{
    (void)self, (void)client_id, (void)work, (void)done, (void)context;
    return -1;
}
