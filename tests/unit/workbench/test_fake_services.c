#include "workbench.h"

#include "workbench/borrowed.h"

/* -- a plugin that stands before, and one that looks for its service -- */

struct sums {
    uint32_t struct_size;
    int (*add)(struct sl_instance *provider, int amount);
};

static int add(struct sl_instance *provider, int amount)
{
    int *sum = provider->state;
    return *sum += amount;
}

static int provide(struct sl_instance *self)
{
    static const struct sums sums = {.struct_size = sizeof sums, .add = add};
    char *unused = self->host->allocate(1);
    self->host->release(unused);
    return unused != NULL ? self->host->service_provide(self, "sums", 1, 2, &sums)
                          : sl_fail(self, "the provider has no memory");
}

static const struct sl_service *found;

static int need(struct sl_instance *self)
{
    found = self->host->service_find(self, "sums", 1, 1);
    return found != NULL ? 0 : SL_ERROR;
}

static enum sl_verdict add_length(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    const struct sums *sums = found->table;
    (void)self;
    (void)client;
    return sums->add(found->provider, (int)message->len) > 5 ? SL_DROP : SL_CONTINUE;
}

static const struct sl_plugin consumer = {.create = need, .on_message = add_length};

/* What the one before knows of the client outlives what the tested one knows. */
static char freed[16];

static void freed_by_provider(struct sl_instance *self, struct sl_client *client)
{
    (void)self;
    (void)client;
    strcat(freed, "P");
}

static void put_provider_before(void)
{
    static struct plugin plugin;
    plugin = (struct plugin){.references = 100,
                             .path = (char *)(uintptr_t)"before.so",
                             .table = {.name = "before",
                                       .version = "1.0.0",
                                       .instance_size = sizeof(int),
                                       .create = provide,
                                       .client_free = freed_by_provider}};
    fake_put_before(&plugin, NULL);
}

static void call_provider(void *argument)
{
    (void)argument;
    situation_begin_host();
    put_provider_before();
    struct fake_instance *instance = instance_with(consumer);
    REQUIRE(strcmp(fake_instance_seen(instance)->name, "tested#1") == 0);
    REQUIRE(found->major == 1 && found->minor == 2);
    struct sl_client *client = fake_client_create(NULL);
    REQUIRE(fake_connect(instance, client, NULL) == SL_CONTINUE);
    fake_open(instance, client);
    REQUIRE(fake_message(instance, client, SL_TEXT, "four", 4, NULL) == SL_CONTINUE);
    REQUIRE(fake_message(instance, client, SL_TEXT, "two", 3, NULL) == SL_DROP);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void who_stands_before_the_tested_plugin_provides_for_it(void **state)
{
    (void)state;
    assert_passes(call_provider, NULL);
}

static void freed_by_consumer(struct sl_instance *self, struct sl_client *client)
{
    (void)self;
    (void)client;
    strcat(freed, "C");
}

static enum sl_verdict let_in(struct sl_instance *self, struct sl_client *client,
                              struct sl_request *request)
{
    (void)request;
    return self->host->client_state(self, client) != NULL ? SL_CONTINUE : SL_DENY;
}

static struct fake_instance *freeing_instances(void)
{
    struct sl_plugin freeing = consumer;
    freeing.client_size = 1;
    freeing.on_connect = let_in; /* So its state is made before the provider's. */
    freeing.client_free = freed_by_consumer;
    freed[0] = '\0';
    put_provider_before();
    return instance_with(freeing);
}

static struct sl_client *open_client(struct fake_instance *instance)
{
    struct sl_client *client = fake_client_create(NULL);
    REQUIRE(fake_connect(instance, client, NULL) == SL_CONTINUE);
    fake_open(instance, client);
    return client;
}

static void free_in_order(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct fake_instance *instance = freeing_instances();
    struct sl_client *client = open_client(instance);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
    REQUIRE(strcmp(freed, "CP") == 0);
    client = open_client(instance);
    fake_instance_destroy(instance);
    REQUIRE(strcmp(freed, "CPCP") == 0);
    fake_client_destroy(client);
}

static void whoever_has_found_a_service_frees_its_state_first(void **state)
{
    (void)state;
    assert_passes(free_in_order, NULL);
}

static void miss_provider(void *argument)
{
    (void)argument;
    situation_begin_host();
    REQUIRE(fake_instance_create(plugin_with(consumer), NULL, "/ws") == NULL);
    REQUIRE(strstr(fake_failure(), "provides the service 'sums' 1.1") != NULL);
}

static void a_service_that_nobody_provides_is_said(void **state)
{
    (void)state;
    assert_passes(miss_provider, NULL);
}

static void find_without_memory(void *argument)
{
    (void)argument;
    situation_begin_host();
    put_provider_before();
    fake_fail_allocation(1); /* The first of the tested plugin, not of the one before. */
    REQUIRE(fake_instance_create(plugin_with(consumer), NULL, "/ws") == NULL);
    REQUIRE(strstr(fake_failure(), "there is no memory for the service 'sums'") != NULL);
    fake_fail_allocation(2);
    REQUIRE(fake_instance_create(plugin_with(consumer), NULL, "/ws") != NULL);
}

static void finding_may_find_no_memory_but_the_plugins_before_have_it(void **state)
{
    (void)state;
    assert_passes(find_without_memory, NULL);
}

static void find_late(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct sl_instance *self = fake_instance_seen(instance_with((struct sl_plugin){.flags = 0}));
    self->host->service_find(self, "sums", 1, 1);
}

static void provide_late(void *argument)
{
    static const struct sums sums = {.struct_size = sizeof sums};
    (void)argument;
    situation_begin_host();
    struct sl_instance *self = fake_instance_seen(instance_with((struct sl_plugin){.flags = 0}));
    self->host->service_provide(self, "sums", 1, 1, &sums);
}

static void services_outside_of_create_are_failures(void **state)
{
    (void)state;
    assert_fails(find_late, NULL, "host->service_find was called outside create");
    assert_fails(provide_late, NULL, "host->service_provide was called outside create");
}

/* -- a plugin that emits, and the tested one, which listens -- */

static unsigned heard;

static void tell_others(struct sl_instance *self, struct sl_client *client)
{
    REQUIRE(self->host->event_emit(self, client, sl_string_of("came"), sl_string_of("ada")) == 0);
    REQUIRE(self->host->event_emit(self, NULL, sl_string_of("came"), sl_string_of("")) == 0);
    REQUIRE(self->host->event_emit(self, NULL, sl_string_of(""), sl_string_of("ada")) == -1);
}

static int listen_to_it(struct sl_instance *self)
{
    return self->host->event_listen(self, sl_string_of("came"));
}

static void hear(struct sl_instance *self, struct sl_client *client, const struct sl_event *event)
{
    (void)self;
    REQUIRE(strcmp(event->name.data, "came") == 0);
    REQUIRE((client != NULL) == (event->payload.len == 3));
    REQUIRE(strcmp(event->emitter, heard < 2 ? "before#1" : "another#1") == 0);
    heard++;
}

static void put_emitter_before(void)
{
    static struct plugin plugin;
    plugin =
        (struct plugin){.references = 100,
                        .path = (char *)(uintptr_t)"before.so",
                        .table = {.name = "before", .version = "1.0.0", .on_open = tell_others}};
    fake_put_before(&plugin, NULL);
}

static void hear_of_clients(void *argument)
{
    (void)argument;
    situation_begin_host();
    put_emitter_before();
    struct fake_instance *instance =
        instance_with((struct sl_plugin){.create = listen_to_it, .on_event = hear});
    struct sl_client *client = fake_client_create(NULL);
    fake_open(instance, client);
    REQUIRE(heard == 2);
    REQUIRE(fake_event_count(FAKE_EMITTED) == 2);
    REQUIRE(strcmp(fake_event_name(instance, 0), "came") == 0);
    REQUIRE(fake_event_name(instance, 1) == NULL);
    REQUIRE(fake_emit(instance, "another#1", client, sl_string_of("came"), sl_string_of("bob")) ==
            1);
    REQUIRE(fake_emit(instance, "another#1", client, sl_string_of("went"), sl_string_of("bob")) ==
            0);
    REQUIRE(fake_emit(instance, "another#1", client, sl_string_of(""), sl_string_of("bob")) ==
            SL_ERROR);
    REQUIRE(heard == 3);
    REQUIRE(fake_event_count(FAKE_EMITTED) == 2);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void the_tested_plugin_hears_those_before_it(void **state)
{
    (void)state;
    assert_passes(hear_of_clients, NULL);
}

static void emit_again(struct sl_instance *self, struct sl_client *client,
                       const struct sl_event *event)
{
    self->host->event_emit(self, client, event->name, event->payload);
}

static void emit_in_on_event(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct fake_instance *instance =
        instance_with((struct sl_plugin){.create = listen_to_it, .on_event = emit_again});
    fake_emit(instance, "another#1", NULL, sl_string_of("came"), sl_string_of("ada"));
}

static void keep_payload(struct sl_instance *self, struct sl_client *client,
                         const struct sl_event *event)
{
    (void)client;
    *(const char **)self->state = event->payload.data;
}

static void use_what_was_lent(void *argument)
{
    (void)argument;
    situation_begin_host();
    borrowed_guard(true);
    struct fake_instance *instance = instance_with((struct sl_plugin){
        .create = listen_to_it, .on_event = keep_payload, .instance_size = sizeof(char *)});
    fake_emit(instance, "another#1", NULL, sl_string_of("came"), sl_string_of("ada"));
    const char *const *kept = fake_instance_seen(instance)->state;
    REQUIRE(**kept == 'a');
}

static void listen_without_memory(void *argument)
{
    (void)argument;
    situation_begin_host();
    const struct sl_plugin table = {.create = listen_to_it, .on_event = hear};
    fake_fail_allocation(1);
    REQUIRE(fake_instance_create(plugin_with(table), NULL, "/ws") == NULL);
    REQUIRE(strstr(fake_failure(), "no memory for listening to the event 'came'") != NULL);
}

static void listen_late(void *argument)
{
    (void)argument;
    situation_begin_host();
    listen_to_it(fake_instance_seen(instance_with((struct sl_plugin){.on_event = hear})));
}

static void mistakes_with_events_are_failures(void **state)
{
    (void)state;
    assert_fails(emit_in_on_event, NULL, "on_event called host->event_emit");
    assert_fails(listen_late, NULL, "host->event_listen was called outside create");
    assert_fails(use_what_was_lent, NULL, "the event's payload");
    assert_passes(listen_without_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_stands_before_the_tested_plugin_provides_for_it),
        cmocka_unit_test(whoever_has_found_a_service_frees_its_state_first),
        cmocka_unit_test(a_service_that_nobody_provides_is_said),
        cmocka_unit_test(finding_may_find_no_memory_but_the_plugins_before_have_it),
        cmocka_unit_test(services_outside_of_create_are_failures),
        cmocka_unit_test(the_tested_plugin_hears_those_before_it),
        cmocka_unit_test(mistakes_with_events_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
