/* core/admin/loop_query.c with loops that run. */
#include "hub/serving.h"

#include "admin/loop_query.h"

#include <semaphore.h>

#define LOOPS 3
#define ONE_ENDPOINT "loops: 3\nendpoints: [{path: /ws}]\n"

struct answer {
    unsigned loop;
    int twice;
    char *owned;
};

static _Atomic int freed;

static void ask(struct shard *shard, const void *question, void *answer)
{
    struct answer *out = answer;
    assert_ptr_equal(shard_of(loop_current()), shard);
    assert_int_equal(out->twice, 0);
    out->loop = shard->loop.index;
    out->twice = *(const int *)question * 2;
    out->owned = strdup("freed by free_answer");
}

static void free_answer(void *answer)
{
    free(((struct answer *)answer)->owned);
    atomic_fetch_add(&freed, 1);
}

static struct loop_query_spec spec_with(const int *number)
{
    atomic_store(&freed, 0);
    return (struct loop_query_spec){.ask = ask,
                                    .free_answer = free_answer,
                                    .question = number,
                                    .question_size = sizeof *number,
                                    .answer_size = sizeof(struct answer),
                                    .timeout = PATIENCE_SECONDS * NS_PER_S};
}

static void every_loop_answers_on_its_thread(void **state)
{
    struct serving serving = serve(ONE_ENDPOINT);
    int number = 21;
    struct loop_query_spec spec = spec_with(&number);
    struct loop_query *query;
    (void)state;
    assert_int_equal(loop_query_run(serving.hub, &spec, &query), OK);
    assert_int_equal(loop_query_count(query), LOOPS);
    for (unsigned i = 0; i < LOOPS; i++) {
        const struct answer *answer = loop_query_answer(query, i);
        assert_int_equal(answer->loop, i);
        assert_int_equal(answer->twice, 42);
    }
    loop_query_unref(query);
    end_serving(&serving); /* A loop may still have held the last reference. */
    assert_int_equal(atomic_load(&freed), LOOPS);
}

static void one_loop_answers_alone(void **state)
{
    struct serving serving = serve(ONE_ENDPOINT);
    int number = 1;
    struct loop_query_spec spec = spec_with(&number);
    struct loop_query *query;
    (void)state;
    assert_int_equal(loop_query_run_one(serving.hub, 2, &spec, &query), OK);
    assert_int_equal(loop_query_count(query), 1);
    assert_int_equal(((const struct answer *)loop_query_answer(query, 0))->loop, 2);
    loop_query_unref(query);
    assert_int_equal(loop_query_run_one(serving.hub, LOOPS, &spec, &query), ERR_NOT_FOUND);
    assert_int_equal(loop_query_run_one(serving.hub, 255, &spec, &query), ERR_NOT_FOUND);
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
    struct loop_query_spec spec = spec_with(&number);
    struct loop_query *query;
    (void)state;
    sem_init(&hold.may_go_on, 0, 0);
    loop_post(&serving.hub->set.shards[1].loop, &hold.mail);
    spec.timeout = NS_PER_MS;
    assert_int_equal(loop_query_run(serving.hub, &spec, &query), ERR_LIMIT);
    sem_post(&hold.may_go_on); /* It answers a query that nobody waits for, then: */
    spec.timeout = PATIENCE_SECONDS * NS_PER_S;
    assert_int_equal(loop_query_run(serving.hub, &spec, &query), OK);
    loop_query_unref(query);
    end_serving(&serving);
    assert_int_equal(atomic_load(&freed), 2 * LOOPS);
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
