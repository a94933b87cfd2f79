/*
 * Places are always given back, and clients that come at the same moment on different threads never
 * get more than there are.
 */
#include "workbench/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 4
#define ROUNDS 300

static struct plugin *plugin;

static struct fake_instance *instance_with(const char *options)
{
    struct fake_instance *instance = fake_instance_parse(plugin, options);
    if (instance == NULL)
        fail_msg("%s: %s", options, fake_failure());
    return instance;
}

static struct sl_client *named_client(const char *identity)
{
    struct sl_client *client = fake_client_at("192.0.2.1");
    fake_client_identify(client, identity);
    return client;
}

static void a_thousand_that_come_and_go_leave_nothing(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{per_identity: 1}");
    size_t before = fake_live_bytes();
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "user-%d", i % 7);
        struct sl_client *client = named_client(name);
        assert_int_equal(fake_connect(instance, client, NULL), SL_CONTINUE);
        fake_open(instance, client);
        fake_close(instance, client, 1000, true);
        fake_client_destroy(client);
    }
    assert_int_equal(fake_live_bytes(), before);
    fake_instance_destroy(instance);
}

static void whom_a_later_plugin_refuses_takes_no_place(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{per_identity: 1}");
    size_t before = fake_live_bytes();
    for (int i = 0; i < 1000; i++) {
        struct sl_client *client = named_client("ada");
        assert_int_equal(fake_connect(instance, client, NULL), SL_CONTINUE);
        fake_client_destroy(client); /* on_open never came, and so no on_close. */
    }
    assert_int_equal(fake_live_bytes(), before);
    fake_instance_destroy(instance);
}

static void a_million_names_take_no_more_memory_than_max_keys(void **state)
{
    (void)state;
    enum { KEYS = 100 };
    struct fake_instance *instance = instance_with("{per_identity: 1, max_keys: 100}");
    struct sl_client *clients[KEYS];
    for (int i = 0; i < KEYS; i++) {
        char name[32];
        snprintf(name, sizeof name, "user-%d", i);
        clients[i] = named_client(name);
        assert_int_equal(fake_connect(instance, clients[i], NULL), SL_CONTINUE);
        fake_open(instance, clients[i]);
    }
    size_t before = fake_live_bytes();
    struct sl_client *stranger = named_client("");
    for (int i = 0; i < 1000000; i++) {
        char name[32];
        snprintf(name, sizeof name, "stranger-%d", i);
        fake_client_identify(stranger, name);
        assert_int_equal(fake_connect(instance, stranger, NULL), SL_DENY);
    }
    assert_int_equal(fake_live_bytes(), before);
    fake_client_destroy(stranger);
    for (int i = 0; i < KEYS; i++) {
        fake_close(instance, clients[i], 1000, true);
        fake_client_destroy(clients[i]);
    }
    fake_instance_destroy(instance);
}

/* -- threads -- */

struct race {
    struct fake_instance *instance;
    pthread_barrier_t barrier;
    atomic_ulong opened;
};

static void *run_race(void *argument)
{
    struct race *race = argument;
    for (int round = 0; round < ROUNDS; round++) {
        struct sl_client *client = named_client("ada");
        pthread_barrier_wait(&race->barrier);
        bool open = fake_connect(race->instance, client, NULL) == SL_CONTINUE;
        if (open) {
            fake_open(race->instance, client);
            atomic_fetch_add(&race->opened, 1);
        }
        pthread_barrier_wait(&race->barrier); /* The main thread counts. */
        pthread_barrier_wait(&race->barrier);
        if (open)
            fake_close(race->instance, client, 1000, true);
        fake_client_destroy(client);
        pthread_barrier_wait(&race->barrier);
    }
    return NULL;
}

/* All threads come at once, again and again; `most` of them stay, whoever that is. */
static void check_race(const char *options, unsigned long most)
{
    pthread_t threads[THREADS];
    struct race race = {.instance = instance_with(options)};
    size_t before = fake_live_bytes();
    pthread_barrier_init(&race.barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_race, &race), 0);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned long closed = fake_event_count(FAKE_CLOSED);
        atomic_store(&race.opened, 0);
        pthread_barrier_wait(&race.barrier);
        pthread_barrier_wait(&race.barrier);
        closed = fake_event_count(FAKE_CLOSED) - closed;
        assert_int_equal(atomic_load(&race.opened) - closed, most);
        pthread_barrier_wait(&race.barrier);
        pthread_barrier_wait(&race.barrier);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race.barrier);
    assert_int_equal(fake_live_bytes(), before);
    fake_instance_destroy(race.instance);
}

static void those_that_come_at_one_moment_are_refused_beyond_the_quota(void **state)
{
    (void)state;
    check_race("{per_identity: 1}", 1);
    check_race("{per_identity: 3}", 3);
}

static void those_that_come_at_one_moment_take_over_from_each_other(void **state)
{
    (void)state;
    check_race("{per_identity: 1, takeover: close-oldest}", 1);
    check_race("{per_identity: 2, takeover: close-oldest}", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_that_come_and_go_leave_nothing),
        cmocka_unit_test(whom_a_later_plugin_refuses_takes_no_place),
        cmocka_unit_test(a_million_names_take_no_more_memory_than_max_keys),
        cmocka_unit_test(those_that_come_at_one_moment_are_refused_beyond_the_quota),
        cmocka_unit_test(those_that_come_at_one_moment_take_over_from_each_other),
    };
    fake_begin(NULL, false);
    plugin = fake_plugin_load(PLUGIN_FILE);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_plugin_unload();
    return failed;
}
