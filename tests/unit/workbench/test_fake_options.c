#include "workbench.h"

static const struct sl_option rows[] = {
    {.name = "limit", .type = SL_OPTION_INTEGER, .default_value = "5", .summary = "A number"},
    {.name = "label", .type = SL_OPTION_STRING, .default_value = "x", .summary = "A text"},
    {.name = "names", .type = SL_OPTION_STRINGS, .summary = "Texts"},
};

static int (*create)(struct sl_instance *self);

static void create_with(void *options)
{
    situation_begin_host();
    struct plugin *plugin = plugin_with((struct sl_plugin){
        .options = rows, .options_count = 3, .option_size = sizeof *rows, .create = create});
    struct fake_instance *instance = fake_instance_parse(plugin, options);
    if (instance == NULL)
        situation_fail("%s", fake_failure());
    fake_instance_destroy(instance);
}

static int read_well(struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    REQUIRE(host->value_integer(host->option(self, "limit")) == 7);
    REQUIRE(host->value_number(host->option(self, "limit")) == 7);
    REQUIRE(strcmp(host->value_string(host->option(self, "label")).data, "x") == 0);
    REQUIRE(host->value_count(host->option(self, "names")) == 2);
    return 0;
}

static void plugins_read_options_and_defaults(void **state)
{
    (void)state;
    create = read_well;
    assert_passes(create_with, (char[]){"{limit: 7, names: [a, b]}"});
}

static int read_with_another_getter(struct sl_instance *self)
{
    self->host->value_string(self->host->option(self, "limit"));
    return 0;
}

static int read_a_list_as_a_text(struct sl_instance *self)
{
    self->host->value_string(self->host->option(self, "names"));
    return 0;
}

static int read_what_is_not_declared(struct sl_instance *self)
{
    self->host->option(self, "limits");
    return 0;
}

static void reads_that_give_nothing_are_failures(void **state)
{
    (void)state;
    create = read_with_another_getter;
    assert_fails(create_with, (char[]){"{}"},
                 "the option 'limit' is a integer but was read with value_string");
    create = read_a_list_as_a_text;
    assert_fails(create_with, (char[]){"{names: [a]}"}, "use value_at");
    create = read_what_is_not_declared;
    assert_fails(create_with, (char[]){"{}"}, "'limits' is read but is not in the plugin's option");
}

static void options_are_checked_as_the_server_does(void **state)
{
    (void)state;
    create = read_well;
    assert_fails(create_with, (char[]){"{limt: 7}"}, "limit");
    assert_fails(create_with, (char[]){"{limit: seven}"}, "limit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_read_options_and_defaults),
        cmocka_unit_test(reads_that_give_nothing_are_failures),
        cmocka_unit_test(options_are_checked_as_the_server_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
