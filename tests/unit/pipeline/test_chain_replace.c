#include "pipeline/instance_change.h"
#include "pipeline/service_chains.h"

/* How on_reload asks for it is in tests/unit/hub/test_reload.c. */
static struct instance_change change_of(const struct built *built, size_t stage)
{
    return (struct instance_change){.instance = instance_at(built, stage),
                                    .chain = built->chain,
                                    .stage = &built->config->endpoints[0].pipeline[stage],
                                    .wants_new = true};
}

static void in_force(const struct built *built)
{
    for (size_t i = 0; i < built->chain->count; i++)
        instance_inherit(instance_at(built, i));
}

static void the_new_instance_is_in_the_old_ones_place(void **state)
{
    (void)state;
    struct built first = built("[{plugin: other}, {plugin: other}]", NULL);
    in_force(&first);
    struct built second = built("[{plugin: other}, {plugin: other}]", &first);
    struct instance_change change = change_of(&second, 1);
    assert_int_equal(chain_replace(&change, second.config, &diagnostics), OK);
    assert_ptr_equal(instance_at(&second, 0), instance_at(&first, 0));
    const struct instance *old = instance_at(&first, 1), *new = instance_at(&second, 1);
    assert_ptr_not_equal(new, old);
    assert_string_equal(new->name, old->name);
    assert_int_equal(new->slot, old->slot);
    assert_int_equal(new->client_offset, old->client_offset);
    assert_ptr_equal(new->replaces, old);
    end(&first);
    end(&second);
}

static void who_has_found_a_service_of_it_is_replaced_too(void **state)
{
    (void)state;
    struct built first = built("[{plugin: source}, {plugin: other}, {plugin: sink}]", NULL);
    in_force(&first);
    struct built second =
        built("[{plugin: source}, {plugin: other}, {plugin: sink}, {plugin: taker}]", &first);
    struct instance_change provider = change_of(&second, 0), consumer = change_of(&second, 2);
    assert_int_equal(chain_replace(&provider, second.config, &diagnostics), OK);
    assert_ptr_equal(found->provider, &instance_at(&second, 0)->seen); /* By the taker. */
    assert_ptr_equal(instance_at(&second, 1), instance_at(&first, 1));
    struct instance *replaced = instance_at(&second, 2);
    assert_ptr_equal(replaced->replaces, instance_at(&first, 2));
    assert_null(instance_at(&second, 3)->replaces); /* The one before was never in force. */
    assert_int_equal(chain_replace(&consumer, second.config, &diagnostics), OK);
    assert_ptr_equal(instance_at(&second, 2), replaced); /* It has happened already. */
    end(&first);
    end(&second);
}

static void without_the_service_the_old_ones_keep_their_places(void **state)
{
    (void)state;
    struct built it = built("[{plugin: source}, {plugin: sink}]", NULL);
    struct instance_change change = change_of(&it, 0);
    const struct instance *consumer = instance_at(&it, 1);
    wanted_minor = provided_minor + 1;
    assert_int_equal(chain_replace(&change, it.config, &diagnostics), ERR_PLUGIN);
    assert_int_equal(diagnostics.count, 1);
    assert_ptr_equal(instance_at(&it, 1), consumer);
    end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        services_test(the_new_instance_is_in_the_old_ones_place),
        services_test(who_has_found_a_service_of_it_is_replaced_too),
        services_test(without_the_service_the_old_ones_keep_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
