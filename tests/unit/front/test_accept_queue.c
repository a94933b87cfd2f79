/* core/front/accept_queue.c on real loopback sockets. */
#include "front/queue_fixture.h"

#include <pthread.h>

static void hands_out_a_connection_whose_head_is_complete(void **state)
{
    struct served_queue fixture;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    int client = connect_and_send(&fixture, HEAD);
    int served = accept_ready(&fixture);
    assert_reads(served, HEAD); /* nothing of it was taken */
    close(served);
    close(client);
    close_queue(&fixture);
}

static void keeps_an_incomplete_head_pending_until_its_last_byte(void **state)
{
    struct served_queue fixture;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    int client = connect_and_send(&fixture, "GET /ws HTTP/1.1\r\nHost: x\r\n\r");
    wait_for_pending(&fixture, 1);
    assert_int_equal(send(client, "\n", 1, 0), 1);
    int served = accept_ready(&fixture);
    assert_reads(served, HEAD);
    assert_int_equal(atomic_load(&fixture.stats.pending), 0);
    close(served);
    close(client);
    close_queue(&fixture);
}

static void quick_connections_pass_slow_ones(void **state)
{
    struct served_queue fixture;
    int slow[20];
    (void)state;
    open_queue(&fixture, LONG, 100, 100);
    for (int i = 0; i < 20; i++)
        slow[i] = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 20);
    int client = connect_and_send(&fixture, HEAD);
    close(accept_ready(&fixture));
    close(client);
    for (int i = 0; i < 20; i++)
        close(slow[i]);
    close_queue(&fixture);
}

static void forgets_a_connection_that_ends(void **state)
{
    struct served_queue fixture;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    int client = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 1);
    close(client);
    wait_for_pending(&fixture, 0);
    assert_int_equal(atomic_load(&fixture.stats.dropped[PENDING_DROP_TIMEOUT]), 0);
    close_queue(&fixture);
}

/* More of them than one look at the kernel's events shows: as after a pause of the process. */
static void a_head_that_came_in_time_is_not_too_late(void **state)
{
    enum { CLIENTS = 100 };
    struct served_queue fixture;
    int client[CLIENTS], served[CLIENTS];
    const int64_t timeout = NS_PER_S;
    (void)state;
    open_queue(&fixture, timeout, CLIENTS, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        client[i] = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, CLIENTS);
    int64_t all_overdue = clock_monotonic() + timeout;
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(send(client[i], &HEAD[4], sizeof HEAD - 5, 0), sizeof HEAD - 5);
    while (clock_monotonic() < all_overdue)
        (void)poll(NULL, 0, 10);
    for (int i = 0; i < CLIENTS; i++)
        served[i] = accept_ready(&fixture);
    assert_int_equal(atomic_load(&fixture.stats.dropped[PENDING_DROP_TIMEOUT]), 0);
    for (int i = 0; i < CLIENTS; i++) {
        close(served[i]);
        close(client[i]);
    }
    close_queue(&fixture);
}

static void has_nothing_to_take_before_poll_says_so(void **state)
{
    struct served_queue fixture;
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    assert_int_equal(
        accept_queue_take(fixture.queue, fixture.listener.fd, (struct sockaddr *)&peer, &len), -1);
    assert_int_equal(errno, EAGAIN);
    close_queue(&fixture);
}

static void destroying_closes_pending_and_ready_connections(void **state)
{
    struct served_queue fixture;
    char byte;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    int pending = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 1);
    int ready = connect_and_send(&fixture, HEAD);
    while (accept_queue_poll(fixture.queue, &fixture.listener, 1, 100) == 0)
        continue;
    close_queue(&fixture);
    assert_true(recv(pending, &byte, 1, 0) <= 0);
    assert_true(recv(ready, &byte, 1, 0) <= 0);
    close(pending);
    close(ready);
}

static void *poll_for_an_hour(void *context)
{
    struct served_queue *fixture = context;
    while (accept_queue_poll(fixture->queue, &fixture->listener, 1, 3600 * 1000) != 0)
        continue;
    return NULL;
}

/* The thread may not be waiting yet: then it need not wait. */
static void a_wait_ends_when_it_is_to_hurry(void **state)
{
    struct served_queue fixture;
    pthread_t accepting;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    assert_int_equal(pthread_create(&accepting, NULL, poll_for_an_hour, &fixture), 0);
    (void)poll(NULL, 0, 20);
    accept_queue_hurry(fixture.queue);
    assert_int_equal(pthread_join(accepting, NULL), 0);
    close_queue(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_a_connection_whose_head_is_complete),
        cmocka_unit_test(keeps_an_incomplete_head_pending_until_its_last_byte),
        cmocka_unit_test(quick_connections_pass_slow_ones),
        cmocka_unit_test(forgets_a_connection_that_ends),
        cmocka_unit_test(a_head_that_came_in_time_is_not_too_late),
        cmocka_unit_test(has_nothing_to_take_before_poll_says_so),
        cmocka_unit_test(a_wait_ends_when_it_is_to_hurry),
        cmocka_unit_test(destroying_closes_pending_and_ready_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
