#include "pipeline/instance_services.h"

#include "failing_memory.h"
#include "pipeline/service_chains.h"

/* The pipeline is refused; the nth sentence is that one. */
static void expect_refused_beside(const char *pipeline, const struct built *previous, size_t nth,
                                  const char *sentence)
{
    struct built it;
    assert_int_equal(build(pipeline, previous, &it), ERR_CONFIG);
    assert_true(diagnostics.count > nth);
    assert_string_equal(diagnostics.items[nth].text, sentence);
    assert_int_equal(diagnostics.items[nth].position.line, 4);
    diagnostics_deinit(&diagnostics);
    diagnostics_init(&diagnostics);
    config_destroy(it.config);
    for (int round = 0; round < 4; round++)
        rig_deliver();
    rig.notes[0] = '\0';
}

static void expect_refused(const char *pipeline, size_t nth, const char *sentence)
{
    expect_refused_beside(pipeline, NULL, nth, sentence);
}

static int call(const struct sl_service *service)
{
    const struct numbers *table = service->table;
    return table->next(service->provider);
}

/* -- finding -- */

static void a_service_is_called_with_its_providers_instance(void **state)
{
    (void)state;
    struct built it = built("[{plugin: source}, {plugin: sink}]", NULL);
    assert_non_null(found);
    assert_int_equal(found->struct_size, sizeof *found);
    assert_ptr_equal(found->table, &numbers);
    assert_ptr_equal(found->provider, &instance_at(&it, 0)->seen);
    assert_int_equal(call(found), 1);
    assert_int_equal(call(found), 2);
    end(&it);
    expect_notes("sink#1 source#1");
}

static void the_nearest_provider_before_counts(void **state)
{
    (void)state;
    struct built it =
        built("[{plugin: source}, {plugin: source}, {plugin: sink}, {plugin: source}]", NULL);
    assert_ptr_equal(found->provider, &instance_at(&it, 1)->seen);
    end(&it);
}

static void the_major_version_is_the_same_and_the_minor_at_least(void **state)
{
    (void)state;
    provided_minor = 3;
    wanted_minor = 2;
    struct built it = built("[{plugin: source}, {plugin: sink}]", NULL);
    assert_int_equal(found->major, 1);
    assert_int_equal(found->minor, 3);
    end(&it);
    wanted_minor = 4;
    expect_refused("[{plugin: source}, {plugin: sink}]", 0,
                   "plugin 'sink' could not be set up: no instance before it in the pipeline "
                   "provides the service 'numbers' 1.4; source#1 provides 1.3 of it");
    wanted_minor = 0;
    wanted_major = 2;
    expect_refused("[{plugin: source}, {plugin: sink}]", 0,
                   "plugin 'sink' could not be set up: no instance before it in the pipeline "
                   "provides the service 'numbers' 2.0; source#1 provides 1.3 of it");
}

static void whoever_misses_a_service_is_told_who_offers_something_near(void **state)
{
    (void)state;
    expect_refused("[{plugin: other}, {plugin: sink}]", 0,
                   "plugin 'sink' could not be set up: no instance before it in the pipeline "
                   "provides the service 'numbers' 1.0");
    expect_refused("[{plugin: source}, {plugin: misspelt}]", 0,
                   "plugin 'misspelt' could not be set up: no instance before it in the pipeline "
                   "provides the service 'number' 1.0; source#1 provides 'numbers' 1.0");
    expect_refused("[{plugin: broken}, {plugin: sink}]", 1,
                   "plugin 'sink' could not be set up: no instance before it in the pipeline "
                   "provides the service 'numbers' 1.0; some of them could not be set up");
    expect_refused("[{plugin: sink}, {plugin: source}]", 1,
                   "put plugin 'sink' behind source#1, which provides 'numbers' 1.0");
}

static void in_shadow_mode_a_provider_is_there_for_its_like_alone(void **state)
{
    (void)state;
    expect_refused("[{plugin: source, mode: shadow}, {plugin: sink}]", 0,
                   "plugin 'sink' could not be set up: no instance before it in the pipeline "
                   "provides the service 'numbers' 1.0; source#1 does, but in shadow mode");
    struct built it = built("[{plugin: source, mode: shadow}, {plugin: sink, mode: shadow}]", NULL);
    assert_ptr_equal(found->provider, &instance_at(&it, 0)->seen);
    end(&it);
    it = built("[{plugin: source}, {plugin: sink, mode: shadow}]", NULL);
    assert_ptr_equal(found->provider, &instance_at(&it, 0)->seen);
    end(&it);
}

/* -- bounds -- */

static struct instance *other_instance(struct built *it)
{
    *it = built("[{plugin: source}, {plugin: other}]", NULL);
    return instance_at(it, 1);
}

static void expect_not_provided(struct instance *instance, const char *name, const void *table,
                                const char *sentence)
{
    char text[SERVICE_TEXT_MAX];
    assert_int_equal(instance_service_provide(instance, name, 1, 0, table, text), ERR_INVALID);
    assert_string_equal(text, sentence);
}

static void names_and_tables_are_checked(void **state)
{
    static const char no_name[] =
        "a service's name is 1 to 63 lower case letters, digits, '-', '_' and '.'";
    static const struct numbers sizeless = {.next = next};
    char text[SERVICE_TEXT_MAX], longest[65];
    struct built it;
    (void)state;
    struct instance *instance = other_instance(&it);
    memset(longest, 'a', 64);
    longest[64] = '\0';
    expect_not_provided(instance, "", &numbers, no_name);
    expect_not_provided(instance, NULL, &numbers, no_name);
    expect_not_provided(instance, "Numbers", &numbers, no_name);
    expect_not_provided(instance, "a b", &numbers, no_name);
    expect_not_provided(instance, longest, &numbers, no_name);
    assert_null(instance_service_find(instance, longest, 1, 0, text));
    assert_string_equal(text, no_name);
    longest[63] = '\0';
    assert_int_equal(instance_service_provide(instance, longest, 1, 0, &numbers, text), OK);
    expect_not_provided(instance, "sizes", &sizeless,
                        "the table of the service 'sizes' does not begin with its struct_size");
    expect_not_provided(instance, "sizes", NULL,
                        "the table of the service 'sizes' does not begin with its struct_size");
    end(&it);
}

static void an_instance_provides_and_looks_for_a_bounded_number(void **state)
{
    char text[SERVICE_TEXT_MAX], name[16];
    struct built it;
    (void)state;
    struct instance *instance = other_instance(&it);
    for (int i = 0; i < 16; i++) {
        snprintf(name, sizeof name, "service-%d", i);
        assert_int_equal(instance_service_provide(instance, name, 1, 0, &numbers, text), OK);
        assert_null(instance_service_find(instance, name, 1, 0, text)); /* Not its own. */
    }
    expect_not_provided(instance, "service-3", &numbers,
                        "it provides the service 'service-3' 1 twice");
    expect_not_provided(instance, "more", &numbers, "an instance may provide 16 services");
    assert_null(instance_service_find(instance, "more", 1, 0, text));
    assert_string_equal(text, "an instance may look for 16 services");
    end(&it);
}

static void without_memory_nothing_is_provided_or_found(void **state)
{
    static const char no_memory[] = "there is no memory for the service 'mine'";
    char text[SERVICE_TEXT_MAX];
    struct built it;
    (void)state;
    struct instance *instance = other_instance(&it);
    fail_allocation(1);
    assert_int_equal(instance_service_provide(instance, "mine", 1, 0, &numbers, text),
                     ERR_NO_MEMORY);
    assert_string_equal(text, no_memory);
    fail_allocation(1);
    assert_null(instance_service_find(instance, "mine", 1, 0, text));
    assert_string_equal(text, no_memory);
    assert_true(end_failing_allocations());
    end(&it);
}

/* -- reload -- */

static void a_consumer_stays_with_its_provider(void **state)
{
    (void)state;
    struct built first = built("[{plugin: source}, {plugin: sink}]", NULL);
    struct built second = built("[{plugin: source}, {plugin: other}, {plugin: sink}]", &first);
    assert_ptr_equal(instance_at(&second, 0), instance_at(&first, 0));
    assert_ptr_equal(instance_at(&second, 2), instance_at(&first, 1));
    end(&first);
    expect_notes("");
    end(&second);
}

static void a_provider_that_is_replaced_takes_its_consumers_along(void **state)
{
    (void)state;
    struct built first =
        built("[{plugin: source}, {plugin: other}, {plugin: sink}, {plugin: taker}]", NULL);
    struct built second = built("[{plugin: source, options: {tag: a}}, {plugin: other}, "
                                "{plugin: sink}, {plugin: taker}]",
                                &first);
    assert_ptr_not_equal(instance_at(&second, 0), instance_at(&first, 0));
    assert_ptr_equal(instance_at(&second, 1), instance_at(&first, 1));
    assert_ptr_not_equal(instance_at(&second, 2), instance_at(&first, 2));
    assert_ptr_not_equal(instance_at(&second, 3), instance_at(&first, 3));
    assert_ptr_equal(found->provider, &instance_at(&second, 0)->seen);
    end(&first);
    assert_string_equal(strrchr(rig.notes, ' '), " source#1"); /* The last of three. */
    assert_int_equal(strlen(rig.notes), strlen("sink#1 taker#1 source#1"));
    end(&second);
}

static void a_provider_that_is_taken_out_is_an_error_where_it_is_needed(void **state)
{
    (void)state;
    struct built first = built("[{plugin: source}, {plugin: sink}]", NULL);
    const struct sl_service *service = found;
    expect_refused_beside("[{plugin: sink}]", &first, 0,
                          "plugin 'sink' could not be set up: no instance before it in the "
                          "pipeline provides the service 'numbers' 1.0");
    assert_int_equal(call(service), 1); /* What ran goes on. */
    expect_refused_beside("[{plugin: sink}, {plugin: source}]", &first, 1,
                          "put plugin 'sink' behind source#1, which provides 'numbers' 1.0");
    expect_refused_beside("[{plugin: source, mode: shadow}, {plugin: sink}]", &first, 0,
                          "plugin 'sink' could not be set up: no instance before it in the "
                          "pipeline provides the service 'numbers' 1.0; source#1 does, but in "
                          "shadow mode");
    assert_int_equal(call(service), 2);
    end(&first);
}

static void whoever_can_do_without_a_service_is_made_anew_when_it_comes_or_goes(void **state)
{
    (void)state;
    struct built alone = built("[{plugin: taker}]", NULL);
    assert_null(found);
    struct built helped = built("[{plugin: source}, {plugin: taker}]", &alone);
    assert_ptr_not_equal(instance_at(&helped, 1), instance_at(&alone, 0));
    assert_ptr_equal(found->provider, &instance_at(&helped, 0)->seen);
    end(&alone);
    struct built nearer = built("[{plugin: source}, {plugin: source}, {plugin: taker}]", &helped);
    assert_ptr_equal(instance_at(&nearer, 0), instance_at(&helped, 0));
    assert_ptr_not_equal(instance_at(&nearer, 2), instance_at(&helped, 1));
    assert_ptr_equal(found->provider, &instance_at(&nearer, 1)->seen);
    end(&helped);
    struct built again = built("[{plugin: other}, {plugin: taker}]", &nearer);
    assert_null(found);
    end(&nearer);
    end(&again);
}

static void a_provider_ends_after_the_last_who_may_call_it(void **state)
{
    (void)state;
    struct built it = built("[{plugin: source}, {plugin: sink}]", NULL);
    struct instance *consumer = instance_ref(instance_at(&it, 1)); /* Its thread runs, say. */
    end(&it);
    expect_notes("");
    assert_int_equal(call(found), 1);
    instance_unref(consumer);
    for (int round = 0; round < 4; round++)
        rig_deliver();
    expect_notes("sink#1 source#1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        services_test(a_service_is_called_with_its_providers_instance),
        services_test(the_nearest_provider_before_counts),
        services_test(the_major_version_is_the_same_and_the_minor_at_least),
        services_test(whoever_misses_a_service_is_told_who_offers_something_near),
        services_test(in_shadow_mode_a_provider_is_there_for_its_like_alone),
        services_test(names_and_tables_are_checked),
        services_test(an_instance_provides_and_looks_for_a_bounded_number),
        services_test(without_memory_nothing_is_provided_or_found),
        services_test(a_consumer_stays_with_its_provider),
        services_test(a_provider_that_is_replaced_takes_its_consumers_along),
        services_test(a_provider_that_is_taken_out_is_an_error_where_it_is_needed),
        services_test(whoever_can_do_without_a_service_is_made_anew_when_it_comes_or_goes),
        services_test(a_provider_ends_after_the_last_who_may_call_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
