/*
 * What stands between the server's own chain and the plugin: it lends the hook what it is shown,
 * and looks at what the hook has done and returned.
 */
#include "workbench/fake_internal.h"

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

static int shim_create(struct sl_instance *self)
{
    const struct sl_plugin *table = fake_table_of(self);
    if (table->instance_size > 0)
        fake_put_canary(self->state, table->instance_size);
    if (table->create == NULL)
        return 0;
    begin_hook(self, NULL, "create", 10 * fake_hook_limit);
    int result = table->create(self);
    end_hook("create");
    if (result > 0)
        fake_fail("create returned %d: it returns 0, or SL_ERROR (-1) after host->fail", result);
    if (result != 0 && fake.failure[0] == '\0' && !fake_allocations_fail())
        fake_fail("create failed without saying why: call host->fail (or sl_fail) with a sentence "
                  "for the operator");
    return result;
}

static void shim_destroy(struct sl_instance *self)
{
    begin_hook(self, NULL, "destroy", 10 * fake_hook_limit);
    fake_table_of(self)->destroy(self);
    fake_leave();
    fake_running = (struct fake_running){.instance = NULL};
}

static int shim_on_reload(struct sl_instance *self)
{
    begin_hook(self, NULL, "on_reload", 10 * fake_hook_limit);
    int result = fake_table_of(self)->on_reload(self);
    end_hook("on_reload");
    return result;
}

/* -- verdicts -- */

static const char *returned_name(int verdict)
{
    static const char *const names[] = {"SL_ERROR", "SL_CONTINUE", "SL_DROP", "SL_HANDLED",
                                        "SL_CLOSE", "SL_DENY",     "SL_DEFER"};
    return verdict >= -1 && verdict <= SL_DEFER ? names[verdict + 1] : "no verdict at all";
}

/* The server only logs these mistakes. */
static void check_verdict(enum verdict_hook kind, int verdict)
{
    const char *hook = kind == VERDICT_OF_CONNECT ? "on_connect" : "on_message";
    if (allows_any_verdict || verdict_is_allowed(kind, verdict))
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
    begin_hook(self, client, "on_connect", fake_hook_limit);
    fake_running.request = request;
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
    int verdict = fake_table_of(self)->on_message(self, client, payload->seen);
    if (!end_deciding_hook(VERDICT_OF_MESSAGE, verdict))
        fake_payload_destroy(payload);
    return (enum sl_verdict)verdict;
}

static void shim_on_open(struct sl_instance *self, struct sl_client *client)
{
    begin_hook(self, client, "on_open", fake_hook_limit);
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

static void shim_on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    begin_hook(self, NULL, "on_timer", fake_hook_limit);
    fake_table_of(self)->on_timer(self, timer, tag);
    end_hook("on_timer");
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
    table->destroy = table->destroy != NULL ? shim_destroy : NULL;
    table->on_reload = table->on_reload != NULL ? shim_on_reload : NULL;
    table->on_connect = table->on_connect != NULL ? shim_on_connect : NULL;
    table->on_open = table->on_open != NULL ? shim_on_open : NULL;
    table->on_message = table->on_message != NULL ? shim_on_message : NULL;
    table->on_close = table->on_close != NULL ? shim_on_close : NULL;
    table->on_timer = table->on_timer != NULL ? shim_on_timer : NULL;
    if (table->instance_size > 0)
        table->instance_size += FAKE_CANARY_SIZE;
}
