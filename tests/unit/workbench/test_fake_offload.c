#include "one_instance.h"

#include <pthread.h>

static char order[32];
static pthread_t worked_on;
static struct sl_client *done_for;

static int begin(void **state)
{
    (void)state;
    begin_with_instance((struct sl_plugin){.flags = 0});
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_instance_destroy(instance);
    return 0;
}

static void work(struct sl_instance *of, void *context)
{
    (void)of;
    worked_on = pthread_self();
    strcat(order, context);
}

static void done(struct sl_instance *of, struct sl_client *client, void *context)
{
    (void)of, (void)context;
    assert_true(pthread_equal(pthread_self(), worked_on) == 0);
    done_for = client;
    strcat(order, "!");
}

static void runs_jobs_in_their_order_when_it_is_told_to(void **state)
{
    (void)state;
    order[0] = '\0';
    assert_int_equal(host->offload(self, 0, work, done, (char[]){"a"}), 0);
    char last[] = "b";
    assert_int_equal(host->offload(self, 0, work, NULL, last), 0);
    assert_string_equal(order, "");
    fake_run_offloaded();
    assert_string_equal(order, "a!b");
    fake_run_offloaded();
    assert_string_equal(order, "a!b");
}

static void hands_over_the_client_if_it_is_still_there(void **state)
{
    char nothing[] = "";
    (void)state;
    struct sl_client *client = fake_client_create(NULL);
    host->offload(self, fake_client_number(client), work, done, nothing);
    fake_run_offloaded();
    assert_ptr_equal(done_for, client);
    host->offload(self, fake_client_number(client), work, done, nothing);
    fake_client_destroy(client);
    fake_run_offloaded();
    assert_null(done_for);
}

static void more(struct sl_instance *of, struct sl_client *client, void *context)
{
    (void)client, (void)context;
    char *last = order + strlen(order);
    if (last - order < 3)
        of->host->offload(of, 0, work, more, context);
}

static void runs_what_a_job_brings_along(void **state)
{
    char letter[] = "x";
    (void)state;
    order[0] = '\0';
    host->offload(self, 0, work, more, letter);
    fake_run_offloaded();
    assert_string_equal(order, "xxx");
}

static void work_that_waits_is_done_before_its_instance_ends(void **state)
{
    struct fake_instance *other = instance_with((struct sl_plugin){.flags = 0});
    struct sl_instance *seen = fake_instance_seen(other);
    char letter[] = "a";
    (void)state;
    order[0] = '\0';
    seen->host->offload(seen, 0, work, done, letter);
    fake_instance_destroy(other);
    assert_string_equal(order, "a!");
}

static char started[] = "s";

static int create_that_fails(struct sl_instance *of)
{
    of->host->offload(of, 0, work, done, started);
    of->host->timer_start(of, 0, 0, 1);
    return sl_fail(of, "it cannot");
}

static void on_timer(struct sl_instance *of, uint64_t timer, uint64_t tag)
{
    (void)of, (void)timer, (void)tag;
    strcat(order, "t");
}

static void what_a_create_that_fails_has_begun_ends_with_it(void **state)
{
    (void)state;
    order[0] = '\0';
    struct plugin *plugin =
        plugin_with((struct sl_plugin){.create = create_that_fails, .on_timer = on_timer});
    assert_null(fake_instance_create(plugin, NULL, "/ws"));
    assert_string_equal(order, "s!");
    fake_advance(1000000000);
    assert_string_equal(order, "s!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_jobs_in_their_order_when_it_is_told_to),
        cmocka_unit_test(hands_over_the_client_if_it_is_still_there),
        cmocka_unit_test(runs_what_a_job_brings_along),
        cmocka_unit_test(work_that_waits_is_done_before_its_instance_ends),
        cmocka_unit_test(what_a_create_that_fails_has_begun_ends_with_it),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
