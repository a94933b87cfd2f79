/* core/hub/reload.c: instances that ask for a new one in their place, and those whose create
 * finishes later. */
#include "hub/reload_internal.h"
#include "hub/reloading.h"
#include "pipeline/offload.h"

#include <poll.h>
#include <unistd.h>

#define TWO(first, second)                                                                         \
    "loops: 2\nendpoints: [{path: /ws, pipeline: [{plugin: renewed, options: " first               \
    "}]}, {path: /b, pipeline: [{plugin: renewed, options: " second "}]}]\n"

static const struct instance *instance_of(const struct serving *serving, const char *path)
{
    return only_instance(hub_find_endpoint(serving->hub, path));
}

/* To any message, or to "reloads". */
static void expect_answer(int client, const char *answer)
{
    send_text(client, strncmp(answer, "reloads ", 8) == 0 ? "reloads" : "?");
    expect_text(client, answer);
}

/* The one that it has replaced owes it nothing any more. */
static void wait_for_handover(struct serving *serving, const struct instance *instance)
{
    int64_t until = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (atomic_load(&instance->references) > 1 && clock_monotonic() < until)
        run_round(serving);
    assert_int_equal(atomic_load(&instance->references), 1);
}

static void one_that_asks_for_a_new_instance_is_replaced(void **state)
{
    (void)state;
    struct serving serving = serve(TWO("{tag: a}", "{tag: a}"));
    const struct instance *first = instance_of(&serving, "/ws"),
                          *other = instance_of(&serving, "/b");
    int client = join(serving.hub, "/ws"), beside = join(serving.hub, "/b");
    expect_answer(client, "a 1");
    assert_int_equal(reload_with(&serving, TWO("{tag: b, reload: replace}", "{tag: b}")), OK);
    assert_ptr_not_equal(instance_of(&serving, "/ws"), first);
    assert_ptr_equal(instance_of(&serving, "/b"), other);
    assert_int_equal(serving.hub->reloads.replaced, 1);
    wait_for_handover(&serving, instance_of(&serving, "/ws"));
    expect_answer(client, "b 2"); /* What it knew was handed over. */
    expect_answer(beside, "b 1");
    leave(client);
    leave(beside);
    end_serving(&serving);
}

/* Whoever has taken its options already has its old ones again. */
static void expect_nothing_has_changed(const char *changed)
{
    struct serving serving = serve(TWO("{tag: a}", "{tag: a}"));
    const struct instance *first = instance_of(&serving, "/ws"),
                          *other = instance_of(&serving, "/b");
    uint64_t generation = serving.hub->generation;
    assert_int_equal(reload_with(&serving, changed), ERR_CONFIG);
    assert_ptr_equal(instance_of(&serving, "/ws"), first);
    assert_ptr_equal(instance_of(&serving, "/b"), other);
    assert_int_equal(serving.hub->generation, generation);
    assert_int_equal(serving.hub->reloads.replaced, 0);
    int client = join(serving.hub, "/ws"), beside = join(serving.hub, "/b");
    expect_answer(client, "a 1");
    expect_answer(beside, "a 1");
    leave(client);
    leave(beside);
    end_serving(&serving);
}

static void if_create_of_the_new_one_fails_nothing_changes_for_anybody(void **state)
{
    (void)state;
    expect_nothing_has_changed(TWO("{tag: b}", "{tag: b, reload: replace, create: fail}"));
    expect_nothing_has_changed(TWO("{tag: b, reload: replace, create: fail}", "{tag: b}"));
}

static void if_another_refuses_no_new_one_stays(void **state)
{
    (void)state;
    expect_nothing_has_changed(TWO("{tag: b, reload: replace}", "{tag: b, reload: refuse}"));
    expect_nothing_has_changed(TWO("{tag: b, reload: refuse}", "{tag: b, reload: replace}"));
    expect_nothing_has_changed(
        TWO("{tag: b, reload: replace}", "{tag: b, reload: replace, create: fail}"));
}

/* -- create that finishes later -- */

#define LATER "create: later, gate: "

/* The file that such a create waits for; with `nothing` in its name: and then fails. */
static char gate[64];

static void close_gate(const char *name)
{
    snprintf(gate, sizeof gate, "/tmp/sluice-%s-%d", name, (int)getpid());
    unlink(gate);
}

static void open_gate(void)
{
    FILE *file = fopen(gate, "we");
    assert_non_null(file);
    fclose(file);
}

/* A configuration in which the first instance's create finishes later. */
static const char *with_gate(const char *options)
{
    static char text[1024];
    char first[256];
    snprintf(first, sizeof first, "{%s, " LATER "%s}", options, gate);
    snprintf(text, sizeof text,
             "loops: 2\nendpoints: [{path: /ws, pipeline: [{plugin: renewed, options: %s}]}, "
             "{path: /b, pipeline: [{plugin: renewed, options: {tag: b}}]}]\n",
             first);
    return text;
}

/* The main thread's work until there is a result. */
static int finish_start(struct serving *serving, struct diagnostics *diagnostics)
{
    int64_t until = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    int error = hub_finish_start(serving->hub, diagnostics);
    while (error == HUB_RELOAD_AWAITED && clock_monotonic() < until) {
        poll(NULL, 0, 1);
        hub_run_control(serving->hub);
        error = hub_finish_start(serving->hub, diagnostics);
    }
    return error;
}

static void nothing_is_in_force_until_all_instances_can_begin(void **state)
{
    struct diagnostics diagnostics;
    (void)state;
    close_gate("gate");
    diagnostics_init(&diagnostics);
    struct serving serving = serve(with_gate("tag: a"));
    assert_true(hub_is_starting(serving.hub));
    assert_null(hub_find_endpoint(serving.hub, "/ws"));
    assert_null(hub_find_endpoint(serving.hub, "/b"));
    assert_int_equal(serving.hub->generation, 0);
    assert_int_equal(hub_finish_start(serving.hub, &diagnostics), HUB_RELOAD_AWAITED);
    assert_true(hub_start_deadline(serving.hub) < INT64_MAX);
    open_gate();
    assert_int_equal(finish_start(&serving, &diagnostics), OK);
    assert_false(hub_is_starting(serving.hub));
    assert_int_equal(hub_start_deadline(serving.hub), INT64_MAX);
    for (unsigned i = 0; i < 2; i++)
        run_on(&serving.hub->set.shards[i], NULL);
    int client = join(serving.hub, "/ws");
    expect_answer(client, "a 1");
    leave(client);
    end_serving(&serving);
    diagnostics_deinit(&diagnostics);
    unlink(gate);
}

static void a_server_may_end_while_an_instance_is_awaited(void **state)
{
    (void)state;
    close_gate("gate");
    struct serving serving = serve(with_gate("tag: a"));
    assert_true(hub_is_starting(serving.hub));
    end_serving(&serving);
}

static void an_instance_that_cannot_begin_after_all_ends_the_start(void **state)
{
    struct diagnostics diagnostics;
    (void)state;
    close_gate("nothing");
    diagnostics_init(&diagnostics);
    struct serving serving = serve(with_gate("tag: a"));
    open_gate();
    assert_int_equal(finish_start(&serving, &diagnostics), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_string_equal(diagnostics.items[0].text,
                        "plugin 'renewed' could not be set up: nothing is behind the gate");
    assert_true(hub_is_starting(serving.hub));
    end_serving(&serving);
    diagnostics_deinit(&diagnostics);
    unlink(gate);
}

static void one_that_cannot_begin_ends_the_start_while_another_is_awaited(void **state)
{
    char text[512];
    struct diagnostics diagnostics;
    (void)state;
    close_gate("nothing");
    diagnostics_init(&diagnostics);
    snprintf(text, sizeof text, TWO("{" LATER "''}", "{" LATER "%s}"), gate);
    struct serving serving = serve(text);
    serving.config->plugin_create_timeout = 3600 * NS_PER_S;
    assert_int_equal(hub_finish_start(serving.hub, &diagnostics), HUB_RELOAD_AWAITED);
    open_gate();
    assert_int_equal(finish_start(&serving, &diagnostics), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_non_null(strstr(diagnostics.items[0].text, "nothing is behind the gate"));
    end_serving(&serving);
    diagnostics_deinit(&diagnostics);
    unlink(gate);
}

/* A reload in which /ws wants a new instance, which is awaited, and /b has taken its options. */
struct awaited {
    struct serving serving;
    struct config *config;
    struct diagnostics diagnostics;
    struct hub_reload *reload;
    int client;
    int beside;
};

static void begin_awaited(struct awaited *awaited)
{
    *awaited = (struct awaited){.serving = serve(TWO("{tag: a}", "{tag: a}"))};
    struct hub *hub = awaited->serving.hub;
    diagnostics_init(&awaited->diagnostics);
    awaited->client = join(hub, "/ws");
    awaited->beside = join(hub, "/b");
    awaited->config = load_config(with_gate("tag: b, reload: replace"));
    assert_int_equal(
        hub_reload_prepare(hub, awaited->config, &awaited->diagnostics, &awaited->reload), OK);
    assert_int_equal(hub_reload_commit(hub, awaited->reload, &awaited->diagnostics),
                     HUB_RELOAD_AWAITED);
    assert_true(hub_reload_is_awaited(awaited->reload));
    expect_answer(awaited->client, "a 1");
    expect_answer(awaited->beside, "a 1"); /* It has taken them back. */
    assert_int_equal(hub->generation, 1);
}

static int commit_awaited(struct awaited *awaited)
{
    int64_t until = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    struct hub *hub = awaited->serving.hub;
    while (hub_reload_is_awaited(awaited->reload) && clock_monotonic() < until) {
        poll(NULL, 0, 1);
        hub_run_control(hub);
    }
    int error = hub_reload_commit(hub, awaited->reload, &awaited->diagnostics);
    for (unsigned round = 0; round < 3; round++)
        run_round(&awaited->serving);
    return error;
}

static void end_awaited(struct awaited *awaited, const char *client, const char *beside)
{
    expect_answer(awaited->client, client);
    expect_answer(awaited->beside, beside);
    leave(awaited->client);
    leave(awaited->beside);
    end_serving(&awaited->serving);
    config_destroy(awaited->config);
    diagnostics_deinit(&awaited->diagnostics);
    unlink(gate);
}

static void until_all_new_instances_can_begin_the_old_ones_serve(void **state)
{
    struct awaited awaited;
    (void)state;
    close_gate("gate");
    begin_awaited(&awaited);
    expect_answer(awaited.client, "reloads 1");
    expect_answer(awaited.beside, "reloads 2"); /* with the new options, and with the old ones */
    open_gate();
    assert_int_equal(commit_awaited(&awaited), OK);
    assert_int_equal(awaited.serving.hub->generation, 2);
    expect_answer(awaited.beside, "reloads 3");
    wait_for_handover(&awaited.serving, instance_of(&awaited.serving, "/ws"));
    end_awaited(&awaited, "b 2", "b 2");
}

static void a_reload_fails_when_the_deadline_of_an_instance_has_passed(void **state)
{
    struct awaited awaited;
    (void)state;
    close_gate("gate");
    begin_awaited(&awaited);
    awaited.config->plugin_create_timeout = NS_PER_MS;
    assert_int_equal(commit_awaited(&awaited), ERR_CONFIG);
    assert_int_equal(awaited.diagnostics.count, 1);
    assert_non_null(strstr(awaited.diagnostics.items[0].text,
                           "create of renewed#1 has not finished within 1 ms"));
    end_awaited(&awaited, "a 2", "a 2");
}

static void one_whose_late_create_fails_changes_nothing(void **state)
{
    struct awaited awaited;
    (void)state;
    close_gate("nothing");
    begin_awaited(&awaited);
    open_gate();
    assert_int_equal(commit_awaited(&awaited), ERR_CONFIG);
    assert_non_null(strstr(awaited.diagnostics.items[0].text, "nothing is behind the gate"));
    end_awaited(&awaited, "a 2", "a 2");
}

static void a_reload_that_is_awaited_can_be_given_up(void **state)
{
    struct awaited awaited;
    (void)state;
    close_gate("gate");
    begin_awaited(&awaited);
    hub_reload_abort(awaited.reload);
    for (unsigned round = 0; round < 3; round++)
        run_round(&awaited.serving);
    end_awaited(&awaited, "a 2", "a 2");
}

/* -- tickets of those that nobody waits for any more -- */

static struct instance *new_instance(const struct awaited *awaited)
{
    const struct hub_reload *reload = awaited->reload;
    size_t i = 0;
    while (i < reload->change_count && strcmp(reload->changes[i].endpoint->path, "/ws") != 0)
        i++;
    assert_true(i < reload->change_count);
    return reload->changes[i].setup->chain->stages[0].instance;
}

static void work_until_told(struct sl_instance *self, void *end)
{
    (void)self;
    while (sem_wait(end) != 0)
        continue;
}

/* What the new instance has begun keeps it from its end. */
static void end_while_it_works(int (*end_reload)(struct awaited *awaited))
{
    struct awaited awaited;
    sem_t end;
    close_gate("gate");
    begin_awaited(&awaited);
    struct instance *instance = new_instance(&awaited);
    const struct sl_ticket ticket = {instance->creation.ticket, instance->pipeline};
    assert_int_equal(sem_init(&end, 0, 0), 0);
    assert_int_equal(offload_post(instance, 0, work_until_told, NULL, &end), OK);
    assert_int_equal(end_reload(&awaited), ERR_CONFIG);
    assert_int_equal(creation_complete(ticket, NULL), SL_GONE);
    sem_post(&end);
    end_awaited(&awaited, "a 2", "a 2");
    sem_destroy(&end);
}

static int pass_deadline(struct awaited *awaited)
{
    awaited->config->plugin_create_timeout = NS_PER_MS;
    return commit_awaited(awaited);
}

static int give_up(struct awaited *awaited)
{
    hub_reload_abort(awaited->reload);
    return ERR_CONFIG;
}

static void a_ticket_is_worth_nothing_once_the_deadline_has_passed(void **state)
{
    (void)state;
    end_while_it_works(pass_deadline);
}

static void a_ticket_is_worth_nothing_once_the_reload_is_given_up(void **state)
{
    (void)state;
    end_while_it_works(give_up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_asks_for_a_new_instance_is_replaced),
        cmocka_unit_test(if_create_of_the_new_one_fails_nothing_changes_for_anybody),
        cmocka_unit_test(if_another_refuses_no_new_one_stays),
        cmocka_unit_test(nothing_is_in_force_until_all_instances_can_begin),
        cmocka_unit_test(a_server_may_end_while_an_instance_is_awaited),
        cmocka_unit_test(an_instance_that_cannot_begin_after_all_ends_the_start),
        cmocka_unit_test(one_that_cannot_begin_ends_the_start_while_another_is_awaited),
        cmocka_unit_test(until_all_new_instances_can_begin_the_old_ones_serve),
        cmocka_unit_test(a_reload_fails_when_the_deadline_of_an_instance_has_passed),
        cmocka_unit_test(one_whose_late_create_fails_changes_nothing),
        cmocka_unit_test(a_reload_that_is_awaited_can_be_given_up),
        cmocka_unit_test(a_ticket_is_worth_nothing_once_the_deadline_has_passed),
        cmocka_unit_test(a_ticket_is_worth_nothing_once_the_reload_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
