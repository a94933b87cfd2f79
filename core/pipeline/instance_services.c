#include "pipeline/instance_services.h"

#include "config/config.h"
#include "config/suggest.h"
#include "pipeline/instance.h"
#include "pipeline/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICES_MAX 16 /* that an instance provides, and that it looks for */

struct provided_service {
    struct service_key key;
    const void *table; /* the plugin's */
};

struct wanted_service {
    struct service_key key;
    struct instance *provider; /* one reference; NULL: there was none */
    struct sl_service seen;
};

/* Never moves: plugins have pointers to it. */
struct instance_services {
    struct provided_service provided[SERVICES_MAX];
    struct wanted_service wanted[SERVICES_MAX];
    size_t provided_count, wanted_count;
};

static struct instance_services *need_services(struct instance *instance)
{
    if (instance->services == NULL)
        instance->services = calloc(1, sizeof *instance->services);
    return instance->services;
}

/* Returns false if it is no name. */
static bool make_key(struct service_key *key, const char *name, uint16_t major, uint16_t minor)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = name != NULL ? strnlen(name, SL_SERVICE_NAME_MAX + 1) : 0;
    if (len == 0 || len > SL_SERVICE_NAME_MAX || strspn(name, allowed) != len)
        return false;
    *key = (struct service_key){.major = major, .minor = minor};
    memcpy(key->name, name, len);
    return true;
}

static bool say_no_name(char text[SERVICE_TEXT_MAX])
{
    snprintf(text, SERVICE_TEXT_MAX,
             "a service's name is 1 to %d lower case letters, digits, '-', '_' and '.'",
             SL_SERVICE_NAME_MAX);
    return false;
}

/* -- providing -- */

static const struct provided_service *find_provided(const struct instance *instance,
                                                    const struct service_key *key, uint16_t minor)
{
    const struct instance_services *services = instance->services;
    for (size_t i = 0; services != NULL && i < services->provided_count; i++) {
        const struct provided_service *provided = &services->provided[i];
        if (strcmp(provided->key.name, key->name) == 0 && provided->key.major == key->major &&
            provided->key.minor >= minor)
            return provided;
    }
    return NULL;
}

bool instance_provides(const struct instance *instance, const struct service_key *missed)
{
    return find_provided(instance, missed, missed->minor) != NULL;
}

/* Returns false with a sentence. */
static bool may_provide(const struct instance *instance, const struct service_key *key,
                        const void *table, char text[SERVICE_TEXT_MAX])
{
    uint32_t size = 0;
    if (table != NULL)
        memcpy(&size, table, sizeof size);
    if (size < sizeof size)
        snprintf(text, SERVICE_TEXT_MAX,
                 "the table of the service '%s' does not begin with its struct_size", key->name);
    else if (find_provided(instance, key, 0) != NULL)
        snprintf(text, SERVICE_TEXT_MAX, "it provides the service '%s' %u twice", key->name,
                 key->major);
    else if (instance->services != NULL && instance->services->provided_count == SERVICES_MAX)
        snprintf(text, SERVICE_TEXT_MAX, "an instance may provide %d services", SERVICES_MAX);
    else
        return true;
    return false;
}

int instance_service_provide(struct instance *instance, const char *name, uint16_t major,
                             uint16_t minor, const void *table, char text[SERVICE_TEXT_MAX])
{
    struct service_key key;
    if (make_key(&key, name, major, minor) ? !may_provide(instance, &key, table, text)
                                           : !say_no_name(text))
        return ERR_INVALID;
    struct instance_services *services = need_services(instance);
    if (services == NULL) {
        snprintf(text, SERVICE_TEXT_MAX, "there is no memory for the service '%s'", name);
        return ERR_NO_MEMORY;
    }
    services->provided[services->provided_count++] =
        (struct provided_service){.key = key, .table = table};
    return OK;
}

/* -- finding -- */

static bool is_in_shadow(const struct service_scope *scope, size_t index)
{
    return scope->configs[index].mode == MODE_SHADOW;
}

static bool is_visible(const struct service_scope *scope, size_t index)
{
    return !is_in_shadow(scope, index) || is_in_shadow(scope, scope->index);
}

/* The nearest one before. */
static const struct provided_service *find_before(const struct service_scope *scope,
                                                  const struct service_key *key,
                                                  struct instance **provider)
{
    for (size_t i = scope->index; i-- > 0;) {
        struct instance *instance = scope->stages[i].instance;
        if (instance == NULL || !is_visible(scope, i))
            continue;
        const struct provided_service *found = find_provided(instance, key, key->minor);
        if (found == NULL)
            continue;
        *provider = instance;
        return found;
    }
    *provider = NULL;
    return NULL;
}

/* Who offers something near, from the nearest on: the same name, or else a similar one. */
struct near_service {
    const struct provided_service *provided;
    const struct instance *provider; /* NULL: nobody */
    bool is_hidden;                  /* it is what was asked for, in shadow mode */
};

static void look_at_provider(struct near_service *near, struct suggestion *suggestion,
                             const struct service_scope *scope, size_t index,
                             const struct service_key *key)
{
    const struct instance *instance = scope->stages[index].instance;
    const struct instance_services *services = instance != NULL ? instance->services : NULL;
    for (size_t i = 0; services != NULL && i < services->provided_count; i++) {
        const struct provided_service *provided = &services->provided[i];
        const char *before = suggestion->nearest;
        suggest_offer(suggestion, provided->key.name);
        if (suggestion->nearest == before)
            continue;
        *near = (struct near_service){.provided = provided,
                                      .provider = instance,
                                      .is_hidden = !is_visible(scope, index) &&
                                                   instance_provides(instance, key)};
    }
}

static struct near_service find_near(const struct service_scope *scope,
                                     const struct service_key *key)
{
    struct near_service near = {.provider = NULL};
    struct suggestion suggestion = suggest_begin(key->name);
    for (size_t i = scope->index; i-- > 0;)
        look_at_provider(&near, &suggestion, scope, i, key);
    return near;
}

static bool is_incomplete(const struct service_scope *scope)
{
    bool is_complete = true;
    for (size_t i = 0; i < scope->index; i++)
        is_complete = is_complete && scope->stages[i].instance != NULL;
    return !is_complete;
}

static void say_missed(const struct service_scope *scope, const struct service_key *key,
                       char text[SERVICE_TEXT_MAX])
{
    char hint[SERVICE_TEXT_MAX / 2] = "";
    struct near_service near = find_near(scope, key);
    if (near.provider != NULL && near.is_hidden)
        snprintf(hint, sizeof hint, "; %s does, but in shadow mode", near.provider->name);
    else if (near.provider != NULL && strcmp(near.provided->key.name, key->name) == 0)
        snprintf(hint, sizeof hint, "; %s provides %u.%u of it", near.provider->name,
                 near.provided->key.major, near.provided->key.minor);
    else if (near.provider != NULL)
        snprintf(hint, sizeof hint, "; %s provides '%s' %u.%u", near.provider->name,
                 near.provided->key.name, near.provided->key.major, near.provided->key.minor);
    else if (is_incomplete(scope))
        snprintf(hint, sizeof hint, "; some of them could not be set up");
    snprintf(text, SERVICE_TEXT_MAX,
             "no instance before it in the pipeline provides the service '%s' %u.%u%s", key->name,
             key->major, key->minor, hint);
}

static struct wanted_service *add_wanted(struct instance *instance, const struct service_key *key,
                                         char text[SERVICE_TEXT_MAX])
{
    struct instance_services *services = need_services(instance);
    if (services == NULL)
        snprintf(text, SERVICE_TEXT_MAX, "there is no memory for the service '%s'", key->name);
    else if (services->wanted_count == SERVICES_MAX)
        snprintf(text, SERVICE_TEXT_MAX, "an instance may look for %d services", SERVICES_MAX);
    if (services == NULL || services->wanted_count == SERVICES_MAX)
        return NULL;
    struct wanted_service *wanted = &services->wanted[services->wanted_count++];
    *wanted = (struct wanted_service){.key = *key};
    return wanted;
}

const struct sl_service *instance_service_find(struct instance *instance, const char *name,
                                               uint16_t major, uint16_t minor,
                                               char text[SERVICE_TEXT_MAX])
{
    struct service_key key;
    const struct service_scope *scope = &instance->scope;
    if (!make_key(&key, name, major, minor)) {
        say_no_name(text);
        return NULL;
    }
    struct wanted_service *wanted = add_wanted(instance, &key, text);
    if (wanted == NULL)
        return NULL;
    const struct provided_service *found = find_before(scope, &key, &wanted->provider);
    if (found == NULL) {
        say_missed(scope, &key, text);
        if (scope->missed != NULL)
            *scope->missed = key;
        return NULL;
    }
    instance_ref(wanted->provider);
    wanted->seen = (struct sl_service){.struct_size = sizeof wanted->seen,
                                       .major = found->key.major,
                                       .minor = found->key.minor,
                                       .table = found->table,
                                       .provider = &wanted->provider->seen};
    return &wanted->seen;
}

/* -- looking at it -- */

void instance_services_each_provided(const struct instance *instance,
                                     void (*visit)(void *context, const struct service_key *key),
                                     void *context)
{
    const struct instance_services *services = instance->services;
    for (size_t i = 0; services != NULL && i < services->provided_count; i++)
        visit(context, &services->provided[i].key);
}

void instance_services_each_wanted(const struct instance *instance,
                                   void (*visit)(void *context, const struct service_key *key,
                                                 const struct sl_service *found,
                                                 const struct instance *provider),
                                   void *context)
{
    const struct instance_services *services = instance->services;
    for (size_t i = 0; services != NULL && i < services->wanted_count; i++) {
        const struct wanted_service *wanted = &services->wanted[i];
        visit(context, &wanted->key, &wanted->seen, wanted->provider);
    }
}

/* -- reload and end -- */

bool instance_services_hold(const struct instance *instance, const struct service_scope *scope)
{
    const struct instance_services *services = instance->services;
    for (size_t i = 0; services != NULL && i < services->wanted_count; i++) {
        struct instance *provider;
        find_before(scope, &services->wanted[i].key, &provider);
        if (provider != services->wanted[i].provider)
            return false;
    }
    return true;
}

void instance_services_free(struct instance_services *services)
{
    for (size_t i = 0; services != NULL && i < services->wanted_count; i++)
        instance_unref(services->wanted[i].provider);
    free(services);
}
