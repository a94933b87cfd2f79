#include "pipeline/chain_recheck.h"
#include "pipeline/rig.h"

static int answers[3]; /* by the instance's place */
static bool closes;

static enum sl_verdict on_recheck(struct sl_instance *self, struct sl_client *client)
{
    unsigned number = ((const struct instance *)(const void *)self)->use - 1;
    note(self->name);
    if (closes)
        client->is_open = false;
    return (enum sl_verdict)answers[number];
}

static const struct sl_plugin asked = {SL_PLUGIN_HEADER, .name = "asked", .version = "1",
                                       .on_recheck = on_recheck};
static const struct sl_plugin silent = {SL_PLUGIN_HEADER, .name = "silent", .version = "1"};

/* Asks about a client; returns the verdict and checks who was asked. */
static enum sl_verdict recheck(const struct rig_stage *stages, size_t count, const char *names)
{
    struct rig_client client;
    struct chain *chain = rig_chain(stages, count);
    rig_client_init(&client, chain, 1);
    rig_client_open(&client);
    enum sl_verdict verdict = chain_recheck(&client.seen);
    expect_notes(names);
    if (stages[0].table == &asked)
        assert_int_equal(rig_totals(chain, 0).verdicts[verdict_slot(answers[0])], 1);
    chain_destroy(chain);
    return verdict;
}

static void answer(int first, int second)
{
    answers[0] = first;
    answers[1] = second;
    closes = false;
}

static void asks_all_that_have_the_hook(void **state)
{
    const struct rig_stage stages[] = {{.table = &silent}, {.table = &asked}};
    (void)state;
    answer(SL_CONTINUE, SL_CONTINUE);
    assert_int_equal(recheck(stages, 2, "asked#2"), SL_CONTINUE);
}

static void the_first_objection_counts(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &asked}};
    (void)state;
    answer(SL_DENY, SL_CONTINUE);
    assert_int_equal(recheck(stages, 2, "asked#1"), SL_DENY);
    answer(SL_CONTINUE, SL_DENY);
    assert_int_equal(recheck(stages, 2, "asked#1 asked#2"), SL_DENY);
}

static void an_error_meets_on_error(void **state)
{
    const struct rig_stage denies[] = {{.table = &asked}};
    const struct rig_stage continues[] = {{.table = &asked, .on_error = ON_ERROR_CONTINUE}};
    (void)state;
    answer(SL_ERROR, SL_CONTINUE);
    assert_int_equal(recheck(denies, 1, "asked#1"), SL_ERROR);
    assert_int_equal(recheck(continues, 1, "asked#1"), SL_CONTINUE);
}

static void other_verdicts_are_errors(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}};
    struct chain *chain = rig_chain(stages, 1);
    struct rig_client client;
    (void)state;
    answer(SL_DROP, SL_CONTINUE);
    rig_client_init(&client, chain, 0);
    rig_client_open(&client);
    assert_int_equal(chain_recheck(&client.seen), SL_ERROR);
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_ERROR], 1);
    chain_destroy(chain);
}

static void a_shadow_objection_is_only_counted(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked, .is_shadow = true}, {.table = &asked}};
    (void)state;
    answer(SL_DENY, SL_CONTINUE);
    assert_int_equal(recheck(stages, 2, "asked#1 asked#2"), SL_CONTINUE);
}

static void asks_nobody_about_a_client_that_has_closed(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &asked}};
    (void)state;
    answer(SL_CONTINUE, SL_DENY);
    closes = true;
    assert_int_equal(recheck(stages, 2, "asked#1"), SL_CONTINUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(asks_all_that_have_the_hook),
        rig_test(the_first_objection_counts),
        rig_test(an_error_meets_on_error),
        rig_test(other_verdicts_are_errors),
        rig_test(a_shadow_objection_is_only_counted),
        rig_test(asks_nobody_about_a_client_that_has_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
