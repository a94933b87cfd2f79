/* core/admin/survey.c with loops that run. */
#include "hub/serving.h"

#include "admin/survey.h"

#include <semaphore.h>

#define LOOPS 3
#define ONE_ENDPOINT "loops: 3\nendpoints: [{path: /ws}]\n"

struct answer {
    unsigned loop;
    int twice;
    char *owned;
};

static _Atomic int forgotten;

static void ask(struct shard *shard, const void *question, void *answer)
{
    struct answer *out = answer;
    assert_ptr_equal(hub_current_shard(shard->hub), shard);
    assert_int_equal(out->twice, 0);
    out->loop = shard->loop.index;
    out->twice = *(const int *)question * 2;
    out->owned = strdup("freed by forget");
}

static void forget(void *answer)
{
    free(((struct answer *)answer)->owned);
    atomic_fetch_add(&forgotten, 1);
}

static struct survey_form form_with(const int *number)
{
    atomic_store(&forgotten, 0);
    return (struct survey_form){.ask = ask,
                                .forget = forget,
                                .question = number,
                                .question_size = sizeof *number,
                                .answer_size = sizeof(struct answer),
                                .timeout = PATIENCE_SECONDS * NS_PER_S};
}

static void every_loop_answers_on_its_thread(void **state)
{
    struct serving serving = serve(ONE_ENDPOINT);
    int number = 21;
    struct survey_form form = form_with(&number);
    struct survey *survey;
    (void)state;
    assert_int_equal(survey_run(serving.hub, &form, &survey), OK);
    assert_int_equal(survey_count(survey), LOOPS);
    for (unsigned i = 0; i < LOOPS; i++) {
        const struct answer *answer = survey_answer(survey, i);
        assert_int_equal(answer->loop, i);
        assert_int_equal(answer->twice, 42);
    }
    survey_unref(survey);
    end_serving(&serving); /* A loop may still have held the last reference. */
    assert_int_equal(atomic_load(&forgotten), LOOPS);
}

static void one_loop_answers_alone(void **state)
{
    struct serving serving = serve(ONE_ENDPOINT);
    int number = 1;
    struct survey_form form = form_with(&number);
    struct survey *survey;
    (void)state;
    assert_int_equal(survey_run_one(serving.hub, 2, &form, &survey), OK);
    assert_int_equal(survey_count(survey), 1);
    assert_int_equal(((const struct answer *)survey_answer(survey, 0))->loop, 2);
    survey_unref(survey);
    assert_int_equal(survey_run_one(serving.hub, LOOPS, &form, &survey), ERR_NOT_FOUND);
    assert_int_equal(survey_run_one(serving.hub, 255, &form, &survey), ERR_NOT_FOUND);
    end_serving(&serving);
}

/* What holds a loop up. */
struct hold {
    struct mail mail; /* first */
    sem_t may_go_on;
};

static void hold_up(struct loop *loop, struct mail *mail)
{
    (void)loop;
    sem_wait(&((struct hold *)mail)->may_go_on);
}

static void loop_that_is_held_up_is_given_up(void **state)
{
    struct serving serving = serve(ONE_ENDPOINT);
    struct hold hold = {.mail.deliver = hold_up};
    int number = 1;
    struct survey_form form = form_with(&number);
    struct survey *survey;
    (void)state;
    sem_init(&hold.may_go_on, 0, 0);
    loop_post(&serving.hub->shards[1].loop, &hold.mail);
    form.timeout = NS_PER_MS;
    assert_int_equal(survey_run(serving.hub, &form, &survey), ERR_LIMIT);
    sem_post(&hold.may_go_on); /* It answers into a survey that nobody waits for, then: */
    form.timeout = PATIENCE_SECONDS * NS_PER_S;
    assert_int_equal(survey_run(serving.hub, &form, &survey), OK);
    survey_unref(survey);
    end_serving(&serving);
    assert_int_equal(atomic_load(&forgotten), 2 * LOOPS);
    sem_destroy(&hold.may_go_on);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loop_answers_on_its_thread),
        cmocka_unit_test(one_loop_answers_alone),
        cmocka_unit_test(loop_that_is_held_up_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
