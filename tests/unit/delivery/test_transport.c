/* core/delivery/transport.c over a socket pair, or over TCP where only that knows the answer. */
#include "delivery/loops.h"

#include <netinet/in.h>
#include <unistd.h>

#define MUCH 100000u /* bytes, more than a socket takes */

static struct loops loops;
static struct peer peer;

static int open_plain(void **state)
{
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    peer_close(&peer);
    loops_close(&loops);
    return 0;
}

static ssize_t write_text(const char *text)
{
    struct iovec piece = {.iov_base = (void *)text, .iov_len = strlen(text)};
    return transport_write(&peer.receiver, &piece, 1);
}

static void expect_text(const char *text)
{
    peer_read(&peer);
    assert_int_equal(peer.got.len, strlen(text));
    assert_memory_equal(peer.got.data, text, strlen(text));
    peer.got.len = 0;
}

/* -- plain -- */

static void reads_what_is_there(void **state)
{
    const struct delivery_stats *stats = &loops.deliveries[0].stats;
    char bytes[8];
    (void)state;
    assert_false(transport_has_input(&peer.receiver));
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 0);
    assert_int_equal(send(peer.socket, "0123456789", 10, 0), 10);
    assert_true(transport_has_input(&peer.receiver));
    assert_int_equal(transport_pending(&peer.receiver), 0);
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 8);
    assert_memory_equal(bytes, "01234567", 8);
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 2);
    assert_memory_equal(bytes, "89", 2);
    assert_int_equal(counter_read(&stats->reads), 3);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_in), 10);
}

static void the_peers_end_is_seen_behind_its_last_bytes(void **state)
{
    char bytes[8];
    (void)state;
    assert_int_equal(send(peer.socket, "x", 1, 0), 1);
    assert_int_equal(shutdown(peer.socket, SHUT_WR), 0);
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), 1);
    assert_int_equal(transport_read(&peer.receiver, bytes, sizeof bytes), ERR_CLOSED);
    assert_false(transport_has_input(&peer.receiver));
}

static void writes_pieces_in_order(void **state)
{
    const struct delivery_stats *stats = &loops.deliveries[0].stats;
    struct iovec pieces[TRANSPORT_PIECES_MAX];
    char expected[TRANSPORT_PIECES_MAX + 1] = "";
    (void)state;
    for (unsigned i = 0; i < TRANSPORT_PIECES_MAX; i++) {
        expected[i] = (char)('0' + i);
        pieces[i] = (struct iovec){.iov_base = &expected[i], .iov_len = 1};
    }
    assert_int_equal(transport_write(&peer.receiver, pieces, TRANSPORT_PIECES_MAX),
                     TRANSPORT_PIECES_MAX);
    expect_text(expected);
    assert_int_equal(write_text("one piece"), 9);
    expect_text("one piece");
    assert_int_equal(counter_read(&stats->writes), 2);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_out), TRANSPORT_PIECES_MAX + 9);
}

static void a_full_socket_takes_nothing_and_is_no_error(void **state)
{
    static char text[MUCH];
    struct iovec pieces[2] = {{.iov_base = text, .iov_len = sizeof text},
                              {.iov_base = text, .iov_len = sizeof text}};
    ssize_t sent;
    (void)state;
    peer_shrink(&peer);
    while ((sent = transport_write(&peer.receiver, pieces, 2)) > 0)
        assert_true((size_t)sent < 2 * sizeof text);
    assert_int_equal(sent, 0);
    assert_int_equal(transport_write(&peer.receiver, pieces, 1), 0);
    peer_read(&peer);
    assert_true(transport_write(&peer.receiver, pieces, 1) > 0);
}

static void a_peer_that_is_gone_takes_nothing_any_more(void **state)
{
    struct iovec pieces[2] = {{.iov_base = "a", .iov_len = 1}, {.iov_base = "b", .iov_len = 1}};
    (void)state;
    close(peer.socket);
    peer.socket = -1;
    assert_int_equal(write_text("a"), ERR_CLOSED);
    assert_int_equal(transport_write(&peer.receiver, pieces, 2), ERR_CLOSED);
}

static void shutting_down_ends_one_direction(void **state)
{
    char byte;
    (void)state;
    assert_int_equal(write_text("last"), 4);
    transport_shutdown(&peer.receiver);
    expect_text("last");
    assert_int_equal(recv(peer.socket, &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(send(peer.socket, "x", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(transport_read(&peer.receiver, &byte, 1), 1);
}

static void closing_twice_is_closing_once(void **state)
{
    char byte;
    (void)state;
    loop_unwatch(&loops.loops[0], peer.receiver.socket);
    transport_close(&peer.receiver);
    assert_int_equal(peer.receiver.socket, -1);
    transport_close(&peer.receiver);
    assert_int_equal(recv(peer.socket, &byte, 1, MSG_DONTWAIT), 0);
}

/* -- what the peer has acknowledged -- */

/* A connection over the loopback interface. */
static void connect_tcp(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&address, sizeof address), 0);
    ends[0] = accept(listener, NULL, NULL);
    assert_true(ends[0] >= 0);
    close(listener);
}

static int open_tcp(void **state)
{
    int ends[2];
    (void)state;
    loops_open(&loops, 1);
    connect_tcp(ends);
    peer_init(&loops, &peer, 0, ends);
    return 0;
}

/* What is not acknowledged is outstanding: together they are what was written. */
static void the_kernel_says_what_of_the_bytes_has_arrived(void **state)
{
    struct transport_delivery before, after;
    (void)state;
    assert_true(transport_ask_delivery(&peer.receiver, &before));
    assert_int_equal(before.outstanding, 0);
    assert_int_equal(write_text("0123456789"), 10);
    assert_true(transport_ask_delivery(&peer.receiver, &after));
    assert_int_equal(after.acknowledged - before.acknowledged + after.outstanding, 10);
}

static void the_kernel_counts_what_has_come_and_gone(void **state)
{
    uint64_t in_before, out_before, in, out;
    (void)state;
    assert_true(transport_ask_traffic(&peer.receiver, &in_before, &out_before));
    assert_int_equal(write_text("0123456789"), 10);
    assert_int_equal(send(peer.socket, "abc", 3, 0), 3);
    assert_true(transport_ask_traffic(&peer.receiver, &in, &out));
    assert_int_equal(in - in_before, 3);
    assert_true(out - out_before <= 10);
}

static void some_sockets_do_not_know_what_has_arrived(void **state)
{
    struct transport_delivery delivery;
    uint64_t in, out;
    (void)state;
    assert_false(transport_ask_delivery(&peer.receiver, &delivery));
    assert_false(transport_ask_traffic(&peer.receiver, &in, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_is_there, open_plain, close_all),
        cmocka_unit_test_setup_teardown(the_peers_end_is_seen_behind_its_last_bytes, open_plain,
                                        close_all),
        cmocka_unit_test_setup_teardown(writes_pieces_in_order, open_plain, close_all),
        cmocka_unit_test_setup_teardown(a_full_socket_takes_nothing_and_is_no_error, open_plain,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_peer_that_is_gone_takes_nothing_any_more, open_plain,
                                        close_all),
        cmocka_unit_test_setup_teardown(shutting_down_ends_one_direction, open_plain, close_all),
        cmocka_unit_test_setup_teardown(closing_twice_is_closing_once, open_plain, close_all),
        cmocka_unit_test_setup_teardown(the_kernel_says_what_of_the_bytes_has_arrived, open_tcp,
                                        close_all),
        cmocka_unit_test_setup_teardown(the_kernel_counts_what_has_come_and_gone, open_tcp,
                                        close_all),
        cmocka_unit_test_setup_teardown(some_sockets_do_not_know_what_has_arrived, open_plain,
                                        close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
