#include "pipeline/chain_topics.h"

#include "pipeline/chain.h"
#include "pipeline/hook.h"

/* Which of the hooks run on this thread. */
static _Thread_local bool runs_on_subscribe, runs_on_publish;

/* Takes what the hook under way is being asked about out of sight, so that a hook inside of it
 * defers or closes nothing of it. */
static struct running hide_running(struct pipeline_loop *loop)
{
    struct running running = {.stage = NULL};
    if (loop == NULL)
        return running;
    running = loop->running;
    loop->running = (struct running){.stage = NULL};
    return running;
}

static void show_running(struct pipeline_loop *loop, const struct running *running)
{
    if (loop != NULL)
        loop->running = *running;
}

/* What the verdict means; counted where this is a loop's thread. `client` may be NULL. */
static bool lets_pass(const struct stage *stage, const struct pipeline_loop *loop,
                      struct sl_client *client, enum verdict_hook hook, int verdict)
{
    verdict = stage_check(stage, loop, hook, verdict);
    if (loop != NULL)
        stage_count(stage, loop, verdict);
    if (!stage->is_shadow)
        return stage_lets_pass(stage, verdict);
    if (loop != NULL && client != NULL)
        stage_note_shadowed(stage, loop, client, verdict);
    return true;
}

/* -- subscribing -- */

static bool ask_on_subscribe(const struct stage *stage, struct sl_client *client, const char *topic,
                             size_t len)
{
    struct instance *instance = stage->instance;
    hook_begin_inside(instance, stage, client->id, "on_subscribe");
    int verdict = instance->plugin->table.on_subscribe(&instance->seen, client, topic, len);
    return lets_pass(stage, chain_loop_of(client), client, VERDICT_OF_SUBSCRIBE, verdict);
}

static bool ask_all_on_subscribe(struct sl_client *client, const struct instance *by,
                                 const char *topic, size_t len)
{
    const struct chain *chain = client->chain;
    for (size_t i = 0; i < chain->count && client->is_open; i++) {
        const struct stage *stage = &chain->stages[i];
        if (stage->instance != by && stage->instance->plugin->table.on_subscribe != NULL &&
            !ask_on_subscribe(stage, client, topic, len))
            return false;
    }
    return true;
}

bool chain_lets_subscribe(struct sl_client *client, const struct instance *by, const char *topic,
                          size_t len)
{
    if (runs_on_subscribe)
        return false;
    if (!client->chain->has_on_subscribe)
        return true;
    struct pipeline_loop *loop = chain_loop_of(client);
    struct running running = hide_running(loop);
    struct hook_outer outer = hook_leave_outer();
    runs_on_subscribe = true;
    bool may_go_on = ask_all_on_subscribe(client, by, topic, len);
    runs_on_subscribe = false;
    hook_go_on(&outer);
    show_running(loop, &running);
    return may_go_on;
}

/* -- publishing -- */

static int call_on_publish(const struct stage *stage, const struct publication *publication)
{
    struct instance *instance = stage->instance;
    struct sl_client *origin = publication->origin;
    hook_begin_inside(instance, stage, origin != NULL ? origin->id : 0, "on_publish");
    return instance->plugin->table.on_publish(&instance->seen, origin, publication->topic,
                                              publication->len, &publication->message->seen);
}

/* A stage that only watches: the message goes on as it was. */
static int shadow_on_publish(const struct stage *stage, const struct publication *publication)
{
    struct message *message = publication->message;
    struct message before = *message;
    message->replacement = NULL;
    message->topic = NULL;
    int verdict = call_on_publish(stage, publication);
    message_deinit(message);
    *message = before;
    return verdict;
}

static bool ask_all_on_publish(const struct publication *publication)
{
    const struct chain *chain = publication->chain;
    for (size_t i = 0; i < chain->count; i++) {
        const struct stage *stage = &chain->stages[i];
        if (stage->instance == publication->by || stage->instance->plugin->table.on_publish == NULL)
            continue;
        int verdict = stage->is_shadow ? shadow_on_publish(stage, publication)
                                       : call_on_publish(stage, publication);
        if (!lets_pass(stage, publication->loop, publication->origin, VERDICT_OF_PUBLISH, verdict))
            return false;
    }
    return true;
}

bool chain_lets_publish(const struct publication *publication)
{
    if (runs_on_publish)
        return false;
    if (!publication->chain->has_on_publish)
        return true;
    struct running running = hide_running(publication->loop);
    struct hook_outer outer = hook_leave_outer();
    runs_on_publish = true;
    publication->message->is_published = true;
    bool may_go_on = ask_all_on_publish(publication);
    publication->message->is_published = false;
    runs_on_publish = false;
    hook_go_on(&outer);
    show_running(publication->loop, &running);
    return may_go_on;
}
