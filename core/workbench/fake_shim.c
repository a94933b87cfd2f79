/*
 * What stands between the server's own chain and the plugin: it lends the hook what it is shown,
 * and looks at what the hook has done and returned.
 */
#include "workbench/fake_internal.h"

#include "pipeline/hook.h"
#include "pipeline/verdict.h"

static struct wrapped {
    struct wrapped *next;
    struct plugin *plugin;
    struct sl_plugin table; /* the plugin's own */
} *wrapped_plugins;

static bool allows_any_verdict;

void fake_allow_any_verdict(void)
{
    allows_any_verdict = true;
}

bool fake_allows_any_verdict(void)
{
    return allows_any_verdict;
}

static struct wrapped *find_wrapped(const struct plugin *plugin)
{
    struct wrapped *wrapped = wrapped_plugins;
    while (wrapped != NULL && wrapped->plugin != plugin)
        wrapped = wrapped->next;
    return wrapped;
}

const struct sl_plugin *fake_table(const struct instance *instance)
{
    return &find_wrapped(instance->plugin)->table;
}

static void begin_hook(const struct sl_instance *self, struct sl_client *client, const char *hook,
                       unsigned milliseconds)
{
    fake_running =
        (struct fake_running){.instance = (const struct instance *)self, .client = client};
    fake_enter(hook, milliseconds);
}

static void end_hook(const char *hook)
{
    fake_leave();
    fake_check_canaries(fake_running.instance, fake_running.client, hook);
    fake_running = (struct fake_running){.instance = NULL};
}

/* -- instances -- */

static unsigned live_instances; /* that create has made */

static void check_created(int result)
{
    if (result > 0)
        fake_fail("create returned %d: it returns 0, or SL_ERROR (-1) after host->fail", result);
    if (result != 0 && fake.failure[0] == '\0' && !fake_allocations_fail())
        fake_fail("create failed without saying why: call host->fail (or sl_fail) with a sentence "
                  "for the operator");
}

/* What a create that failed had begun comes back, or ends, before the instance goes. */
static void end_what_create_began(struct sl_instance *self)
{
    fake_timers_forget((struct instance *)self);
    fake_http_forget((struct instance *)self);
    fake_run_offloaded();
}

static int shim_create(struct sl_instance *self)
{
    const struct sl_plugin *table = fake_table_of(self);
    int result = 0;
    if (table->instance_size > 0)
        fake_put_canary(self->state, table->instance_size);
    if (live_instances == 0)
        fake_threads_note();
    if (table->create != NULL) {
        begin_hook(self, NULL, "create", 10 * fake_hook_limit);
        result = table->create(self);
        end_hook("create");
        check_created(result);
    }
    if (result != 0)
        end_what_create_began(self);
    if (result == 0)
        live_instances++;
    else if (live_instances == 0)
        fake_threads_check("create has failed");
    return result;
}

static void shim_destroy(struct sl_instance *self)
{
    const struct sl_plugin *table = fake_table_of(self);
    if (table->destroy != NULL) {
        begin_hook(self, NULL, "destroy", 10 * fake_hook_limit);
        table->destroy(self);
        fake_leave();
        fake_running = (struct fake_running){.instance = NULL};
    }
    if (--live_instances == 0)
        fake_threads_check(table->destroy != NULL ? "destroy has returned"
                                                  : "its last instance is gone");
}

static int shim_on_reload(struct sl_instance *self)
{
    begin_hook(self, NULL, "on_reload", 10 * fake_hook_limit);
    int result = fake_table_of(self)->on_reload(self);
    end_hook("on_reload");
    if (result != 0 && result != SL_ERROR && result != SL_RELOAD_REPLACE)
        fake_fail("on_reload returned %d: it returns 0, SL_ERROR (-1) after host->fail, or "
                  "SL_RELOAD_REPLACE (-4)",
                  result);
    return result;
}

static void shim_on_handover(struct sl_instance *self, const struct sl_handover *from)
{
    struct sl_handover seen = *from;
    if (seen.state_size > 0) /* Its canary is nobody's business. */
        seen.state_size -= FAKE_CANARY_SIZE;
    begin_hook(self, NULL, "on_handover", 10 * fake_hook_limit);
    fake_table_of(self)->on_handover(self, &seen);
    end_hook("on_handover");
}

/* -- verdicts -- */

static const char *returned_name(int verdict)
{
    static const char *const names[] = {"SL_ERROR", "SL_CONTINUE", "SL_DROP", "SL_HANDLED",
                                        "SL_CLOSE", "SL_DENY",     "SL_DEFER"};
    return verdict >= -1 && verdict <= SL_DEFER ? names[verdict + 1] : "no verdict at all";
}

/* A plugin that does not notice leaves the message as it was. */
static void check_payload(const char *hook, int verdict)
{
    if (verdict == SL_CONTINUE && fake_running.refused_payload != NULL)
        fake_fail("%s called host->message_replace, which returned -1, since %s, and then returned "
                  "SL_CONTINUE: the message goes on as it was; look at what message_replace "
                  "returns",
                  hook, fake_running.refused_payload);
}

/* The server only logs these mistakes. */
static void check_verdict(enum verdict_hook kind, int verdict)
{
    const char *hook = kind == VERDICT_OF_CONNECT ? "on_connect" : "on_message";
    if (allows_any_verdict)
        return;
    if (fake_running.begun != NULL && verdict != SL_DEFER && verdict != SL_ERROR)
        fake_fail("%s called host->defer and then returned %d (%s), which ends the deferral: "
                  "return what host->defer returned, or call it only when the verdict has to wait",
                  hook, verdict, returned_name(verdict));
    check_payload(hook, verdict);
    if (verdict_is_allowed(kind, verdict))
        return;
    if (verdict != SL_DEFER)
        fake_fail("%s returned %d (%s); it may return SL_CONTINUE, %s, SL_ERROR, or what "
                  "host->defer returned",
                  hook, verdict, returned_name(verdict),
                  kind == VERDICT_OF_CONNECT ? "SL_DENY" : "SL_DROP, SL_HANDLED, SL_CLOSE");
    if (fake_running.begun == NULL)
        fake_fail("%s returned SL_DEFER without host->defer: nobody could ever complete it; return "
                  "what host->defer returned",
                  hook);
}

/* Returns whether the hook's deferral keeps what it was lent. */
static bool end_deciding_hook(enum verdict_hook kind, int verdict)
{
    fake_client_of(fake_running.client)->returned = verdict;
    check_verdict(kind, verdict);
    bool is_held = fake_deferral_hold(verdict);
    end_hook(kind == VERDICT_OF_CONNECT ? "on_connect" : "on_message");
    return is_held;
}

/* -- clients -- */

static enum sl_verdict shim_on_connect(struct sl_instance *self, struct sl_client *client,
                                       struct sl_request *seen)
{
    struct fake_request *request =
        fake_request_create(fake_client_of(client), (struct upgrade *)seen);
    fake_lend_client((const struct instance *)self, client);
    begin_hook(self, client, "on_connect", fake_hook_limit);
    fake_running.request = request;
    fake_running.is_deciding = true;
    int verdict = fake_table_of(self)->on_connect(self, client, request->seen);
    if (!end_deciding_hook(VERDICT_OF_CONNECT, verdict))
        fake_request_destroy(request);
    return (enum sl_verdict)verdict;
}

static enum sl_verdict shim_on_message(struct sl_instance *self, struct sl_client *client,
                                       const struct sl_message *seen)
{
    struct fake_payload *payload = fake_payload_create((struct message *)(uintptr_t)seen);
    begin_hook(self, client, "on_message", fake_hook_limit);
    fake_running.payload = payload;
    fake_running.is_deciding = true;
    int verdict = fake_table_of(self)->on_message(self, client, payload->seen);
    if (!end_deciding_hook(VERDICT_OF_MESSAGE, verdict))
        fake_payload_destroy(payload);
    return (enum sl_verdict)verdict;
}

static void shim_on_open(struct sl_instance *self, struct sl_client *client)
{
    begin_hook(self, client, "on_open", fake_hook_limit);
    fake_running.is_opening = true;
    fake_table_of(self)->on_open(self, client);
    end_hook("on_open");
}

static void shim_on_close(struct sl_instance *self, struct sl_client *client,
                          const struct sl_close *how)
{
    begin_hook(self, client, "on_close", fake_hook_limit);
    fake_table_of(self)->on_close(self, client, how);
    end_hook("on_close");
}

void fake_shim_ready(struct instance *instance, const struct fake_readiness *how)
{
    hook_begin(instance, NULL, 0, "fd_watch");
    begin_hook(&instance->seen, NULL, "the callback of fd_watch", fake_hook_limit);
    how->ready(&instance->seen, how->watch, how->fd, how->events, how->context);
    end_hook("the callback of fd_watch");
    hook_end();
}

void fake_shim_free_client(struct instance *instance, struct sl_client *client)
{
    const struct sl_plugin *table = fake_table(instance);
    if (table->client_free == NULL)
        return;
    hook_begin(instance, NULL, client->id, "client_free");
    begin_hook(&instance->seen, client, "client_free", fake_hook_limit);
    table->client_free(&instance->seen, client);
    end_hook("client_free");
    hook_end();
}

static void shim_on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    begin_hook(self, NULL, "on_timer", fake_hook_limit);
    fake_table_of(self)->on_timer(self, timer, tag);
    end_hook("on_timer");
}

/* -- topics: these run inside of the hook that subscribes or publishes -- */

static _Thread_local bool runs_on_subscribe, runs_on_publish;

bool fake_runs_on_subscribe(void)
{
    return runs_on_subscribe;
}

bool fake_runs_on_publish(void)
{
    return runs_on_publish;
}

static void check_topic_verdict(const char *hook, int verdict)
{
    if (allows_any_verdict)
        return;
    check_payload(hook, verdict);
    if (!verdict_is_allowed(VERDICT_OF_PUBLISH, verdict))
        fake_fail("%s returned %d (%s); it may return SL_CONTINUE, SL_DENY or SL_ERROR", hook,
                  verdict, returned_name(verdict));
}

static enum sl_verdict shim_on_subscribe(struct sl_instance *self, struct sl_client *client,
                                         const char *topic, size_t len)
{
    struct fake_running outer = fake_running;
    struct loan *loans = NULL;
    const char *lent = borrowed_lend(topic, len, 1, "the topic", &loans);
    begin_hook(self, client, "on_subscribe", fake_hook_limit);
    runs_on_subscribe = true;
    int verdict = fake_table_of(self)->on_subscribe(self, client, lent, len);
    runs_on_subscribe = false;
    check_topic_verdict("on_subscribe", verdict);
    end_hook("on_subscribe");
    borrowed_end(&loans);
    fake_running = outer;
    return (enum sl_verdict)verdict;
}

static enum sl_verdict shim_on_publish(struct sl_instance *self, struct sl_client *origin,
                                       const char *topic, size_t len, const struct sl_message *seen)
{
    struct fake_running outer = fake_running;
    struct fake_payload *payload = fake_payload_create((struct message *)(uintptr_t)seen);
    const char *lent = borrowed_lend(topic, len, 1, "the topic", &payload->loans);
    begin_hook(self, origin, "on_publish", fake_hook_limit);
    fake_running.payload = payload;
    runs_on_publish = true;
    int verdict = fake_table_of(self)->on_publish(self, origin, lent, len, payload->seen);
    runs_on_publish = false;
    check_topic_verdict("on_publish", verdict);
    end_hook("on_publish");
    fake_payload_destroy(payload);
    fake_running = outer;
    return (enum sl_verdict)verdict;
}

static _Thread_local bool runs_on_event;

bool fake_runs_on_event(void)
{
    return runs_on_event;
}

static void shim_on_event(struct sl_instance *self, struct sl_client *client,
                          const struct sl_event *event)
{
    struct fake_running outer = fake_running;
    struct loan *loans = NULL;
    struct sl_event *seen = borrowed_lend(event, sizeof *event, 16, "the event", &loans);
    seen->name.data =
        borrowed_lend(event->name.data, event->name.len + 1, 1, "the event's name", &loans);
    seen->payload.data =
        borrowed_lend(event->payload.data, event->payload.len, 1, "the event's payload", &loans);
    seen->emitter = borrowed_lend(event->emitter, strlen(event->emitter) + 1, 1,
                                  "the name of the event's emitter", &loans);
    begin_hook(self, client, "on_event", fake_hook_limit);
    runs_on_event = true;
    fake_table_of(self)->on_event(self, client, seen);
    runs_on_event = false;
    end_hook("on_event");
    borrowed_end(&loans);
    fake_running = outer;
}

/* -- the table -- */

void fake_shim_install(struct plugin *plugin)
{
    struct sl_plugin *table = &plugin->table;
    struct wrapped *wrapped = find_wrapped(plugin);
    if (wrapped != NULL && table->create == shim_create)
        return;
    if (wrapped == NULL) {
        wrapped = fake_zalloc(sizeof *wrapped);
        wrapped->next = wrapped_plugins;
        wrapped_plugins = wrapped;
    }
    wrapped->plugin = plugin;
    wrapped->table = *table;
    table->create = shim_create;
    table->destroy = shim_destroy;
    table->on_reload = table->on_reload != NULL ? shim_on_reload : NULL;
    table->on_handover = table->on_handover != NULL ? shim_on_handover : NULL;
    table->on_connect = table->on_connect != NULL ? shim_on_connect : NULL;
    table->on_open = table->on_open != NULL ? shim_on_open : NULL;
    table->on_message = table->on_message != NULL ? shim_on_message : NULL;
    table->on_close = table->on_close != NULL ? shim_on_close : NULL;
    table->on_subscribe = table->on_subscribe != NULL ? shim_on_subscribe : NULL;
    table->on_publish = table->on_publish != NULL ? shim_on_publish : NULL;
    table->on_timer = table->on_timer != NULL ? shim_on_timer : NULL;
    table->on_event = table->on_event != NULL ? shim_on_event : NULL;
    table->client_free = NULL; /* fake_free_states calls it. */
    if (table->instance_size > 0)
        table->instance_size += FAKE_CANARY_SIZE;
}
