#include "workbench.h"

static int result;
static const char *said;
static unsigned allocations;
static int destroyed;
static void *held[8];
static int64_t limit;

static const struct sl_option rows[] = {
    {.name = "limit", .type = SL_OPTION_INTEGER, .default_value = "5", .summary = "A number"},
};

static int create(struct sl_instance *self)
{
    for (unsigned i = 0; i < allocations; i++) {
        held[i] = self->host->allocate(8);
        if (held[i] != NULL)
            continue;
        while (i-- > 0)
            self->host->release(held[i]);
        self->host->fail(self, "no memory", 9);
        return SL_ERROR;
    }
    if (said != NULL)
        self->host->fail(self, said, strlen(said));
    return result;
}

static void destroy(struct sl_instance *self)
{
    for (unsigned i = 0; i < allocations; i++)
        self->host->release(held[i]);
    destroyed++;
}

static int on_reload(struct sl_instance *self)
{
    limit = self->host->value_integer(self->host->option(self, "limit"));
    if (limit < 100)
        return 0;
    self->host->fail(self, "too much", 8);
    return SL_ERROR;
}

#define HOOKS                                                                                      \
    (struct sl_plugin)                                                                             \
    {                                                                                              \
        .create = create, .destroy = destroy, .on_reload = on_reload, .options = rows,             \
        .options_count = 1, .option_size = sizeof *rows                                            \
    }

static int begin(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    result = 0;
    said = NULL;
    allocations = 0;
    destroyed = 0;
    return 0;
}

static void an_instance_knows_its_name_and_its_endpoint(void **state)
{
    (void)state;
    struct fake_instance *instance = fake_instance_create(plugin_with(HOOKS), NULL, "/chat");
    assert_non_null(instance);
    assert_string_equal(fake_instance_seen(instance)->name, "tested#1");
    assert_string_equal(fake_instance_seen(instance)->endpoint, "/chat");
    fake_instance_destroy(instance);
    assert_int_equal(destroyed, 1);
}

static void a_refusal_has_the_plugins_sentence(void **state)
{
    (void)state;
    result = SL_ERROR;
    said = "the moon is missing";
    assert_null(fake_instance_parse(plugin_with(HOOKS), "{}"));
    assert_non_null(strstr(fake_failure(), "the moon is missing"));
    assert_int_equal(destroyed, 0);
}

static void a_wrong_option_is_a_refusal(void **state)
{
    (void)state;
    assert_null(fake_instance_parse(plugin_with(HOOKS), "{limti: 3}"));
    assert_non_null(strstr(fake_failure(), "limit"));
}

static void a_reload_is_taken_or_refused(void **state)
{
    struct fake_instance *instance = fake_instance_parse(plugin_with(HOOKS), "{limit: 1}");
    struct yaml_node *good = yaml_of("{limit: 7}"), *bad = yaml_of("{limit: 700}"),
                     *wrong = yaml_of("{limit: x}");
    (void)state;
    assert_true(fake_instance_reload(instance, good));
    assert_int_equal(limit, 7);
    assert_false(fake_instance_reload(instance, bad));
    assert_non_null(strstr(fake_failure(), "too much"));
    assert_false(fake_instance_reload(instance, wrong));
    const struct sl_instance *self = fake_instance_seen(instance);
    assert_int_equal(self->host->value_integer(self->host->option(self, "limit")), 7);
    fake_instance_destroy(instance);
    yaml_node_destroy(good);
    yaml_node_destroy(bad);
    yaml_node_destroy(wrong);
}

static void each_allocation_of_create_fails_in_turn(void **state)
{
    unsigned long failures;
    (void)state;
    allocations = 4;
    struct fake_instance *instance = fake_instance_survive(plugin_with(HOOKS), "{}", &failures);
    assert_int_equal(failures, 4);
    fake_instance_destroy(instance);
    assert_int_equal(fake_live_allocations(), 0);
}

static void create_with(void *argument)
{
    const char *options = argument;
    situation_begin_host();
    result = options[0] == '+' ? 1 : SL_ERROR;
    said = NULL;
    fake_instance_parse(plugin_with(HOOKS), "{}");
}

static void wrong_results_are_failures(void **state)
{
    (void)state;
    assert_fails(create_with, (char[]){"+"}, "create returned 1: it returns 0, or SL_ERROR");
    assert_fails(create_with, (char[]){"-"}, "create failed without saying why");
}

/* -- create that finishes later -- */

static struct sl_ticket ticket;
static const char *verdict; /* on the ticket; NULL: the instance can begin */
static bool is_forgotten;

static void work(struct sl_instance *self, void *context)
{
    (void)context;
    self->host->create_complete(ticket, verdict);
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    (void)timer, (void)tag;
    if (!is_forgotten)
        self->host->offload(self, 0, work, NULL, NULL);
}

static int create_later(struct sl_instance *self)
{
    if (self->host->create_defer(self, &ticket) != 0)
        return SL_ERROR;
    self->host->timer_start(self, 5 * INT64_C(1000000000), 0, 0);
    return 0;
}

static void create_and_end(void *unused)
{
    (void)unused;
    situation_begin_host();
    struct fake_instance *instance =
        fake_instance_create(plugin_with((struct sl_plugin){
                                 .create = create_later, .destroy = destroy, .on_timer = on_timer}),
                             NULL, "/ws");
    if (instance == NULL)
        situation_fail("%s, destroyed %d times", fake_failure(), destroyed);
    fake_instance_destroy(instance);
}

static void a_create_that_finishes_later_is_waited_for(void **state)
{
    (void)state;
    assert_passes(create_and_end, NULL);
    verdict = "no database";
    assert_fails(create_and_end, NULL, "no database, destroyed 1 times");
    is_forgotten = true;
    assert_fails(create_and_end, NULL, "create has not finished within 30 s");
    verdict = NULL;
    is_forgotten = false;
}

static void load_what_is_no_plugin(void *argument)
{
    situation_begin_host();
    fake_plugin_load(argument);
}

static void a_file_that_is_no_plugin_is_a_failure(void **state)
{
    (void)state;
    assert_fails(load_what_is_no_plugin, (char[]){"/no/such/file.so"}, "No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_instance_knows_its_name_and_its_endpoint, begin),
        cmocka_unit_test_setup(a_refusal_has_the_plugins_sentence, begin),
        cmocka_unit_test_setup(a_wrong_option_is_a_refusal, begin),
        cmocka_unit_test_setup(a_reload_is_taken_or_refused, begin),
        cmocka_unit_test_setup(each_allocation_of_create_fails_in_turn, begin),
        cmocka_unit_test_setup(wrong_results_are_failures, begin),
        cmocka_unit_test_setup(a_create_that_finishes_later_is_waited_for, begin),
        cmocka_unit_test_setup(a_file_that_is_no_plugin_is_a_failure, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
