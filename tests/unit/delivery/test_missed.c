#include "delivery/loops.h"

#include "delivery/missed.h"

#include <stdio.h>

static struct topic_key key_of(struct loops *loops, enum topic_kind kind, const char *name)
{
    return (struct topic_key){
        .fanout = &loops->fanout, .kind = kind, .name = name, .len = strlen(name)};
}

static void note(struct loops *loops, enum topic_kind kind, const char *name, uint64_t messages)
{
    const struct topic_key key = key_of(loops, kind, name);
    missed_note(loops_audience(loops, loops->count - 1), &key, messages, 10 * messages);
}

static void open_marked(struct loops *loops, struct peer *peer)
{
    peer_open(loops, peer, loops->count - 1);
    peer->limits.overflow = OVERFLOW_DROP_OLDEST;
    peer->limits.gap_text = "{dropped}/{bytes}";
}

static void all_receivers_of_the_loop_hear_of_it_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer closing, marked;
        loops_open(&loops, loop_counts[i]);
        peer_open(&loops, &closing, loops.count - 1);
        open_marked(&loops, &marked);
        note(&loops, TOPIC_ALL, "", 1);
        note(&loops, TOPIC_ALL, "", 2);
        loops_settle(&loops);
        assert_int_equal(closing.overflowed, 1);
        peer_expect(&marked, "3/30");
        note(&loops, TOPIC_ALL, "", 1); /* A new note, once the one before was delivered. */
        loops_settle(&loops);
        peer_expect(&marked, "1/10");
        peer_close(&closing);
        peer_close(&marked);
        loops_close(&loops);
    }
}

static void only_the_subscribers_of_a_topic_hear_of_it(void **state)
{
    struct loops loops;
    struct peer in_x, in_y, in_none;
    (void)state;
    loops_open(&loops, 2);
    open_marked(&loops, &in_x);
    open_marked(&loops, &in_y);
    open_marked(&loops, &in_none);
    subscribe(&in_x, "x");
    subscribe(&in_y, "y");
    assert_int_equal(topic_join_identity(&in_none.receiver, "x"), OK);
    note(&loops, TOPIC_NAMED, "x", 1);
    note(&loops, TOPIC_NAMED, "y", 2);
    note(&loops, TOPIC_NAMED, "x", 3);
    note(&loops, TOPIC_NAMED, "nobody's", 4);
    note(&loops, TOPIC_IDENTITY, "x", 5);
    loops_settle(&loops);
    peer_expect(&in_x, "4/40");
    peer_expect(&in_y, "2/20");
    peer_expect(&in_none, "5/50");
    peer_close(&in_x);
    peer_close(&in_y);
    peer_close(&in_none);
    loops_close(&loops);
}

static void of_too_many_topics_every_subscriber_hears(void **state)
{
    struct loops loops;
    struct peer in_all, in_none;
    char name[16];
    (void)state;
    loops_open(&loops, 2);
    open_marked(&loops, &in_all);
    open_marked(&loops, &in_none);
    for (unsigned i = 0; i < MISSED_TOPICS + 3; i++) {
        snprintf(name, sizeof name, "t%u", i);
        subscribe(&in_all, name);
        note(&loops, TOPIC_NAMED, name, 1);
    }
    loops_settle(&loops);
    snprintf(name, sizeof name, "%u/%u", MISSED_TOPICS + 3, 10 * (MISSED_TOPICS + 3));
    peer_expect(&in_all, name);
    peer_expect(&in_none, "");
    peer_close(&in_all);
    peer_close(&in_none);
    loops_close(&loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_receivers_of_the_loop_hear_of_it_once),
        cmocka_unit_test(only_the_subscribers_of_a_topic_hear_of_it),
        cmocka_unit_test(of_too_many_topics_every_subscriber_hears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
