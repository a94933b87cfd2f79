#include "unit.h"

#include "delivery/fanout.h"
#include "delivery/topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPICS 1000

static struct topic_key named(struct fanout *fanout, const char *name)
{
    return (struct topic_key){
        .fanout = fanout, .kind = TOPIC_NAMED, .name = name, .len = strlen(name)};
}

static void assert_totals(const struct fanout *fanout, unsigned topics, unsigned subscriptions)
{
    uint32_t found_topics, found_subscriptions;
    topic_totals(fanout, &found_topics, &found_subscriptions);
    assert_int_equal(found_topics, topics);
    assert_int_equal(found_subscriptions, subscriptions);
}

static void counts_clients_of_each_topic(void **state)
{
    struct topic_counts counts;
    struct fanout first = {0}, second = {0};
    (void)state;
    assert_int_equal(topic_counts_init(&counts), OK);
    struct topic_key here = named(&first, "news"), there = named(&second, "news");
    struct topic_key other = named(&first, "new");
    assert_int_equal(topic_counts_add(&counts, &here), OK);
    assert_int_equal(topic_counts_add(&counts, &here), OK);
    assert_int_equal(topic_counts_add(&counts, &there), OK);
    assert_int_equal(topic_counts_get(&counts, &here), 2);
    assert_int_equal(topic_counts_get(&counts, &there), 1);
    assert_int_equal(topic_counts_get(&counts, &other), 0);
    topic_counts_remove(&counts, &here);
    topic_counts_remove(&counts, &there);
    assert_int_equal(topic_counts_get(&counts, &here), 1);
    assert_int_equal(topic_counts_get(&counts, &there), 0);
    topic_counts_deinit(&counts);
}

/* Whoever asks for /metrics neither walks the topics nor waits for those who change them. */
static void totals_of_an_endpoint_are_known_without_the_lock(void **state)
{
    struct topic_counts counts;
    struct fanout first = {0}, second = {0};
    char names[TOPICS][8];
    (void)state;
    assert_int_equal(topic_counts_init(&counts), OK);
    for (int i = 0; i < TOPICS; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        struct topic_key key = named(&first, names[i]);
        assert_int_equal(topic_counts_add(&counts, &key), OK);
        assert_int_equal(topic_counts_add(&counts, &key), OK);
    }
    struct topic_key there = named(&second, "news");
    struct topic_key identity = {.fanout = &second, .kind = TOPIC_IDENTITY, .name = "a", .len = 1};
    assert_int_equal(topic_counts_add(&counts, &there), OK);
    assert_int_equal(topic_counts_add(&counts, &identity), OK);
    pthread_mutex_lock(&counts.lock);
    assert_totals(&first, TOPICS, 2 * TOPICS);
    assert_totals(&second, 1, 1);
    pthread_mutex_unlock(&counts.lock);
    for (int i = 0; i < TOPICS; i++) {
        struct topic_key key = named(&first, names[i]);
        topic_counts_remove(&counts, &key);
        assert_totals(&first, TOPICS, (unsigned)(2 * TOPICS - 1 - i));
    }
    for (int i = 0; i < TOPICS; i++) {
        struct topic_key key = named(&first, names[i]);
        topic_counts_remove(&counts, &key);
        assert_totals(&first, (unsigned)(TOPICS - 1 - i), (unsigned)(TOPICS - 1 - i));
    }
    topic_counts_remove(&counts, &there);
    topic_counts_remove(&counts, &identity);
    assert_totals(&second, 0, 0);
    topic_counts_deinit(&counts);
}

static void note_visit(void *context, const struct topic_key *key, uint32_t clients)
{
    unsigned *visited = context;
    char name[8];
    snprintf(name, sizeof name, "%.*s", (int)key->len, key->name);
    assert_int_equal(clients, 1);
    assert_int_equal(key->kind, TOPIC_NAMED);
    visited[strtoul(name, NULL, 10)]++;
}

static void a_walk_visits_each_topic_once_in_portions(void **state)
{
    struct topic_counts counts;
    struct fanout fanout = {0};
    struct hash_walk walk = {0};
    unsigned visited[TOPICS] = {0};
    unsigned portions = 0;
    char name[8];
    (void)state;
    assert_int_equal(topic_counts_init(&counts), OK);
    for (int i = 0; i < TOPICS; i++) {
        snprintf(name, sizeof name, "%d", i);
        struct topic_key key = named(&fanout, name);
        assert_int_equal(topic_counts_add(&counts, &key), OK);
    }
    for (; !walk.is_over; portions++)
        topic_counts_walk(&counts, &walk, 50, note_visit, visited);
    assert_true(portions >= TOPICS / 50);
    for (int i = 0; i < TOPICS; i++)
        assert_int_equal(visited[i], 1);
    topic_counts_deinit(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_clients_of_each_topic),
        cmocka_unit_test(totals_of_an_endpoint_are_known_without_the_lock),
        cmocka_unit_test(a_walk_visits_each_topic_once_in_portions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
