#include "pipeline/chain_move.h"
#include "failing_memory.h"
#include "pipeline/rig.h"

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    char text[64];
    snprintf(text, sizeof text, "%s:open%s", self->name,
             client->is_carried_over ? "(carried)" : "");
    note(text);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    char text[64];
    assert_true(client->is_leaving);
    assert_int_equal(how->code, 0);
    snprintf(text, sizeof text, "%s:close", self->name);
    note(text);
}

static const struct sl_plugin keeper = {SL_PLUGIN_HEADER,   .name = "keeper",
                                        .version = "1",     .client_size = sizeof(max_align_t),
                                        .on_open = on_open, .on_close = on_close};
static const struct sl_plugin stateless = {SL_PLUGIN_HEADER, .name = "stateless", .version = "1",
                                           .on_open = on_open, .on_close = on_close};

static struct rig_client client;

static char *block_of(const struct instance *instance)
{
    return sl_client_block(&client.seen, instance->slot, instance->client_offset);
}

static struct instance *instance_at(const struct chain *chain, size_t stage)
{
    return chain->stages[stage].instance;
}

static void move_to(const struct chain *to)
{
    struct chain_move move;
    assert_int_equal(chain_move_begin(&client.seen, to, &move), OK);
    chain_move_leave(&move);
    assert_true(client.seen.chain == to);
    assert_false(client.seen.is_leaving);
    chain_move_enter(&move);
    assert_false(client.seen.is_carried_over);
}

static void instances_of_both_chains_keep_client_and_state(void **state)
{
    const struct rig_stage before[] = {{.table = &keeper}, {.table = &keeper}};
    struct chain *from = rig_chain(before, 2);
    const struct rig_stage after[] = {{.instance = instance_at(from, 1)},
                                      {.table = &keeper, .slot = 2}};
    struct chain *to = rig_chain(after, 2);
    (void)state;
    rig_client_init(&client, from, 0);
    rig_client_open(&client);
    strcpy(block_of(instance_at(from, 1)), "mine");
    move_to(to);
    expect_notes("keeper#1:close keeper#2:open(carried)");
    assert_string_equal(block_of(instance_at(to, 0)), "mine");
    assert_string_equal(block_of(instance_at(to, 1)), "");
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

static void a_second_move_frees_what_the_first_has_made(void **state)
{
    const struct rig_stage first[] = {{.table = &keeper}};
    struct chain *a = rig_chain(first, 1);
    const struct rig_stage second[] = {{.instance = instance_at(a, 0)},
                                       {.table = &keeper, .slot = 1}};
    struct chain *b = rig_chain(second, 2);
    const struct rig_stage third[] = {{.instance = instance_at(a, 0)},
                                      {.table = &keeper, .slot = 3}};
    struct chain *c = rig_chain(third, 2);
    (void)state;
    rig_client_init(&client, a, 0);
    strcpy(block_of(instance_at(a, 0)), "first");
    move_to(b);
    strcpy(block_of(instance_at(b, 1)), "second");
    move_to(c);
    assert_string_equal(block_of(instance_at(c, 0)), "first");
    assert_string_equal(block_of(instance_at(c, 1)), "");
    move_to(b); /* Its instance has lost the client once, and begins anew. */
    assert_string_equal(block_of(instance_at(b, 1)), "");
    assert_string_equal(block_of(instance_at(b, 0)), "first");
    rig_client_deinit(&client);
    chain_destroy(c);
    chain_destroy(b);
    chain_destroy(a);
}

static void client_free(struct sl_instance *self, struct sl_client *of)
{
    char text[64];
    snprintf(text, sizeof text, "%s:free(%s)", self->name, block_of((const struct instance *)self));
    assert_true(of == &client.seen);
    note(text);
}

static void what_an_instance_owns_of_a_client_is_freed_when_the_client_leaves_it(void **state)
{
    static const struct sl_plugin owner = {
        SL_PLUGIN_HEADER,           .name = "owner",     .version = "1", .client_size = 8,
        .client_free = client_free, .on_close = on_close};
    const struct rig_stage before[] = {{.table = &owner}, {.table = &owner}};
    struct chain *from = rig_chain(before, 2);
    const struct rig_stage after[] = {{.instance = instance_at(from, 1)},
                                      {.table = &owner, .slot = 2}};
    struct chain *to = rig_chain(after, 2);
    (void)state;
    rig_client_init(&client, from, 0);
    rig_client_open(&client);
    chain_open(&client.seen);
    strcpy(block_of(instance_at(from, 0)), "gone");
    strcpy(block_of(instance_at(from, 1)), "stays");
    move_to(to);
    expect_notes("owner#1:close owner#1:free(gone)");
    strcpy(block_of(instance_at(to, 1)), "new");
    chain_free_client(&client.seen);
    expect_notes("owner#2:free(new) owner#2:free(stays)");
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

/* What a service knows of the client is there in the hooks of whoever has found it. */
static void of_several_that_a_client_leaves_the_last_frees_its_state_first(void **state)
{
    static const struct sl_plugin owner = {
        SL_PLUGIN_HEADER,           .name = "owner",     .version = "1", .client_size = 8,
        .client_free = client_free, .on_close = on_close};
    const struct rig_stage before[] = {{.table = &owner}, {.table = &owner}};
    const struct rig_stage after[] = {{.table = &stateless, .slot = 2}};
    struct chain *from = rig_chain(before, 2);
    struct chain *to = rig_chain(after, 1);
    (void)state;
    rig_client_init(&client, from, 0);
    rig_client_open(&client);
    chain_open(&client.seen);
    strcpy(block_of(instance_at(from, 0)), "a");
    strcpy(block_of(instance_at(from, 1)), "b");
    move_to(to);
    expect_notes("owner#1:close owner#2:close owner#2:free(b) owner#1:free(a) "
                 "stateless#1:open(carried)");
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

static void nobody_hears_of_a_chain_with_the_same_instances(void **state)
{
    const struct rig_stage before[] = {{.table = &keeper}, {.table = &stateless}};
    struct chain *from = rig_chain(before, 2);
    const struct rig_stage after[] = {{.instance = instance_at(from, 1)},
                                      {.instance = instance_at(from, 0)}};
    struct chain *to = rig_chain(after, 2);
    (void)state;
    rig_client_init(&client, from, 0);
    move_to(to);
    expect_notes("");
    assert_false(client.seen.has_moved_state);
    assert_null(client.seen.more);
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

static void a_chain_without_state_costs_no_memory(void **state)
{
    const struct rig_stage stages[] = {{.table = &stateless}};
    struct chain *from = rig_chain(stages, 1);
    struct chain *to = rig_chain(stages, 1);
    (void)state;
    rig_client_init(&client, from, 0);
    move_to(to);
    expect_notes("stateless#1:close stateless#1:open(carried)");
    assert_null(client.seen.more);
    chain_destroy(to);
    chain_destroy(from);
}

/* -- deferrals -- */

static enum sl_verdict defer(struct sl_instance *self, struct sl_client *seen,
                             const struct sl_message *message)
{
    struct sl_ticket ticket;
    (void)message;
    return deferral_begin((const struct instance *)(const void *)self, seen, NULL, &ticket);
}

static const struct sl_plugin later = {SL_PLUGIN_HEADER, .name = "later", .version = "1",
                                       .on_message = defer, .on_close = on_close};

static void send_deferred(void)
{
    enum sl_verdict ignored;
    struct message *message = rig_message(&client.seen, "hello");
    rig_client_open(&client);
    assert_int_equal(chain_message(&client.seen, &message, &ignored), CHAIN_PASSED);
    rig_message_release(&client.seen, message);
    assert_int_equal(client.seen.more->deferral_count, 1);
}

static void a_shadow_deferral_goes_with_its_instance(void **state)
{
    const struct rig_stage before[] = {{.table = &later, .is_shadow = true}};
    struct chain *from = rig_chain(before, 1);
    const struct rig_stage after[] = {{.table = &stateless, .slot = 1},
                                      {.instance = instance_at(from, 0), .is_shadow = true}};
    struct chain *to = rig_chain(after, 2);
    (void)state;
    rig_client_init(&client, from, 0);
    send_deferred();
    move_to(to);
    assert_int_equal(client.seen.more->deferral_count, 1);
    assert_true(client.seen.more->deferrals->stage == &to->stages[1]);
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

static void a_shadow_deferral_ends_with_its_instance(void **state)
{
    const struct rig_stage before[] = {{.table = &later, .is_shadow = true}};
    const struct rig_stage after[] = {{.table = &stateless}};
    struct chain *from = rig_chain(before, 1);
    struct chain *to = rig_chain(after, 1);
    (void)state;
    rig_client_init(&client, from, 0);
    send_deferred();
    move_to(to);
    assert_int_equal(client.seen.more->deferral_count, 0);
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

static void who_was_refused_in_shadow_is_known_to_the_stages_that_watch_on(void **state)
{
    const struct rig_stage before[] = {{.table = &stateless, .is_shadow = true},
                                       {.table = &keeper, .is_shadow = true},
                                       {.table = &later, .is_shadow = true}};
    struct chain *from = rig_chain(before, 3);
    const struct rig_stage after[] = {{.instance = instance_at(from, 2), .is_shadow = true},
                                      {.instance = instance_at(from, 1)},
                                      {.instance = instance_at(from, 0), .is_shadow = true}};
    struct chain *to = rig_chain(after, 3);
    (void)state;
    rig_client_init(&client, from, 0);
    rig_client_open(&client);
    client.seen.refused_in_shadow = 3; /* By the first and by the second. */
    move_to(to);
    assert_int_equal(client.seen.refused_in_shadow, 4);
    rig_client_deinit(&client);
    chain_destroy(to);
    chain_destroy(from);
}

/* -- without memory -- */

struct attempt {
    const struct chain *from;
    const struct chain *to;
};

static int try_to_move(void *context)
{
    const struct attempt *attempt = context;
    struct chain_move move;
    rig_client_init(&client, attempt->from, 0);
    int error = chain_move_begin(&client.seen, attempt->to, &move);
    if (error == OK) {
        chain_move_leave(&move);
        chain_move_enter(&move);
    } else {
        expect_notes("");
        assert_true(client.seen.chain == attempt->from);
    }
    rig_client_deinit(&client);
    return error;
}

static void without_memory_no_plugin_hears_of_it(void **state)
{
    const struct rig_stage before[] = {{.table = &keeper}};
    const struct rig_stage after[] = {{.table = &keeper, .slot = 1}, {.table = &keeper, .slot = 2}};
    const struct attempt attempt = {.from = rig_chain(before, 1), .to = rig_chain(after, 2)};
    (void)state;
    /* The client's extras, the list, and two blocks. */
    assert_int_equal(survive_failing_allocations(try_to_move, (void *)(uintptr_t)&attempt), 4);
    chain_destroy((struct chain *)(uintptr_t)attempt.to);
    chain_destroy((struct chain *)(uintptr_t)attempt.from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(instances_of_both_chains_keep_client_and_state),
        rig_test(a_second_move_frees_what_the_first_has_made),
        rig_test(what_an_instance_owns_of_a_client_is_freed_when_the_client_leaves_it),
        rig_test(of_several_that_a_client_leaves_the_last_frees_its_state_first),
        rig_test(nobody_hears_of_a_chain_with_the_same_instances),
        rig_test(a_chain_without_state_costs_no_memory),
        rig_test(a_shadow_deferral_goes_with_its_instance),
        rig_test(a_shadow_deferral_ends_with_its_instance),
        rig_test(who_was_refused_in_shadow_is_known_to_the_stages_that_watch_on),
        rig_test(without_memory_no_plugin_hears_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
