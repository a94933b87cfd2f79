/*
 * Events between the instances of a pipeline: an instance says in its create which it listens to,
 * and when another one emits such an event, those that listen are called one after the other, in
 * the pipeline's order, on the thread that emits.
 *
 * These hooks run inside of whatever emits, so perhaps inside of another hook. An instance does not
 * hear itself, and nothing is emitted while an event is being heard, so an event costs at most one
 * call an instance.
 */
#ifndef SLUICE_PIPELINE_CHAIN_EVENTS_H
#define SLUICE_PIPELINE_CHAIN_EVENTS_H

#include "base/error.h"

#include <sluice/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain;
struct event_names;
struct instance;
struct pipeline_loop;

#define EVENT_NAMES_MAX 16      /* that an instance listens to */
#define EVENT_NAME_TEXT_MAX 512 /* of a sentence, bytes */

/* host->event_listen of a valid name, while create runs. Returns 0, ERR_INVALID, ERR_LIMIT or
 * ERR_NO_MEMORY with a sentence in `text`. */
MUST_CHECK int instance_event_listen(struct instance *instance, struct sl_string name,
                                     char text[EVENT_NAME_TEXT_MAX]);

/* Whether it listens to events of that name. Any thread, once create has returned. */
bool instance_hears(const struct instance *instance, struct sl_string name);

/* The names that it listens to, from 0 on; NULL: there are no more. Any thread, likewise. */
const char *instance_event_name(const struct instance *instance, size_t index);

/* How many events the instance has heard. Any thread. */
uint64_t instance_events_heard(const struct instance *instance);

/* NULL is fine. */
void event_names_free(struct event_names *names);

/* Whether any instance listens to anything. */
bool chain_has_listeners(const struct chain *chain);

/* An event. */
struct emission {
    const struct chain *chain;  /* whose instances hear it, for as long as that takes */
    struct pipeline_loop *loop; /* whose thread this is; NULL: no loop's */
    const struct instance *by;  /* NULL: none of the chain's */
    const char *emitter;        /* its name */
    struct sl_client *client;   /* of the chain and of this thread, and open; or NULL */
    struct sl_string name;      /* valid */
    struct sl_string payload;
    bool is_shadow; /* whoever emits it only watches: so does who hears it */
};

/* Has it heard. Any thread. Returns 0, or ERR_INVALID: an event is being heard on this thread. */
MUST_CHECK int chain_emit(const struct emission *emission);

#endif
