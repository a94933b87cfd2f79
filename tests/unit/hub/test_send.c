#include "hub/send.h"
#include "hub/serving.h"

#include "client/client.h"
#include "client/shard.h"

#include <semaphore.h>
#include <string.h>

#define LIMIT ((size_t)64 * 1024) /* bytes on their way */
#define MESSAGES_MAX 10000        /* of which one is refused before the last */

/* A loop that stands still in a hook. */
struct pause {
    struct mail mail; /* first */
    sem_t begun;
    sem_t over;
    uint64_t client_id; /* of its first client */
};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue;
}

static void deliver_pause(struct loop *loop, struct mail *mail)
{
    struct pause *pause = (struct pause *)mail;
    pause->client_id = shard_of(loop)->slots[0].client->seen.id;
    sem_post(&pause->begun);
    wait_for(&pause->over);
}

static void begin_pause(struct shard *shard, struct pause *pause)
{
    *pause = (struct pause){.mail.deliver = deliver_pause};
    assert_int_equal(sem_init(&pause->begun, 0, 0), 0);
    assert_int_equal(sem_init(&pause->over, 0, 0), 0);
    loop_post(&shard->loop, &pause->mail);
    wait_for(&pause->begun);
}

static void what_a_loop_does_not_take_is_bounded_and_a_close_is_not_refused(void **state)
{
    (void)state;
    struct serving serving = serve("loops: 1\nendpoints: [{path: /ws, queue: {bytes: 1MiB}}]\n");
    struct hub *hub = serving.hub;
    struct pause pause;
    int client = join(hub, "/ws");
    wait_for_clients(hub, NULL, 1);
    begin_pause(&hub->set.shards[0], &pause);
    delivery_set_limit(&hub->set.delivery, LIMIT);

    unsigned taken = 0;
    int error = OK;
    while (error == OK && taken < MESSAGES_MAX) {
        error = hub_send(hub, pause.client_id, OPCODE_TEXT, "news", 4);
        taken += error == OK;
    }
    assert_int_equal(error, ERR_LIMIT);
    assert_true(taken > 100);
    assert_true(memory_account_bytes(&hub->set.delivery.forwarded) < 2 * LIMIT);
    assert_int_equal(hub_close(hub, pause.client_id, CLOSE_NORMAL, "enough"), OK);

    delivery_set_limit(&hub->set.delivery, (size_t)1 << 30);
    sem_post(&pause.over);
    for (unsigned i = 0; i < taken; i++)
        expect_text(client, "news");
    expect_close(client, CLOSE_NORMAL, "enough");
    close(client);
    end_serving(&serving);
}

static void what_was_taken_is_no_longer_on_its_way(void **state)
{
    (void)state;
    struct serving serving = serve("loops: 1\nendpoints: [{path: /ws}]\n");
    struct pause pause;
    int client = join(serving.hub, "/ws");
    wait_for_clients(serving.hub, NULL, 1);
    begin_pause(&serving.hub->set.shards[0], &pause);
    assert_int_equal(hub_send(serving.hub, pause.client_id, OPCODE_TEXT, "news", 4), OK);
    assert_true(memory_account_bytes(&serving.hub->set.delivery.forwarded) > 0);
    sem_post(&pause.over);
    expect_text(client, "news");
    assert_int_equal(memory_account_bytes(&serving.hub->set.delivery.forwarded), 0);
    leave(client);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_loop_does_not_take_is_bounded_and_a_close_is_not_refused),
        cmocka_unit_test(what_was_taken_is_no_longer_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
