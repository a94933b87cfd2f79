#include "pipeline/chain_events.h"
#include "pipeline/hook.h"
#include "pipeline/rig.h"

#include "failing_memory.h"

static struct chain *chain;
static struct rig_client client;
static const struct sl_client *client_expected;
static unsigned names_wanted; /* that create listens to */
static bool closes;
static char said[EVENT_NAME_TEXT_MAX];

static struct sl_string text(const char *text_cstr)
{
    return sl_string_of(text_cstr);
}

static int emit(const struct instance *by, struct sl_client *about, const char *name,
                bool is_shadow)
{
    const struct emission emission = {.chain = chain,
                                      .loop = rig.list[1],
                                      .by = by,
                                      .emitter = "somebody#7",
                                      .client = about,
                                      .name = text(name),
                                      .payload = text("ada"),
                                      .is_shadow = is_shadow};
    return chain_emit(&emission);
}

static void on_event(struct sl_instance *self, struct sl_client *about,
                     const struct sl_event *event)
{
    const struct instance *instance = (const struct instance *)(const void *)self;
    note(self->name);
    assert_ptr_equal(about, client_expected);
    assert_ptr_equal(hook_instance(), instance);
    assert_ptr_equal(hook_stage()->instance, instance);
    assert_int_equal(hook_client_id(), about != NULL ? about->id : 0);
    assert_null(rig.list[1]->running.message);
    assert_int_equal(event->struct_size, sizeof *event);
    assert_memory_equal(event->payload.data, "ada", event->payload.len);
    assert_int_equal(strlen(event->name.data), event->name.len);
    assert_string_equal(event->emitter, "somebody#7");
    assert_int_equal(emit(NULL, NULL, "joined", false), ERR_INVALID);
    if (closes) {
        client.seen.is_open = false;
        client_expected = NULL;
    }
}

static int listen_to_many(struct sl_instance *self)
{
    struct instance *instance = (struct instance *)(void *)self;
    static const char *const first[] = {"joined", "left"};
    char name[16];
    for (unsigned i = 0; i < names_wanted; i++) {
        snprintf(name, sizeof name, "name %u", i);
        if (instance_event_listen(instance, text(i < 2 ? first[i] : name), said) != OK)
            return SL_ERROR;
    }
    return 0;
}

static const struct sl_plugin listener = {SL_PLUGIN_HEADER, .name = "listener", .version = "1",
                                          .create = listen_to_many, .on_event = on_event};
static const struct sl_plugin silent = {SL_PLUGIN_HEADER, .name = "silent", .version = "1"};

static void begin(const struct rig_stage *stages, size_t count)
{
    names_wanted = 2;
    closes = false;
    client_expected = NULL;
    chain = rig_chain(stages, count);
    rig_client_init(&client, chain, 1);
    rig_client_open(&client);
}

static void end(void)
{
    assert_null(hook_instance());
    chain_destroy(chain);
}

static void the_others_that_listen_hear_it_in_the_pipelines_order(void **state)
{
    const struct rig_stage stages[] = {
        {.table = &listener}, {.table = &silent}, {.table = &listener}, {.table = &listener}};
    (void)state;
    begin(stages, 4);
    assert_true(chain_has_listeners(chain));
    assert_int_equal(emit(chain->stages[2].instance, NULL, "left", false), OK);
    expect_notes("listener#1 listener#4");
    assert_int_equal(emit(chain->stages[1].instance, NULL, "joined", false), OK);
    expect_notes("listener#1 listener#3 listener#4");
    assert_int_equal(emit(NULL, NULL, "join", false), OK);
    assert_int_equal(emit(NULL, NULL, "joined ", false), OK);
    expect_notes("");
    end();
}

static void each_event_that_is_heard_is_counted(void **state)
{
    const struct rig_stage stages[] = {{.table = &listener}, {.table = &silent}};
    const struct instance *heard_by;
    (void)state;
    begin(stages, 2);
    heard_by = chain->stages[0].instance;
    assert_int_equal(emit(NULL, NULL, "joined", false), OK);
    struct emission emission = {
        .chain = chain, .emitter = "somebody#7", .name = text("left"), .payload = text("")};
    assert_int_equal(chain_emit(&emission), OK); /* On a thread that is no loop's. */
    assert_int_equal(instance_events_heard(heard_by), 2);
    assert_int_equal(instance_events_heard(chain->stages[1].instance), 0);
    expect_notes("listener#1 listener#1");
    end();
}

static void what_the_hook_outside_is_asked_about_is_out_of_sight(void **state)
{
    const struct rig_stage stages[] = {{.table = &silent}, {.table = &listener}};
    (void)state;
    begin(stages, 2);
    struct message *message = rig_message(&client.seen, "hello");
    const struct stage *stage = &chain->stages[0];
    hook_begin(stage->instance, stage, client.seen.id, "on_message");
    rig.list[1]->running =
        (struct running){.stage = stage, .client = &client.seen, .message = message};
    client_expected = &client.seen;
    assert_int_equal(emit(stage->instance, &client.seen, "joined", false), OK);
    expect_notes("listener#2");
    assert_ptr_equal(hook_instance(), stage->instance);
    assert_ptr_equal(hook_stage(), stage);
    assert_int_equal(hook_client_id(), client.seen.id);
    assert_ptr_equal(rig.list[1]->running.message, message);
    rig.list[1]->running = (struct running){.stage = NULL};
    hook_end();
    rig_message_release(&client.seen, message);
    end();
}

static void a_client_that_one_closes_is_not_told_of_to_the_next(void **state)
{
    const struct rig_stage stages[] = {{.table = &listener}, {.table = &listener}};
    (void)state;
    begin(stages, 2);
    closes = true;
    client_expected = &client.seen;
    assert_int_equal(emit(NULL, &client.seen, "joined", false), OK);
    expect_notes("listener#1 listener#2");
    end();
}

static void who_only_watches_hears_all_and_is_heard_by_those_who_watch(void **state)
{
    const struct rig_stage stages[] = {
        {.table = &listener}, {.table = &listener, .is_shadow = true}, {.table = &listener}};
    (void)state;
    begin(stages, 3);
    assert_int_equal(emit(chain->stages[0].instance, NULL, "joined", false), OK);
    expect_notes("listener#2 listener#3");
    assert_int_equal(emit(chain->stages[2].instance, NULL, "joined", true), OK);
    expect_notes("listener#2");
    end();
}

static void an_instance_listens_to_16_names_each_once(void **state)
{
    const struct rig_stage stages[] = {{.table = &listener}, {.table = &silent}};
    (void)state;
    begin(stages, 2);
    struct instance *instance = chain->stages[0].instance, *mute = chain->stages[1].instance;
    names_wanted = EVENT_NAMES_MAX;
    assert_int_equal(listen_to_many(&instance->seen), 0);
    assert_int_equal(listen_to_many(&instance->seen), 0);
    assert_true(instance_hears(instance, text("name 15")));
    assert_int_equal(instance_event_listen(instance, text("one more"), said), ERR_LIMIT);
    assert_string_equal(said, "an instance may listen to 16 events");
    assert_false(instance_hears(instance, text("one more")));
    assert_string_equal(instance_event_name(instance, 0), "joined");
    assert_string_equal(instance_event_name(instance, 15), "name 15");
    assert_null(instance_event_name(instance, 16));
    assert_null(instance_event_name(mute, 0));
    assert_int_equal(instance_event_listen(mute, text("joined"), said), ERR_INVALID);
    assert_string_equal(said, "it listens to events and has no on_event");
    end();
}

static void without_memory_nothing_is_listened_to(void **state)
{
    const struct rig_stage stages[] = {{.table = &listener}};
    (void)state;
    begin(stages, 1);
    struct instance *instance = chain->stages[0].instance;
    event_names_free(instance->event_names);
    instance->event_names = NULL;
    for (unsigned nth = 1; nth <= 2; nth++) {
        fail_allocation(nth);
        assert_int_equal(instance_event_listen(instance, text("joined"), said), ERR_NO_MEMORY);
        fail_allocation(0);
        assert_string_equal(said, "there is no memory for listening to the event 'joined'");
        assert_int_equal(emit(NULL, NULL, "joined", false), OK);
        expect_notes("");
        if (nth == 1)
            assert_false(chain_has_listeners(chain));
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(the_others_that_listen_hear_it_in_the_pipelines_order),
        rig_test(each_event_that_is_heard_is_counted),
        rig_test(what_the_hook_outside_is_asked_about_is_out_of_sight),
        rig_test(a_client_that_one_closes_is_not_told_of_to_the_next),
        rig_test(who_only_watches_hears_all_and_is_heard_by_those_who_watch),
        rig_test(an_instance_listens_to_16_names_each_once),
        rig_test(without_memory_nothing_is_listened_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
