#include "pipeline/instance_options.h"

#include "config/options.h"
#include "failing_memory.h"
#include "unit.h"

static struct instance_options options;

/* An option set without options. */
static struct option_set *make_set(void)
{
    static const struct option_table table = {.count = 0};
    struct diagnostics diagnostics;
    struct option_set *set = NULL;
    diagnostics_init(&diagnostics);
    assert_int_equal(
        option_set_create(&table, "test", NULL, (struct position){.line = 1}, &diagnostics, &set),
        OK);
    diagnostics_deinit(&diagnostics);
    return set;
}

static struct options_version *make_version(void)
{
    struct options_version *version;
    assert_int_equal(options_version_create(make_set(), &version), OK);
    return version;
}

static int set_up(void **state)
{
    (void)state;
    instance_options_init(&options);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    instance_options_deinit(&options);
    return 0;
}

static void has_none_at_first(void **state)
{
    (void)state;
    assert_null(instance_options_in_hook(&options));
}

static void a_hook_reads_the_current_set(void **state)
{
    struct options_version *first = make_version(), *second = make_version();
    (void)state;
    assert_null(instance_options_exchange(&options, first));
    assert_ptr_equal(instance_options_in_hook(&options), first->set);
    assert_ptr_equal(instance_options_exchange(&options, second), first);
    assert_ptr_equal(instance_options_in_hook(&options), second->set);
    options_version_unref(first);
}

static void work_keeps_what_it_holds(void **state)
{
    struct options_version *first = make_version();
    (void)state;
    options_version_unref(instance_options_exchange(&options, first));
    struct options_version *held = instance_options_hold(&options);
    assert_ptr_equal(held, first);
    options_version_unref(instance_options_exchange(&options, make_version()));
    assert_int_equal(atomic_load(&held->references), 1);
    assert_non_null(held->set);
    options_version_unref(held);
}

static void a_lent_set_stays_as_long_as_the_instance(void **state)
{
    struct options_version *first = make_version();
    (void)state;
    options_version_unref(instance_options_exchange(&options, first));
    struct option_set *lent = instance_options_lend(&options);
    assert_ptr_equal(instance_options_lend(&options), lent);
    options_version_unref(instance_options_exchange(&options, make_version()));
    assert_int_equal(atomic_load(&first->references), 1); /* Once, though lent twice. */
    assert_ptr_not_equal(instance_options_lend(&options), lent);
}

static int try_to_create(void *context)
{
    struct options_version *version;
    (void)context;
    fail_allocation(0);
    struct option_set *set = make_set();
    fail_allocation(1);
    int error = options_version_create(set, &version);
    if (error == OK)
        options_version_unref(version);
    return error;
}

static void takes_the_set_also_without_memory(void **state)
{
    (void)state;
    assert_int_equal(try_to_create(NULL), ERR_NO_MEMORY);
    fail_allocation(0);
    options_version_unref(NULL);
}

#define options_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        options_test(has_none_at_first),
        options_test(a_hook_reads_the_current_set),
        options_test(work_keeps_what_it_holds),
        options_test(a_lent_set_stays_as_long_as_the_instance),
        options_test(takes_the_set_also_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
