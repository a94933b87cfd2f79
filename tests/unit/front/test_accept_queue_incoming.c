/* core/front/accept_queue_incoming.c: how many connections may be pending, and descriptors. */
#include "front/queue_fixture.h"

static void hands_out_a_head_that_is_too_long(void **state)
{
    struct served_queue fixture;
    char text[MAX_HEAD + 20];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    open_queue(&fixture, LONG, 10, 10);
    int client = connect_and_send(&fixture, text); /* for CivetWeb to refuse */
    close(accept_ready(&fixture));
    close(client);
    close_queue(&fixture);
}

static void drops_the_oldest_of_all_when_as_many_are_pending_as_may_be(void **state)
{
    struct served_queue fixture;
    int client[3];
    (void)state;
    open_queue(&fixture, LONG, 2, 10);
    for (int i = 0; i < 3; i++) {
        client[i] = connect_and_send(&fixture, "GET ");
        wait_for_pending(&fixture, i < 2 ? (size_t)i + 1 : 2);
    }
    while (atomic_load(&fixture.stats.dropped[PENDING_DROP_FULL]) == 0)
        assert_int_equal(accept_queue_poll(fixture.queue, &fixture.listener, 1, 10), 0);
    for (int i = 0; i < 3; i++)
        close(client[i]);
    close_queue(&fixture);
}

static void drops_the_oldest_of_an_address_for_a_new_one(void **state)
{
    struct served_queue fixture;
    char byte;
    int client[4];
    (void)state;
    open_queue(&fixture, LONG, 10, 3);
    for (int i = 0; i < 4; i++) {
        client[i] = connect_and_send(&fixture, "GET ");
        wait_for_pending(&fixture, i < 3 ? (size_t)i + 1 : 3);
    }
    while (atomic_load(&fixture.stats.dropped[PENDING_DROP_FULL]) == 0)
        assert_int_equal(accept_queue_poll(fixture.queue, &fixture.listener, 1, 10), 0);
    assert_true(recv(client[0], &byte, 1, 0) <= 0); /* the first one had to go */
    for (int i = 0; i < 4; i++)
        close(client[i]);
    close_queue(&fixture);
}

/* A queue that may use descriptors up to the number `for_strangers`. */
static void open_queue_sharing(struct served_queue *fixture, struct descriptors *descriptors,
                               uint32_t for_strangers)
{
    struct accept_queue_limits limits = {.timeout = LONG,
                                         .max_pending = 10,
                                         .max_pending_per_address = 10,
                                         .descriptors = descriptors};
    *descriptors = (struct descriptors){.for_strangers = for_strangers};
    open_queue_with(fixture, limits, NULL);
}

static void refuses_with_503_when_only_the_reserve_of_descriptors_is_left(void **state)
{
    struct served_queue fixture;
    struct descriptors descriptors;
    char answer[512] = "";
    (void)state;
    open_queue_sharing(&fixture, &descriptors, 0);
    int client = connect_and_send(&fixture, HEAD);
    wait_for_drops(&fixture, PENDING_DROP_DESCRIPTORS, 1);
    assert_true(recv(client, answer, sizeof answer - 1, MSG_WAITALL) > 0);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 503 Service Unavailable\r\n"), answer);
    assert_non_null(strstr(answer, "\r\nRetry-After: 5\r\n"));
    assert_true(descriptors_are_wanted(&descriptors, clock_monotonic())); /* of other listeners */
    close(client);
    close_queue(&fixture);
}

static void the_oldest_gives_its_descriptor_to_a_new_connection(void **state)
{
    struct served_queue fixture;
    struct descriptors descriptors;
    char byte;
    (void)state;
    open_queue_sharing(&fixture, &descriptors, 1000);
    int oldest = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 1);
    descriptors.for_strangers = 0;
    int newest = connect_and_send(&fixture, "GET ");
    wait_for_drops(&fixture, PENDING_DROP_DESCRIPTORS, 1);
    wait_for_pending(&fixture, 1);
    assert_true(recv(oldest, &byte, 1, 0) <= 0);
    assert_int_equal(send(newest, &HEAD[4], sizeof HEAD - 5, 0), sizeof HEAD - 5);
    close(accept_ready(&fixture));
    close(oldest);
    close(newest);
    close_queue(&fixture);
}

static void gives_up_connections_when_another_listener_wants_descriptors(void **state)
{
    struct served_queue fixture;
    struct descriptors descriptors;
    (void)state;
    open_queue_sharing(&fixture, &descriptors, 1000);
    int client = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 1);
    descriptors_want(&descriptors, clock_monotonic());
    wait_for_drops(&fixture, PENDING_DROP_DESCRIPTORS, 1);
    wait_for_pending(&fixture, 0);
    close(client);
    close_queue(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_a_head_that_is_too_long),
        cmocka_unit_test(drops_the_oldest_of_all_when_as_many_are_pending_as_may_be),
        cmocka_unit_test(drops_the_oldest_of_an_address_for_a_new_one),
        cmocka_unit_test(refuses_with_503_when_only_the_reserve_of_descriptors_is_left),
        cmocka_unit_test(the_oldest_gives_its_descriptor_to_a_new_connection),
        cmocka_unit_test(gives_up_connections_when_another_listener_wants_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
