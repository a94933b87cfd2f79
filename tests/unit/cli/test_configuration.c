#include "cli/configuration.h"
#include "printing.h"

#include <limits.h>
#include <string.h>

static struct printed printed;

static void a_configuration_that_is_given_is_the_one(void **state)
{
    (void)state;
    char path[PATH_MAX];
    const struct cli_options options = {.config_file = "my.yaml"};
    assert_string_equal(cli_config_file(&options, path, sizeof path), "my.yaml");
}

static void a_configuration_that_is_wrong_is_not_loaded(void **state)
{
    (void)state;
    const struct cli_options options = {.config_file = "/nowhere/my.yaml"};
    struct printing printing = printing_begin();
    struct config *config = cli_load_config(&options);
    printing_end(&printing, &printed);
    assert_null(config);
    assert_string_equal(printed.error, "/nowhere/my.yaml: No such file or directory\n");
    const struct cli_options as_json = {.config_file = "/nowhere/my.yaml", .json = true};
    printing = printing_begin();
    config = cli_load_config(&as_json);
    printing_end(&printing, &printed);
    assert_null(config);
    assert_string_equal(printed.error, "");
    assert_non_null(strstr(printed.out,
                           "{\"error\":\"configuration\",\"detail\":\"1 error in the "
                           "configuration\",\"errors\":[{\"file\":\"/nowhere/my.yaml\""));
}

static void a_pipeline_is_shown_with_arrows(void **state)
{
    (void)state;
    char text[64], small[12];
    struct stage_config stages[] = {{.plugin = "auth"}, {.plugin = "quota"}};
    struct endpoint_config endpoint = {.pipeline = stages, .pipeline_length = 2};
    cli_describe_chain(&endpoint, text, sizeof text);
    assert_string_equal(text, "auth -> quota -> broadcast (not to the sender)");
    endpoint.echo = true;
    endpoint.pipeline_length = 0;
    cli_describe_chain(&endpoint, text, sizeof text);
    assert_string_equal(text, "broadcast");
    endpoint.pipeline_length = 2;
    cli_describe_chain(&endpoint, small, sizeof small);
    assert_string_equal(small, "auth -> quo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_that_is_given_is_the_one),
        cmocka_unit_test(a_configuration_that_is_wrong_is_not_loaded),
        cmocka_unit_test(a_pipeline_is_shown_with_arrows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
