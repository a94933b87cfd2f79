/* core/front/accept_queue_pending.c: PROXY headers, addresses, and why connections are dropped. */
#include "front/queue_fixture.h"

static bool has_ended(int client)
{
    char byte;
    return recv(client, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

static void answers_408_after_the_timeout(void **state)
{
    struct served_queue fixture;
    char answer[512] = "";
    (void)state;
    open_queue(&fixture, 100 * NS_PER_MS, 10, 10);
    int client = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 1);
    wait_for_pending(&fixture, 0);
    assert_int_equal(atomic_load(&fixture.stats.dropped[PENDING_DROP_TIMEOUT]), 1);
    assert_true(recv(client, answer, sizeof answer - 1, 0) > 0);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 408 "), answer);
    close(client);
    close_queue(&fixture);
}

static void a_trusted_proxys_header_names_the_peer_and_is_taken(void **state)
{
    struct served_queue fixture;
    struct address from;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    trust_loopback(&fixture);
    int client = connect_from(&fixture, 7, HEAD);
    int served = accept_from(&fixture, &from);
    assert_from(&from, "198.51.100.7");
    assert_int_equal(from.port, 4711);
    assert_reads(served, HEAD);
    close(served);
    close(client);
    close_queue(&fixture);
}

static void a_header_may_come_one_byte_at_a_time(void **state)
{
    struct served_queue fixture;
    struct address from;
    char header[HEADER_LEN];
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    trust_loopback(&fixture);
    make_header(header, 7);
    int client = connect_and_send(&fixture, "");
    wait_for_pending(&fixture, 1);
    for (size_t i = 0; i < HEADER_LEN; i++) {
        assert_int_equal(send(client, header + i, 1, MSG_NOSIGNAL), 1);
        wait_for_pending(&fixture, 1);
    }
    for (size_t i = 0; i < sizeof HEAD - 1; i++) {
        assert_int_equal(accept_queue_poll(fixture.queue, &fixture.listener, 1, 0), 0);
        assert_int_equal(send(client, &HEAD[i], 1, MSG_NOSIGNAL), 1);
    }
    int served = accept_from(&fixture, &from);
    assert_from(&from, "198.51.100.7");
    assert_reads(served, HEAD);
    close(served);
    close(client);
    close_queue(&fixture);
}

static void a_strangers_header_is_no_header(void **state)
{
    struct served_queue fixture;
    struct address from;
    char got[HEADER_LEN + sizeof HEAD];
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    int client = connect_from(&fixture, 7, HEAD);
    int served = accept_from(&fixture, &from); /* for CivetWeb to refuse */
    assert_from(&from, "127.0.0.1");
    assert_int_equal(recv(served, got, HEADER_LEN, MSG_WAITALL), HEADER_LEN);
    assert_memory_equal(got, "\r\n\r\n", 4);
    close(served);
    close(client);
    close_queue(&fixture);
}

static void a_trusted_proxy_needs_no_header(void **state)
{
    struct served_queue fixture;
    struct address from;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    trust_loopback(&fixture);
    int client = connect_and_send(&fixture, HEAD);
    int served = accept_from(&fixture, &from);
    assert_from(&from, "127.0.0.1");
    assert_reads(served, HEAD);
    close(served);
    close(client);
    close_queue(&fixture);
}

static void a_header_for_the_proxy_itself_changes_nothing(void **state)
{
    static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\x03\x04\0";
    struct served_queue fixture;
    struct address from;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    trust_loopback(&fixture);
    int client = connect_and_send(&fixture, "");
    assert_int_equal(send(client, local, sizeof local, 0), sizeof local); /* with the zero */
    assert_int_equal(send(client, HEAD, sizeof HEAD - 1, 0), sizeof HEAD - 1);
    int served = accept_from(&fixture, &from);
    assert_from(&from, "127.0.0.1");
    assert_reads(served, HEAD);
    close(served);
    close(client);
    close_queue(&fixture);
}

static void a_wrong_header_ends_the_connection_and_is_counted(void **state)
{
    struct served_queue fixture;
    char header[HEADER_LEN];
    char byte;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    trust_loopback(&fixture);
    make_header(header, 7);
    header[12] = 0x31;
    int at_once = connect_and_send(&fixture, "");
    assert_int_equal(send(at_once, header, HEADER_LEN, 0), HEADER_LEN);
    wait_for_drops(&fixture, PENDING_DROP_PROXY_HEADER, 1);
    assert_true(recv(at_once, &byte, 1, 0) <= 0);
    int later = connect_and_send(&fixture, "");
    assert_int_equal(send(later, header, 12, 0), 12);
    wait_for_pending(&fixture, 1);
    assert_int_equal(send(later, header + 12, 4, 0), 4);
    wait_for_drops(&fixture, PENDING_DROP_PROXY_HEADER, 2);
    assert_true(recv(later, &byte, 1, 0) <= 0);
    wait_for_pending(&fixture, 0);
    close(at_once);
    close(later);
    close_queue(&fixture);
}

static void half_a_header_ends_with_the_connection_or_the_deadline(void **state)
{
    struct served_queue fixture;
    char header[HEADER_LEN];
    (void)state;
    open_queue(&fixture, 100 * NS_PER_MS, 10, 10);
    trust_loopback(&fixture);
    make_header(header, 7);
    int ends = connect_and_send(&fixture, "");
    assert_int_equal(send(ends, header, 20, 0), 20);
    assert_int_equal(shutdown(ends, SHUT_WR), 0);
    wait_for_drops(&fixture, PENDING_DROP_PROXY_HEADER, 1);
    int silent = connect_and_send(&fixture, "");
    assert_int_equal(send(silent, header, 20, 0), 20);
    wait_for_drops(&fixture, PENDING_DROP_TIMEOUT, 1);
    wait_for_pending(&fixture, 0);
    close(ends);
    close(silent);
    close_queue(&fixture);
}

static void a_proxys_connections_are_not_one_address(void **state)
{
    struct served_queue fixture;
    int client[8];
    (void)state;
    open_queue(&fixture, LONG, 20, 3);
    trust_loopback(&fixture);
    for (int i = 0; i < 8; i++)
        client[i] = connect_and_send(&fixture, "GET ");
    wait_for_pending(&fixture, 8);
    assert_int_equal(atomic_load(&fixture.stats.dropped[PENDING_DROP_FULL]), 0);
    for (int i = 0; i < 8; i++)
        close(client[i]);
    wait_for_pending(&fixture, 0);
    close_queue(&fixture);
}

/* Header and head come together, or the header later: both count at the address that it names. */
static void a_connection_through_a_proxy_counts_at_its_own_address(void **state)
{
    struct served_queue fixture;
    char header[HEADER_LEN];
    int client[6];
    (void)state;
    open_queue(&fixture, LONG, 20, 3);
    trust_loopback(&fixture);
    client[0] = connect_from(&fixture, 1, "GET ");
    wait_for_pending(&fixture, 1);
    client[1] = connect_from(&fixture, 2, "GET ");
    wait_for_pending(&fixture, 2);
    for (int i = 2; i < 6; i++) {
        client[i] = connect_and_send(&fixture, "");
        wait_for_pending(&fixture, (size_t)i + 1);
    }
    make_header(header, 1);
    for (int i = 2; i < 6; i++) /* in one go: all events come in the same turn */
        assert_int_equal(send(client[i], header, HEADER_LEN, 0), HEADER_LEN);
    /* The one that has to go has an event behind theirs. */
    assert_int_equal(send(client[0], "/", 1, 0), 1);
    wait_for_drops(&fixture, PENDING_DROP_FULL, 2);
    wait_for_pending(&fixture, 4);
    assert_true(has_ended(client[0])); /* the oldest of its address */
    assert_false(has_ended(client[1]));
    int ended = 0;
    for (int i = 2; i < 6; i++)
        ended += has_ended(client[i]);
    assert_int_equal(ended, 1);
    for (int i = 0; i < 6; i++)
        close(client[i]);
    wait_for_pending(&fixture, 0);
    close_queue(&fixture);
}

static void a_connection_that_has_just_been_named_may_be_dropped(void **state)
{
    struct served_queue fixture;
    char header[HEADER_LEN];
    (void)state;
    open_queue(&fixture, LONG, 1, 1);
    trust_loopback(&fixture);
    make_header(header, 7);
    int named = connect_and_send(&fixture, "");
    wait_for_pending(&fixture, 1);
    assert_int_equal(send(named, header, HEADER_LEN, 0), HEADER_LEN);
    int incoming = connect_and_send(&fixture, "GET "); /* in the same turn */
    wait_for_drops(&fixture, PENDING_DROP_FULL, 1);
    wait_for_pending(&fixture, 1);
    assert_true(has_ended(named));
    close(named);
    close(incoming);
    close_queue(&fixture);
}

static void changed_trust_is_for_later_connections(void **state)
{
    struct served_queue fixture;
    struct address from;
    (void)state;
    open_queue(&fixture, LONG, 10, 10);
    trust_loopback(&fixture);
    int before = connect_and_send(&fixture, "");
    wait_for_pending(&fixture, 1);
    trust_change(&fixture.trust, NULL);
    int after = connect_from(&fixture, 8, HEAD);
    close(accept_from(&fixture, &from));
    assert_from(&from, "127.0.0.1");
    char header[HEADER_LEN];
    make_header(header, 7);
    assert_int_equal(send(before, header, HEADER_LEN, 0), HEADER_LEN);
    assert_int_equal(send(before, HEAD, sizeof HEAD - 1, 0), sizeof HEAD - 1);
    close(accept_from(&fixture, &from));
    assert_from(&from, "198.51.100.7");
    close(before);
    close(after);
    close_queue(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_408_after_the_timeout),
        cmocka_unit_test(a_trusted_proxys_header_names_the_peer_and_is_taken),
        cmocka_unit_test(a_header_may_come_one_byte_at_a_time),
        cmocka_unit_test(a_strangers_header_is_no_header),
        cmocka_unit_test(a_trusted_proxy_needs_no_header),
        cmocka_unit_test(a_header_for_the_proxy_itself_changes_nothing),
        cmocka_unit_test(a_wrong_header_ends_the_connection_and_is_counted),
        cmocka_unit_test(half_a_header_ends_with_the_connection_or_the_deadline),
        cmocka_unit_test(a_proxys_connections_are_not_one_address),
        cmocka_unit_test(a_connection_through_a_proxy_counts_at_its_own_address),
        cmocka_unit_test(a_connection_that_has_just_been_named_may_be_dropped),
        cmocka_unit_test(changed_trust_is_for_later_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
