/* core/admin/client_ranking.c */
#include "hub/serving.h"

#include "admin/client_ranking.h"
#include "client/client.h"
#include "client/client_filter.h"

#include <string.h>
#include <sys/resource.h>

#define MANY                                                                                       \
    300 /* on two loops; by bytes and with empty slots between them more than a portion            \
         */

static struct serving serving;
static int clients[MANY];

/* Both ends of each connection are in this process. */
static int start(void **state)
{
    struct rlimit limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * MANY + 100)
        limit.rlim_cur = limit.rlim_max < 2 * MANY + 100 ? limit.rlim_max : 2 * MANY + 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    serving = serve("loops: 2\nendpoints: [{path: /a}, {path: /b}]\n");
    for (int i = 0; i < MANY; i++)
        clients[i] = join(serving.hub, i % 3 == 0 ? "/b" : "/a");
    wait_for_clients(serving.hub, NULL, MANY);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        close(clients[i]);
    end_serving(&serving);
    return 0;
}

static int64_t value_of(const struct client_info *info, enum client_rank rank)
{
    return rank == CLIENT_RANK_QUEUE ? (int64_t)info->queued_bytes : info->age_ns;
}

/* Finds the first ones, and checks that each is there once, and the larger ones first. */
static size_t find(const struct client_filter *filter, enum client_rank rank, size_t limit)
{
    struct client_ranking ranking;
    assert_int_equal(client_ranking_find(serving.hub, filter, rank, limit, &ranking), OK);
    for (size_t i = 1; i < ranking.count; i++) {
        if (rank == CLIENT_RANK_QUEUE || rank == CLIENT_RANK_AGE)
            assert_true(value_of(&ranking.clients[i - 1], rank) >=
                        value_of(&ranking.clients[i], rank));
        for (size_t j = 0; j < i; j++)
            assert_true(ranking.clients[j].id != ranking.clients[i].id);
    }
    size_t count = ranking.count;
    client_ranking_free(&ranking);
    return count;
}

static void names_are_read(void **state)
{
    enum client_rank rank = CLIENT_RANK_QUEUE;
    (void)state;
    assert_true(client_rank_read("last-heard", &rank));
    assert_int_equal(rank, CLIENT_RANK_SILENCE);
    assert_true(client_rank_read("bytes", &rank));
    assert_int_equal(rank, CLIENT_RANK_BYTES);
    assert_true(client_rank_read("messages", &rank));
    assert_int_equal(rank, CLIENT_RANK_MESSAGES);
    assert_true(client_rank_read("drops", &rank));
    assert_int_equal(rank, CLIENT_RANK_DROPS);
    assert_false(client_rank_read("", &rank));
    assert_false(client_rank_read("Queue", &rank));
}

static void each_client_is_found_once_up_to_the_limit(void **state)
{
    const struct client_filter all = {.endpoint = NULL};
    (void)state;
    for (int rank = 0; rank < CLIENT_RANK_COUNT; rank++) {
        assert_int_equal(find(&all, (enum client_rank)rank, 1), 1);
        assert_int_equal(find(&all, (enum client_rank)rank, MANY - 1), MANY - 1);
        assert_int_equal(find(&all, (enum client_rank)rank, MANY + 5), MANY);
    }
}

static void a_filter_says_which_are_meant(void **state)
{
    const struct client_filter some = {.endpoint = hub_find_endpoint(serving.hub, "/b")};
    struct client_filter none = {.endpoint = NULL};
    (void)state;
    strcpy(none.identity, "nobody");
    assert_int_equal(find(&some, CLIENT_RANK_AGE, 1000), MANY / 3);
    assert_int_equal(find(&none, CLIENT_RANK_AGE, 1000), 0);
}

/* A value that no other client has. */
static void make_silent(struct loop *loop, struct mail *mail)
{
    struct shard *shard = shard_of(loop);
    struct client *client = shard->slots[shard->slot_count / 4].client;
    (void)mail;
    client->last_heard -= 3600 * NS_PER_S;
    client->messages_in = UINT32_MAX;
    client->receiver.dropped = 1000000;
}

static void expect_the_same_first(enum client_rank rank, const struct client_ranking *expected)
{
    const struct client_filter all = {.endpoint = NULL};
    struct client_ranking ranking;
    assert_int_equal(client_ranking_find(serving.hub, &all, rank, 2, &ranking), OK);
    assert_int_equal(ranking.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(ranking.clients[i].id == expected->clients[0].id ||
                    ranking.clients[i].id == expected->clients[1].id);
        assert_int_equal(ranking.clients[i].messages_in, UINT32_MAX);
        assert_int_equal(ranking.clients[i].dropped, 1000000);
    }
    client_ranking_free(&ranking);
}

static void the_largest_of_all_portions_and_loops_come_first(void **state)
{
    const struct client_filter all = {.endpoint = NULL};
    struct client_ranking ranking;
    static struct mail mails[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        mails[i].deliver = make_silent;
        loop_post(&serving.hub->set.shards[i].loop, &mails[i]);
    }
    assert_int_equal(client_ranking_find(serving.hub, &all, CLIENT_RANK_SILENCE, 3, &ranking), OK);
    assert_int_equal(ranking.count, 3);
    assert_true(ranking.clients[0].silent_ns > 3000 * NS_PER_S);
    assert_true(ranking.clients[1].silent_ns > 3000 * NS_PER_S);
    assert_true(ranking.clients[2].silent_ns < 3000 * NS_PER_S);
    assert_true(client_id_loop(ranking.clients[0].id) != client_id_loop(ranking.clients[1].id));
    expect_the_same_first(CLIENT_RANK_MESSAGES, &ranking);
    expect_the_same_first(CLIENT_RANK_DROPS, &ranking);
    client_ranking_free(&ranking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read),
        cmocka_unit_test(each_client_is_found_once_up_to_the_limit),
        cmocka_unit_test(a_filter_says_which_are_meant),
        cmocka_unit_test(the_largest_of_all_portions_and_loops_come_first),
    };
    return cmocka_run_group_tests(tests, start, end);
}
