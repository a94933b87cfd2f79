/*
 * The built plugin when the machine has nothing to give: it fails to start rather than to watch.
 */
#include "workbench/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct plugin *plugin;
static char path[] = "/tmp/sluice-prefixes-XXXXXX";
static char options[128];

static int make_file(void **state)
{
    (void)state;
    int file = mkstemp(path);
    if (file < 0 || write(file, "192.0.2.0/24\n", 13) != 13)
        return -1;
    close(file);
    snprintf(options, sizeof options, "{deny: [10.0.0.0/8], deny_file: %s}", path);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static enum sl_verdict connect_from(struct fake_instance *instance, const char *address)
{
    struct sl_client *client = fake_client_at(address);
    enum sl_verdict verdict = fake_connect(instance, client, NULL);
    fake_client_destroy(client);
    return verdict;
}

static void does_not_start_if_it_could_not_watch_its_files(void **state)
{
    (void)state;
    fake_fail_timers(true);
    assert_null(fake_instance_parse(plugin, options));
    fake_fail_timers(false);
    assert_non_null(strstr(fake_failure(), "there is no memory for a timer"));
    assert_int_equal(fake_live_allocations(), 0);
}

static void survives_every_failing_allocation(void **state)
{
    unsigned long failures;
    (void)state;
    struct fake_instance *instance = fake_instance_survive(plugin, options, &failures);
    assert_true(failures >= 3);
    assert_int_equal(connect_from(instance, "192.0.2.1"), SL_DENY);
    assert_int_equal(connect_from(instance, "10.1.1.1"), SL_DENY);
    assert_int_equal(connect_from(instance, "198.51.100.1"), SL_CONTINUE);
    fake_instance_destroy(instance);
    assert_int_equal(fake_live_allocations(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_not_start_if_it_could_not_watch_its_files),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    fake_begin(NULL, false);
    plugin = fake_plugin_load(PLUGIN_FILE);
    int failed = cmocka_run_group_tests(tests, make_file, remove_file);
    fake_plugin_unload();
    return failed;
}
