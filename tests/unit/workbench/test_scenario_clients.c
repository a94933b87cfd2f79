#include "workbench.h"

#include "workbench/scenario.h"

#include <stdio.h>

static void read_an_upgrade(void *argument)
{
    struct fake_upgrade upgrade;
    (void)argument;
    scenario_read_upgrade(yaml_of("{address: 192.0.2.1, path: /chat, secure: true,\n"
                                  " headers: {Origin: x, Host: y}, query: {a: b},\n"
                                  " cookies: {c: d}, certificate: {dns: e},\n"
                                  " subprotocols: [v1, v2]}"),
                          &upgrade);
    REQUIRE(strcmp(upgrade.address, "192.0.2.1") == 0 && strcmp(upgrade.path, "/chat") == 0);
    REQUIRE(upgrade.secure);
    REQUIRE(strcmp(upgrade.headers[1].name, "Host") == 0);
    REQUIRE(strcmp(upgrade.headers[1].value, "y") == 0 && upgrade.headers[2].name == NULL);
    REQUIRE(strcmp(upgrade.query[0].value, "b") == 0);
    REQUIRE(strcmp(upgrade.cookies[0].value, "d") == 0);
    REQUIRE(strcmp(upgrade.certificate[0].name, "dns") == 0);
    REQUIRE(strcmp(upgrade.subprotocols[1], "v2") == 0 && upgrade.subprotocols[2] == NULL);
    scenario_read_upgrade(yaml_of("{}"), &upgrade);
    REQUIRE(upgrade.address == NULL && upgrade.path == NULL && !upgrade.secure);
    REQUIRE(upgrade.headers[0].name == NULL && upgrade.subprotocols[0] == NULL);
}

static void reads_what_a_client_brings_along(void **state)
{
    (void)state;
    assert_passes(read_an_upgrade, NULL);
}

static void read_upgrade_of(void *argument)
{
    struct fake_upgrade upgrade;
    scenario_read_upgrade(yaml_of(argument), &upgrade);
}

static void pairs_have_a_text_each(void **state)
{
    char many[1024] = "{query: {";
    (void)state;
    assert_fails(read_upgrade_of, (char[]){"{headers: {a: [b]}}"}, "expected names with a text");
    assert_fails(read_upgrade_of, (char[]){"{headers: [a]}"}, "expected names with a text");
    for (int i = 0; i < 33; i++)
        sprintf(many + strlen(many), "k%d: v, ", i);
    strcat(many, "}}");
    assert_fails(read_upgrade_of, many, "more than 32 of these");
}

static struct scenario scenario;

static void know_clients(void *argument)
{
    const struct yaml_node *ada = yaml_of("{client: ada}"), *unnamed = yaml_of("{}");
    (void)argument;
    situation_begin_host();
    struct sl_client *first = fake_client_create(NULL), *second = fake_client_create(NULL);
    REQUIRE(scenario_find_client(&scenario, ada) == NULL);
    scenario_put_client(&scenario, ada, first);
    scenario_put_client(&scenario, unnamed, second);
    REQUIRE(scenario_need_client(&scenario, ada) == first);
    REQUIRE(scenario_need_client(&scenario, unnamed) == second);
    REQUIRE(strcmp(scenario_client_name(unnamed), "client") == 0);
    *scenario_find_client(&scenario, ada) = NULL; /* It has left, and comes again. */
    scenario_put_client(&scenario, ada, second);
    REQUIRE(scenario_need_client(&scenario, ada) == second);
}

static void need_nobody(void *argument)
{
    (void)argument;
    scenario_need_client(&scenario, yaml_of("{client: eve}"));
}

static void put_twice(void *argument)
{
    (void)argument;
    situation_begin_host();
    for (int i = 0; i < 2; i++)
        scenario_put_client(&scenario, yaml_of("{client: ada}"), fake_client_create(NULL));
}

static void clients_are_known_by_their_names(void **state)
{
    (void)state;
    assert_passes(know_clients, NULL);
    assert_fails(need_nobody, NULL, "there is no client 'eve' here: connect it first");
    assert_fails(put_twice, NULL, "the client 'ada' is connected already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_client_brings_along),
        cmocka_unit_test(pairs_have_a_text_each),
        cmocka_unit_test(clients_are_known_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
