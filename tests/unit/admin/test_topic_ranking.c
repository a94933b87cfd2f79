#include "unit.h"

#include "admin/topic_ranking.h"
#include "delivery/fanout.h"
#include "failing_memory.h"

#include <stdio.h>
#include <string.h>

#define TOPICS 2000

static struct topic_counts counts;
static struct fanout here, there;

static struct topic_key named(struct fanout *fanout, const char *name)
{
    return (struct topic_key){
        .fanout = fanout, .kind = TOPIC_NAMED, .name = name, .len = strlen(name)};
}

static void subscribe(struct fanout *fanout, const char *name, int clients)
{
    struct topic_key key = named(fanout, name);
    for (int i = 0; i < clients; i++)
        assert_int_equal(topic_counts_add(&counts, &key), OK);
}

/* Topic i has i % 97 + 1 subscribers, and one is twice there. */
static int set_up(void **state)
{
    char name[16];
    (void)state;
    assert_int_equal(topic_counts_init(&counts), OK);
    for (int i = 0; i < TOPICS; i++) {
        snprintf(name, sizeof name, "room-%04d", i);
        subscribe(&here, name, i % 97 + 1);
    }
    subscribe(&there, "room-0000", 500);
    subscribe(&there, "room", 1);
    struct topic_key identity = {
        .fanout = &here, .kind = TOPIC_IDENTITY, .name = "room-ann", .len = 8};
    for (int i = 0; i < 900; i++)
        assert_int_equal(topic_counts_add(&counts, &identity), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    topic_counts_deinit(&counts);
    return 0;
}

static struct topic_ranking ranked(struct topic_question question)
{
    struct topic_ranking ranking;
    assert_int_equal(topic_ranking_find(&counts, &question, &ranking), OK);
    assert_true(ranking.count <= question.limit);
    return ranking;
}

static void assert_topic(const struct ranked_topic *topic, const char *name, unsigned subscribers)
{
    assert_string_equal(topic->name, name);
    assert_int_equal(topic->len, strlen(name));
    assert_int_equal(topic->subscribers, subscribers);
}

static void those_with_the_most_subscribers_come_first_then_by_name(void **state)
{
    (void)state;
    struct topic_ranking ranking = ranked((struct topic_question){.limit = 23});
    assert_int_equal(ranking.count, 23);
    assert_int_equal(ranking.found, TOPICS + 2);
    assert_topic(ranking.sorted[0], "room-0000", 500);
    assert_ptr_equal(ranking.sorted[0]->fanout, &there);
    for (size_t i = 1; i < 21; i++) { /* 20 have 97 */
        char name[16];
        snprintf(name, sizeof name, "room-%04zu", 96 + 97 * (i - 1));
        assert_topic(ranking.sorted[i], name, 97);
    }
    assert_topic(ranking.sorted[21], "room-0095", 96);
    topic_ranking_free(&ranking);
}

static void by_name_shorter_names_come_first(void **state)
{
    (void)state;
    struct topic_ranking ranking =
        ranked((struct topic_question){.order = TOPIC_ORDER_NAME, .limit = TOPIC_RANKING_MAX});
    assert_int_equal(ranking.count, TOPIC_RANKING_MAX);
    assert_topic(ranking.sorted[0], "room", 1);
    for (size_t i = 1; i < 3; i++)
        assert_string_equal(ranking.sorted[i]->name, "room-0000");
    assert_topic(ranking.sorted[99], "room-0097", 1);
    topic_ranking_free(&ranking);
}

static void an_endpoint_and_a_part_of_the_name_say_which(void **state)
{
    (void)state;
    struct topic_ranking ranking = ranked((struct topic_question){.fanout = &there, .limit = 9});
    assert_int_equal(ranking.count, 2);
    topic_ranking_free(&ranking);
    ranking = ranked((struct topic_question){.part = "-1234", .limit = 9});
    assert_int_equal(ranking.found, 1);
    assert_topic(ranking.sorted[0], "room-1234", 1234 % 97 + 1);
    topic_ranking_free(&ranking);
    ranking = ranked((struct topic_question){.part = "ann", .limit = 9}); /* an identity */
    assert_int_equal(ranking.count, 0);
    topic_ranking_free(&ranking);
}

static void names_of_255_bytes_are_whole(void **state)
{
    char name[TOPIC_NAME_MAX + 1];
    (void)state;
    memset(name, 'z', TOPIC_NAME_MAX);
    name[TOPIC_NAME_MAX] = '\0';
    subscribe(&here, name, 1);
    struct topic_ranking ranking = ranked((struct topic_question){.part = name, .limit = 1});
    assert_topic(ranking.sorted[0], name, 1);
    topic_ranking_free(&ranking);
    struct topic_key key = named(&here, name);
    topic_counts_remove(&counts, &key);
}

static int find_one(void *context)
{
    struct topic_ranking ranking;
    (void)context;
    int error = topic_ranking_find(&counts, &(struct topic_question){.limit = 1}, &ranking);
    topic_ranking_free(&ranking);
    return error;
}

static void without_memory_nothing_leaks(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(find_one, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_with_the_most_subscribers_come_first_then_by_name),
        cmocka_unit_test(by_name_shorter_names_come_first),
        cmocka_unit_test(an_endpoint_and_a_part_of_the_name_say_which),
        cmocka_unit_test(names_of_255_bytes_are_whole),
        cmocka_unit_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
