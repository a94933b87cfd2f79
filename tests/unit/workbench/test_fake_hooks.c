#include "workbench.h"

/* What the two plugins of a pipeline do with a message, and what came to them. */
struct behaviour {
    int returned;
    const char *replacement; /* NULL: none */
    const char *topic;
    unsigned connects, messages, opens, closes;
    bool opens_later;
    char last[16];
    struct sl_ticket ticket;
};
static struct behaviour first, second;
static const struct sl_host *host;

static struct behaviour *behaviour_of(const struct sl_instance *self)
{
    host = self->host;
    return strncmp(self->name, "first", 5) == 0 ? &first : &second;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct behaviour *behaviour = behaviour_of(self);
    behaviour->messages++;
    memset(behaviour->last, 0, sizeof behaviour->last);
    memcpy(behaviour->last, message->data, message->len);
    if (behaviour->replacement != NULL)
        host->message_replace(message, SL_TEXT, behaviour->replacement,
                              strlen(behaviour->replacement));
    if (behaviour->topic != NULL)
        host->message_topic(message, behaviour->topic, strlen(behaviour->topic));
    if (behaviour->returned == SL_DEFER)
        return host->defer(self, client, NULL, &behaviour->ticket);
    return behaviour->returned == SL_CLOSE ? host->close_with(client, 4000, "No")
                                           : (enum sl_verdict)behaviour->returned;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct behaviour *behaviour = behaviour_of(self);
    (void)request;
    behaviour->connects++;
    self->host->identify(self, client, self->name, strlen(self->name));
    return behaviour->returned == SL_DEFER ? host->defer(self, client, NULL, &behaviour->ticket)
                                           : (enum sl_verdict)behaviour->returned;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct behaviour *behaviour = behaviour_of(self);
    behaviour->opens++;
    if (behaviour->opens_later)
        self->host->defer(self, client, NULL, &behaviour->ticket);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)client;
    behaviour_of(self)->closes += how->by_peer ? 1u : 100u;
}

/* -- a pipeline of two -- */

static struct stage_config stages[2];
static struct config owner = {.owners = 1};
static struct fake_instance *pipeline;

static int make_pipeline(void **state)
{
    static struct plugin plugins[2];
    static struct plugin *known[2] = {&plugins[0], &plugins[1]};
    static struct plugin_set set = {.plugins = known, .count = 2};
    static const char *const names[] = {"first", "second"};
    const struct endpoint_config endpoint = {.path = (char *)(uintptr_t)"/ws",
                                             .message_max_size = 100,
                                             .pipeline = stages,
                                             .pipeline_length = 2};
    struct diagnostics diagnostics;
    (void)state;
    fake_begin(NULL, false);
    for (int i = 0; i < 2; i++) {
        plugins[i] = (struct plugin){.references = 100,
                                     .path = (char *)(uintptr_t)names[i],
                                     .table = {.abi_minor = SL_ABI_MINOR,
                                               .name = names[i],
                                               .on_connect = on_connect,
                                               .on_open = on_open,
                                               .on_message = on_message,
                                               .on_close = on_close}};
        stages[i].plugin = (char *)(uintptr_t)names[i];
        stages[i].timeout = 1000000000;
    }
    diagnostics_init(&diagnostics);
    pipeline = fake_pipeline_create(&endpoint, &owner, &set, &diagnostics);
    diagnostics_deinit(&diagnostics);
    first = second = (struct behaviour){.returned = SL_CONTINUE};
    return pipeline != NULL ? 0 : -1;
}

static int destroy_pipeline(void **state)
{
    (void)state;
    fake_instance_destroy(pipeline);
    memset(stages, 0, sizeof stages);
    return 0;
}

static struct sl_client *open_client(void)
{
    struct sl_client *client = fake_client_create(NULL);
    assert_int_equal(fake_connect(pipeline, client, NULL), SL_CONTINUE);
    fake_open(pipeline, client);
    return client;
}

static void assert_sent(struct sl_client *client, enum sl_verdict verdict, const char *data,
                        const char *by)
{
    struct fake_result result;
    assert_int_equal(fake_message(pipeline, client, SL_TEXT, "hello", 5, &result), verdict);
    assert_int_equal(result.verdict, verdict);
    assert_string_equal(result.data, data);
    assert_string_equal(result.by != NULL ? result.by->name : "", by);
    fake_result_release(&result);
}

static void a_client_goes_through_all_stages(void **state)
{
    (void)state;
    struct sl_client *client = open_client();
    assert_string_equal(fake_client_name(client), "second#1");
    assert_true(fake_client_is_open(client));
    first.replacement = "bye";
    assert_sent(client, SL_CONTINUE, "bye", "");
    assert_string_equal(second.last, "bye");
    fake_close(pipeline, client, 1001, false);
    fake_client_destroy(client);
    assert_int_equal(first.opens, 1);
    assert_int_equal(second.opens, 1);
    assert_int_equal(second.closes, 100);
}

static void the_first_verdict_that_stops_a_message_counts(void **state)
{
    (void)state;
    struct sl_client *client = open_client();
    first.returned = SL_DROP;
    assert_sent(client, SL_DROP, "hello", "first#1");
    assert_int_equal(second.messages, 0);
    first.returned = SL_CONTINUE;
    second.returned = SL_HANDLED;
    assert_sent(client, SL_HANDLED, "hello", "second#1");
    second.returned = SL_ERROR;
    assert_sent(client, SL_ERROR, "hello", "second#1");
    fake_client_destroy(client);
}

static void a_close_and_a_topic_are_in_the_result(void **state)
{
    struct fake_result result;
    (void)state;
    struct sl_client *client = open_client();
    first.topic = "news";
    fake_message(pipeline, client, SL_TEXT, "hello", 5, &result);
    assert_string_equal(result.topic, "news");
    assert_int_equal(result.code, 0);
    fake_result_release(&result);
    second.returned = SL_CLOSE;
    fake_message(pipeline, client, SL_TEXT, "hello", 5, &result);
    assert_int_equal(result.code, 4000);
    assert_string_equal(result.reason, "No");
    fake_result_release(&result);
    fake_client_destroy(client);
}

static int make_tolerant(void **state)
{
    stages[0].on_error = ON_ERROR_CONTINUE;
    return make_pipeline(state);
}

static void a_failure_may_be_passed_over(void **state)
{
    (void)state;
    struct sl_client *client = open_client();
    first.returned = SL_ERROR;
    assert_sent(client, SL_CONTINUE, "hello", "");
    assert_int_equal(second.messages, 1);
    fake_client_destroy(client);
}

static int make_watching(void **state)
{
    stages[0].mode = MODE_SHADOW;
    return make_pipeline(state);
}

static void a_stage_in_shadow_mode_changes_nothing(void **state)
{
    (void)state;
    second.returned = SL_CONTINUE;
    first.returned = SL_DENY;
    struct sl_client *client = open_client();
    assert_string_equal(fake_client_name(client), "second#1");
    first.returned = SL_DROP;
    first.replacement = "bye";
    assert_sent(client, SL_CONTINUE, "hello", "");
    assert_string_equal(second.last, "hello");
    first.returned = SL_DEFER;
    assert_sent(client, SL_CONTINUE, "hello", "");
    assert_false(fake_is_deferred(client));
    assert_int_equal(host->complete(first.ticket, SL_DROP, NULL), 0);
    fake_client_destroy(client);
}

static void a_deferred_message_goes_on_with_the_next_stage(void **state)
{
    struct fake_result result;
    (void)state;
    struct sl_client *client = open_client();
    first.returned = SL_DEFER;
    assert_sent(client, SL_DEFER, "hello", "");
    assert_int_equal(second.messages, 0);
    second.returned = SL_DEFER;
    assert_int_equal(host->complete(first.ticket, SL_CONTINUE, NULL), 0);
    assert_false(fake_await(client, 0, &result)); /* Now the second one waits. */
    assert_int_equal(second.messages, 1);
    assert_int_equal(host->complete(second.ticket, SL_DROP, NULL), 0);
    assert_true(fake_await(client, 0, &result));
    assert_int_equal(result.verdict, SL_DROP);
    assert_string_equal(result.by->name, "second#1");
    fake_result_release(&result);
    fake_client_destroy(client);
}

static void a_deferred_connection_goes_on_with_the_next_stage(void **state)
{
    struct fake_result result;
    (void)state;
    struct sl_client *client = fake_client_create(NULL);
    first.returned = SL_DEFER;
    assert_int_equal(fake_connect(pipeline, client, &result), SL_DEFER);
    second.returned = SL_DENY;
    assert_int_equal(host->complete(first.ticket, SL_CONTINUE, NULL), 0);
    assert_true(fake_await(client, 0, &result));
    assert_int_equal(result.verdict, SL_DENY);
    assert_int_equal(result.code, 403);
    fake_client_destroy(client);
}

/* A client whose first stage opens it later. */
static struct sl_client *begin_to_open(bool is_let_in)
{
    struct sl_client *client = fake_client_create(NULL);
    if (is_let_in)
        fake_client_let_in(client);
    assert_int_equal(fake_connect(pipeline, client, NULL), SL_CONTINUE);
    first.opens_later = true;
    assert_int_equal(fake_open(pipeline, client), SL_DEFER);
    assert_true(fake_is_opening(client));
    assert_int_equal(second.opens, 0);
    return client;
}

static void a_deferred_open_goes_on_with_the_next_stage(void **state)
{
    struct fake_result result;
    (void)state;
    struct sl_client *client = begin_to_open(false);
    second.opens_later = true;
    assert_int_equal(host->complete(first.ticket, SL_CONTINUE, NULL), 0);
    assert_false(fake_await(client, 0, &result)); /* Now the second one waits. */
    assert_int_equal(second.opens, 1);
    assert_int_equal(host->complete(second.ticket, SL_CONTINUE, NULL), 0);
    assert_true(fake_await(client, 0, &result));
    assert_int_equal(result.verdict, SL_CONTINUE);
    assert_false(fake_is_opening(client));
    assert_sent(client, SL_CONTINUE, "hello", "");
    fake_close(pipeline, client, 1000, true);
    assert_int_equal(first.closes, 1);
    assert_int_equal(second.closes, 1);
    fake_client_destroy(client);
}

static void an_open_that_is_refused_says_how_to_close(void **state)
{
    const struct sl_completion details = {
        .struct_size = sizeof details, .code = 4004, .reason = {"no such room", 12}};
    struct fake_result result;
    (void)state;
    struct sl_client *client = begin_to_open(false);
    assert_int_equal(host->complete(first.ticket, SL_CLOSE, &details), 0);
    assert_true(fake_await(client, 0, &result));
    assert_int_equal(result.verdict, SL_CLOSE);
    assert_int_equal(result.code, 4004);
    assert_string_equal(result.reason, "no such room");
    fake_close(pipeline, client, 4004, false);
    assert_int_equal(first.closes, 100);
    assert_int_equal(second.closes, 0);
    fake_client_destroy(client);
}

static void who_is_let_in_is_opened_whatever_is_decided(void **state)
{
    struct fake_result result;
    (void)state;
    struct sl_client *client = begin_to_open(true);
    assert_int_equal(host->complete(first.ticket, SL_CLOSE, NULL), 0);
    assert_true(fake_await(client, 0, &result));
    assert_int_equal(result.verdict, SL_CONTINUE);
    assert_int_equal(second.opens, 1);
    fake_client_destroy(client);
}

static void a_client_that_is_let_in_is_still_asked_about(void **state)
{
    struct fake_result result;
    (void)state;
    struct sl_client *client = fake_client_create(NULL);
    fake_client_let_in(client);
    first.returned = second.returned = SL_DENY;
    assert_int_equal(fake_connect(pipeline, client, &result), SL_CONTINUE);
    assert_int_equal(result.code, 0);
    first.returned = SL_DEFER;
    assert_int_equal(fake_connect(pipeline, client, &result), SL_DEFER);
    assert_int_equal(host->complete(first.ticket, SL_DENY, NULL), 0);
    assert_true(fake_await(client, 0, &result));
    assert_int_equal(result.verdict, SL_CONTINUE);
    assert_int_equal(second.connects, 2);
    fake_client_destroy(client);
}

static void a_hook_that_a_plugin_does_not_have_continues(void **state)
{
    struct fake_result result;
    (void)state;
    fake_begin(NULL, false);
    struct fake_instance *instance = instance_with((struct sl_plugin){.flags = 0});
    struct sl_client *client = fake_client_create(NULL);
    assert_int_equal(fake_connect(instance, client, &result), SL_CONTINUE);
    fake_open(instance, client);
    assert_int_equal(fake_message(instance, client, SL_TEXT, "a", 1, &result), SL_CONTINUE);
    fake_result_release(&result);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void send_before_it_is_open(void *argument)
{
    (void)argument;
    situation_begin_host();
    fake_message(instance_with((struct sl_plugin){.on_message = on_message}),
                 fake_client_create(NULL), SL_TEXT, "a", 1, NULL);
}

static void only_open_clients_send_messages(void **state)
{
    (void)state;
    assert_fails(send_before_it_is_open, NULL, "from a client that is not open");
}

#define TEST_OF(test, set_up) cmocka_unit_test_setup_teardown(test, set_up, destroy_pipeline)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(a_client_goes_through_all_stages, make_pipeline),
        TEST_OF(the_first_verdict_that_stops_a_message_counts, make_pipeline),
        TEST_OF(a_close_and_a_topic_are_in_the_result, make_pipeline),
        TEST_OF(a_failure_may_be_passed_over, make_tolerant),
        TEST_OF(a_stage_in_shadow_mode_changes_nothing, make_watching),
        TEST_OF(a_deferred_message_goes_on_with_the_next_stage, make_pipeline),
        TEST_OF(a_deferred_connection_goes_on_with_the_next_stage, make_pipeline),
        TEST_OF(a_deferred_open_goes_on_with_the_next_stage, make_pipeline),
        TEST_OF(an_open_that_is_refused_says_how_to_close, make_pipeline),
        TEST_OF(who_is_let_in_is_opened_whatever_is_decided, make_pipeline),
        TEST_OF(a_client_that_is_let_in_is_still_asked_about, make_pipeline),
        cmocka_unit_test(a_hook_that_a_plugin_does_not_have_continues),
        cmocka_unit_test(only_open_clients_send_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
