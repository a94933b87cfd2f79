#include "workbench/fake_internal.h"

#include "config/diagnostics.h"
#include "workbench/situation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1000000000000) /* where the monotonic clock begins */

struct fake fake;
unsigned fake_hook_limit = 1000;

void fake_lock(void)
{
    pthread_mutex_lock(&fake.lock);
}

void fake_unlock(void)
{
    pthread_mutex_unlock(&fake.lock);
}

void fake_begin(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&fake.lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    pthread_cond_init(&fake.changed, NULL);
    fake.now = START;
    fake.next_id = 1;
    fake.last_job = &fake.jobs;
    fake.last_event = &fake.events;
}

/* -- events -- */

void fake_note(enum fake_event_kind kind, const struct sl_instance *by, uint64_t client_id,
               struct sl_string target, enum sl_message_type type, struct sl_string data, int code)
{
    struct fake_event *event = calloc(1, sizeof *event);
    if (event == NULL)
        abort();
    *event = (struct fake_event){.kind = kind,
                                 .by = by,
                                 .client_id = client_id,
                                 .target = strndup(target.data, target.len),
                                 .type = type,
                                 .data = malloc(data.len + 1),
                                 .len = data.len,
                                 .code = code};
    if (event->target == NULL || event->data == NULL)
        abort();
    if (data.len > 0)
        memcpy(event->data, data.data, data.len);
    event->data[data.len] = '\0';
    fake_lock();
    *fake.last_event = event;
    fake.last_event = &event->next;
    pthread_cond_broadcast(&fake.changed);
    fake_unlock();
}

struct fake_event *fake_events(void)
{
    return fake.events;
}

static void forget_deferrals(void)
{
    struct fake_deferral **link = &fake.deferrals;
    while (*link != NULL) {
        struct fake_deferral *deferral = *link;
        if (!deferral->is_settled) {
            link = &deferral->next;
            continue;
        }
        *link = deferral->next;
        free(deferral->has_result ? NULL : deferral->result.data);
        free(deferral);
    }
}

void fake_forget(void)
{
    fake_lock();
    while (fake.events != NULL) {
        struct fake_event *event = fake.events;
        fake.events = event->next;
        free(event->target);
        free(event->data);
        free(event);
    }
    fake.last_event = &fake.events;
    forget_deferrals();
    fake_unlock();
}

void fake_rewind(void)
{
    fake.now = START;
    fake.next_id = 1;
}

const char *fake_failure(void)
{
    return fake.failure;
}

/* -- instances -- */

struct sl_instance *fake_instance_seen(struct fake_instance *instance)
{
    return &instance->seen;
}

static bool read_options(struct fake_instance *instance, const struct yaml_node *node,
                         struct option_set **out)
{
    struct diagnostics diagnostics;
    struct position nowhere = {.file = "options"};
    diagnostics_init(&diagnostics);
    int error = option_set_create(&instance->plugin->options, instance->plugin->table.name, node,
                                  nowhere, &diagnostics, out);
    if (error != OK)
        snprintf(fake.failure, sizeof fake.failure, "%s",
                 diagnostics.count > 0 ? diagnostics.items[0].text : error_text(error));
    diagnostics_deinit(&diagnostics);
    return error == OK;
}

static void *make_state(size_t size)
{
    char *memory = calloc(1, size + CANARY_SIZE);
    if (memory == NULL)
        abort();
    memset(memory + size, CANARY, CANARY_SIZE);
    return memory;
}

static int call_create(struct fake_instance *instance)
{
    if (instance->plugin->table.create == NULL)
        return 0;
    situation_enter("create", 10 * fake_hook_limit);
    int result = instance->plugin->table.create(&instance->seen);
    situation_leave();
    fake_check_canaries("create");
    if (result > 0)
        situation_fail("create returned %d: it returns 0, or SL_ERROR (-1) after host->fail",
                       result);
    if (result != 0 && fake.failure[0] == '\0' && fake.fail_at == 0)
        situation_fail("create failed without saying why: call host->fail (or sl_fail) with a "
                       "sentence for the operator");
    return result;
}

struct fake_instance *fake_instance_create(struct plugin *plugin, const struct yaml_node *options,
                                           const char *endpoint)
{
    static unsigned number;
    struct fake_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL)
        abort();
    fake.failure[0] = '\0';
    instance->plugin = plugin;
    snprintf(instance->name, sizeof instance->name, "%s#%u", plugin->table.name, ++number);
    snprintf(instance->endpoint, sizeof instance->endpoint, "%s", endpoint);
    instance->seen = (struct sl_instance){.struct_size = sizeof instance->seen,
                                          .host = fake_host(),
                                          .name = instance->name,
                                          .endpoint = instance->endpoint};
    if (plugin->table.instance_size > 0)
        instance->seen.state = make_state(plugin->table.instance_size);
    fake.running.instance = instance;
    if (read_options(instance, options, &instance->options) && call_create(instance) == 0) {
        instance->is_created = true;
        fake.running.instance = NULL;
        return instance;
    }
    fake.running.instance = NULL;
    fake_instance_destroy(instance);
    return NULL;
}

void fake_instance_destroy(struct fake_instance *instance)
{
    if (instance->is_created && instance->plugin->table.destroy != NULL) {
        situation_enter("destroy", 10 * fake_hook_limit);
        instance->plugin->table.destroy(&instance->seen);
        situation_leave();
    }
    fake_instance_forget(instance);
    option_set_destroy(instance->options);
    option_set_destroy(instance->old_options);
    free(instance->seen.state);
    free(instance);
}

bool fake_instance_reload(struct fake_instance *instance, const struct yaml_node *options)
{
    struct option_set *fresh = NULL;
    struct option_set *before = instance->options;
    fake.failure[0] = '\0';
    if (!read_options(instance, options, &fresh))
        return false;
    instance->options = fresh;
    situation_enter("on_reload", 10 * fake_hook_limit);
    int result = instance->plugin->table.on_reload(&instance->seen);
    situation_leave();
    fake_check_canaries("on_reload");
    if (result != 0) {
        instance->options = before;
        option_set_destroy(fresh);
        return false;
    }
    option_set_destroy(instance->old_options);
    instance->old_options = NULL;
    option_set_destroy(before); /* What was read from it must not be used any more. */
    return true;
}

/* -- canaries -- */

static void check_canary(const char *memory, size_t size, const char *hook, const char *whose,
                         const char *member)
{
    for (size_t i = 0; memory != NULL && i < CANARY_SIZE; i++)
        if ((unsigned char)memory[size + i] != CANARY)
            situation_fail("%s wrote past the end of the %s state (%zu bytes): is %s in the "
                           "plugin's table the size of the struct that is kept there?",
                           hook, whose, size, member);
}

void fake_check_canaries(const char *hook)
{
    const struct fake_instance *instance = fake.running.instance;
    if (instance == NULL)
        return;
    const struct sl_plugin *table = &instance->plugin->table;
    if (table->instance_size > 0)
        check_canary(instance->seen.state, table->instance_size, hook, "instance", "instance_size");
    for (const struct sl_client *client = fake.clients; client != NULL; client = client->next)
        for (size_t i = 0; i < client->block_count; i++)
            if (client->blocks[i].instance == instance)
                check_canary(client->blocks[i].memory, table->client_size, hook, "client",
                             "client_size");
}

/* -- memory -- */

void fake_fail_allocation(unsigned long nth)
{
    fake.allocations = 0;
    fake.fail_at = nth;
}

unsigned long fake_allocations(void)
{
    return fake.allocations;
}

size_t fake_live_allocations(void)
{
    return fake.live;
}
