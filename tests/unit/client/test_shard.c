#include "hub/serving.h"

#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"

#include <string.h>

#define LARGE (1024 * 1024) /* bytes of a message; the socket takes only its beginning */

/* -- on the loop -- */

/* The beginning of a frame is on its way: giving up the queue keeps the rest of the frame. */
static void send_more_than_the_socket_takes(struct shard *shard)
{
    static char text[LARGE];
    struct audience *audience =
        &hub_of_shard(shard)->endpoints[0]->fanout.audiences[shard->loop.index];
    assert_int_equal(audience->count, 1);
    assert_int_equal(receiver_send(audience->members[0], OPCODE_BINARY, text, sizeof text), OK);
}

/* What happens in a timer is followed by the iteration's end and no event's. */
static void want_relief(struct loop *loop, struct timer *timer)
{
    (void)timer;
    shard_of(loop)->wants_relief = true;
}

static void want_relief_in_a_timer(struct shard *shard)
{
    static struct timer timer;
    timer.fire = want_relief;
    timer_start(&shard->loop.timers, &timer, shard->loop.now);
}

/* -- tests -- */

/* It is told to close first; that frees too little, so it is ended, with a close frame that has not
 * been sent yet. */
static void who_is_given_up_twice_at_the_end_of_an_iteration_is_freed_once(void **state)
{
    (void)state;
    struct serving serving = serve(
        "loops: 1\nendpoints: [{path: /ws, message: {max_size: 4MiB}, queue: {bytes: 8MiB}}]\n");
    struct shard *shard = &serving.hub->set.shards[0];
    int client = join(serving.hub, "/ws");
    wait_for_clients(serving.hub, NULL, 1);
    run_on(shard, send_more_than_the_socket_takes);
    run_on(shard, NULL);

    delivery_set_limit(&serving.hub->set.delivery, 1);
    run_on(shard, want_relief_in_a_timer);
    wait_for_clients(serving.hub, NULL, 0);
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (atomic_load(&serving.hub->admitted) > 0 && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    run_on(shard, NULL);
    assert_int_equal(counter_read(&shard->delivery.stats.drops[DROP_QUEUE_TOTAL]), 2);
    assert_int_equal(memory_account_bytes(&serving.hub->set.delivery.queued), 0);
    leave(join(serving.hub, "/ws")); /* The loop goes on. */
    close(client);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_given_up_twice_at_the_end_of_an_iteration_is_freed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
