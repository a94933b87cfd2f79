#include "pipeline/chain_events.h"

#include "pipeline/chain.h"
#include "pipeline/hook.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an instance listens to; unchanged once its create has returned, but for the count. */
struct event_names {
    _Atomic uint64_t heard_elsewhere; /* on threads that are no loop's */
    size_t count;
    struct event_name {
        size_t len;
        char *text; /* owned, zero-terminated */
    } items[EVENT_NAMES_MAX];
};

/* Whether an on_event runs on this thread. */
static _Thread_local bool runs_on_event;

/* -- listening -- */

static const char *find_name(const struct instance *instance, struct sl_string name)
{
    const struct event_names *names = instance->event_names;
    for (size_t i = 0; names != NULL && i < names->count; i++)
        if (names->items[i].len == name.len &&
            memcmp(names->items[i].text, name.data, name.len) == 0)
            return names->items[i].text;
    return NULL;
}

static int add_name(struct instance *instance, struct sl_string name)
{
    if (instance->event_names == NULL)
        instance->event_names = calloc(1, sizeof *instance->event_names);
    if (instance->event_names == NULL)
        return ERR_NO_MEMORY;
    struct event_names *names = instance->event_names;
    char *text = malloc(name.len + 1);
    if (text == NULL)
        return ERR_NO_MEMORY;
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    names->items[names->count++] = (struct event_name){.len = name.len, .text = text};
    return OK;
}

int instance_event_listen(struct instance *instance, struct sl_string name,
                          char text[EVENT_NAME_TEXT_MAX])
{
    const struct event_names *names = instance->event_names;
    if (instance->plugin->table.on_event == NULL) {
        snprintf(text, EVENT_NAME_TEXT_MAX, "it listens to events and has no on_event");
        return ERR_INVALID;
    }
    if (find_name(instance, name) != NULL)
        return OK;
    if (names != NULL && names->count == EVENT_NAMES_MAX) {
        snprintf(text, EVENT_NAME_TEXT_MAX, "an instance may listen to %d events", EVENT_NAMES_MAX);
        return ERR_LIMIT;
    }
    int error = add_name(instance, name);
    if (error != OK)
        snprintf(text, EVENT_NAME_TEXT_MAX, "there is no memory for listening to the event '%.*s'",
                 (int)name.len, name.data);
    return error;
}

bool instance_hears(const struct instance *instance, struct sl_string name)
{
    return find_name(instance, name) != NULL;
}

const char *instance_event_name(const struct instance *instance, size_t index)
{
    const struct event_names *names = instance->event_names;
    return names != NULL && index < names->count ? names->items[index].text : NULL;
}

uint64_t instance_events_heard(const struct instance *instance)
{
    if (instance->event_names == NULL)
        return 0;
    uint64_t heard =
        atomic_load_explicit(&instance->event_names->heard_elsewhere, memory_order_relaxed);
    for (unsigned i = 0; i < instance->pipeline->loop_count; i++)
        heard += counter_read(&instance->stats[i].events);
    return heard;
}

void event_names_free(struct event_names *names)
{
    for (size_t i = 0; names != NULL && i < names->count; i++)
        free(names->items[i].text);
    free(names);
}

bool chain_has_listeners(const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->stages[i].instance->event_names != NULL)
            return true;
    return false;
}

/* -- emitting -- */

static void count_heard(struct instance *instance, const struct pipeline_loop *loop)
{
    if (loop != NULL)
        counter_add(&instance->stats[loop->index].events, 1);
    else
        atomic_fetch_add_explicit(&instance->event_names->heard_elsewhere, 1, memory_order_relaxed);
}

/* A client that another on_event has closed is handed on no more. */
static void call_on_event(const struct stage *stage, const struct emission *emission,
                          const char *name)
{
    struct instance *instance = stage->instance;
    struct sl_client *client = emission->client;
    const struct sl_event event = {.struct_size = sizeof event,
                                   .name = {name, emission->name.len},
                                   .payload = emission->payload,
                                   .emitter = emission->emitter};
    if (client != NULL && !client->is_open)
        client = NULL;
    count_heard(instance, emission->loop);
    hook_begin_inside(instance, stage, client != NULL ? client->id : 0, "on_event");
    instance->plugin->table.on_event(&instance->seen, client, &event);
}

static void have_all_hear(const struct emission *emission)
{
    const struct chain *chain = emission->chain;
    for (size_t i = 0; i < chain->count; i++) {
        const struct stage *stage = &chain->stages[i];
        const char *name = find_name(stage->instance, emission->name);
        if (name != NULL && stage->instance != emission->by &&
            (stage->is_shadow || !emission->is_shadow))
            call_on_event(stage, emission, name);
    }
}

/* What the hook outside is being asked about is out of sight meanwhile, so that a listener defers
 * or closes nothing of it. */
int chain_emit(const struct emission *emission)
{
    struct pipeline_loop *loop = emission->loop;
    struct running running = {.stage = NULL};
    if (runs_on_event)
        return ERR_INVALID;
    if (loop != NULL) {
        running = loop->running;
        loop->running = (struct running){.stage = NULL};
    }
    struct hook_outer outer = hook_leave_outer();
    runs_on_event = true;
    have_all_hear(emission);
    runs_on_event = false;
    hook_go_on(&outer);
    if (loop != NULL)
        loop->running = running;
    return OK;
}
