/* core/front/accept_queue.c on real loopback sockets, plain; TLS is tested with the whole server.
 */
#include "unit.h"

#include "base/address.h"
#include "base/clock.h"
#include "front/accept_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"
#define MAX_HEAD 256
#define LONG (60 * NS_PER_S)
#define HEADER_LEN 28 /* of those below */

/* An accept queue with one listener. */
struct served_queue {
    struct accept_queue *queue;
    struct trust trust; /* nobody, until a test says otherwise */
    struct accept_queue_stats stats;
    struct pollfd listener;
    struct sockaddr_in address;
};

static void open_queue(struct served_queue *fixture, int64_t timeout, size_t max_pending,
                       size_t per_address)
{
    struct accept_queue_limits limits = {.timeout = timeout,
                                         .max_head = MAX_HEAD,
                                         .max_pending = max_pending,
                                         .max_pending_per_address = per_address};
    socklen_t len = sizeof fixture->address;
    *fixture = (struct served_queue){.address = {.sin_family = AF_INET}};
    trust_init(&fixture->trust);
    fixture->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fixture->listener = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    assert_int_equal(bind(fixture->listener.fd, (struct sockaddr *)&fixture->address, len), 0);
    assert_int_equal(listen(fixture->listener.fd, 128), 0);
    assert_int_equal(getsockname(fixture->listener.fd, (struct sockaddr *)&fixture->address, &len),
                     0);
    assert_int_equal(
        accept_queue_create(&limits, NULL, &fixture->trust, &fixture->stats, &fixture->queue), OK);
}

static void close_queue(struct served_queue *fixture)
{
    accept_queue_destroy(fixture->queue);
    trust_deinit(&fixture->trust);
    close(fixture->listener.fd);
}

static int connect_and_send(const struct served_queue *fixture, const char *text)
{
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(client, (const struct sockaddr *)&fixture->address, sizeof fixture->address), 0);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

static void trust_loopback(struct served_queue *fixture)
{
    char *texts[] = {"127.0.0.1"};
    struct trusted_proxies *proxies;
    assert_int_equal(trusted_proxies_create(texts, 1, &proxies), OK);
    trust_change(&fixture->trust, proxies);
}

/* Writes a PROXY header that says that 198.51.100.`last`:4711 has connected. */
static void make_header(char header[HEADER_LEN], int last)
{
    memcpy(header, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\0\x7f\0\0\x01\x12\x67\0\x50",
           HEADER_LEN);
    header[19] = (char)last;
}

/* As connect_and_send, with a header in front. */
static int connect_from(const struct served_queue *fixture, int last, const char *text)
{
    char header[HEADER_LEN];
    int client = connect_and_send(fixture, "");
    make_header(header, last);
    assert_int_equal(send(client, header, HEADER_LEN, MSG_NOSIGNAL), HEADER_LEN);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

static void wait_for_drops(struct served_queue *fixture, enum pending_drop reason,
                           unsigned long long count)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (atomic_load(&fixture->stats.dropped[reason]) < count && clock_monotonic() < deadline)
        assert_int_equal(accept_queue_poll(fixture->queue, &fixture->listener, 1, 10), 0);
    assert_int_equal(atomic_load(&fixture->stats.dropped[reason]), count);
}

/* Polls until `count` wait and nobody is ready. */
static void wait_for_pending(struct served_queue *fixture, size_t count)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    do {
        assert_int_equal(accept_queue_poll(fixture->queue, &fixture->listener, 1, 10), 0);
    } while (atomic_load(&fixture->stats.pending) != count && clock_monotonic() < deadline);
    assert_int_equal(atomic_load(&fixture->stats.pending), count);
}

/* Polls until somebody is ready, and accepts it. */
static int accept_from(struct served_queue *fixture, struct address *from)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (accept_queue_poll(fixture->queue, &fixture->listener, 1, 100) == 0)
        assert_true(clock_monotonic() < deadline);
    assert_int_equal(fixture->listener.revents, POLLIN);
    int socket =
        accept_queue_take(fixture->queue, fixture->listener.fd, (struct sockaddr *)&peer, &len);
    assert_true(socket >= 0);
    assert_true(len <= sizeof(struct sockaddr_in6)); /* CivetWeb has no more queue. */
    address_from_sockaddr(from, (struct sockaddr *)&peer);
    return socket;
}

static int accept_ready(struct served_queue *fixture)
{
    struct address from;
    return accept_from(fixture, &from);
}

static void assert_from(const struct address *from, const char *expected)
{
    char text[ADDRESS_TEXT_MAX];
    address_text(from, text);
    assert_string_equal(text, expected);
}

static void assert_reads(int socket, const char *text)
{
    char got[MAX_HEAD + 1] = "";
    assert_int_equal(recv(socket, got, MAX_HEAD, 0), strlen(text));
    assert_string_equal(got, text);
}

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

static void lets_an_incomplete_head_wait_for_its_last_byte(void **state)
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

static void the_quick_pass_the_slow(void **state)
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

static void forgets_who_leaves(void **state)
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

static void answers_408_to_who_takes_too_long(void **state)
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

static void drops_the_oldest_of_all_when_the_room_is_full(void **state)
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

static void has_nothing_to_accept_before_poll_says_so(void **state)
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

static void destroying_closes_those_who_wait_and_those_who_are_ready(void **state)
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

static bool has_ended(int client)
{
    char byte;
    return recv(client, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

/* Header and head come together, or the header later: both count at the address that it names. */
static void who_comes_through_a_proxy_is_counted_at_its_own_address(void **state)
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

static void who_has_just_been_named_may_have_to_make_way(void **state)
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

static void trust_that_changes_is_for_those_who_come_later(void **state)
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
        cmocka_unit_test(hands_out_a_connection_whose_head_is_complete),
        cmocka_unit_test(lets_an_incomplete_head_wait_for_its_last_byte),
        cmocka_unit_test(the_quick_pass_the_slow),
        cmocka_unit_test(hands_out_a_head_that_is_too_long),
        cmocka_unit_test(forgets_who_leaves),
        cmocka_unit_test(answers_408_to_who_takes_too_long),
        cmocka_unit_test(a_head_that_came_in_time_is_not_too_late),
        cmocka_unit_test(drops_the_oldest_of_an_address_for_a_new_one),
        cmocka_unit_test(drops_the_oldest_of_all_when_the_room_is_full),
        cmocka_unit_test(has_nothing_to_accept_before_poll_says_so),
        cmocka_unit_test(destroying_closes_those_who_wait_and_those_who_are_ready),
        cmocka_unit_test(a_trusted_proxys_header_names_the_peer_and_is_taken),
        cmocka_unit_test(a_header_may_come_one_byte_at_a_time),
        cmocka_unit_test(a_strangers_header_is_no_header),
        cmocka_unit_test(a_trusted_proxy_needs_no_header),
        cmocka_unit_test(a_header_for_the_proxy_itself_changes_nothing),
        cmocka_unit_test(a_wrong_header_ends_the_connection_and_is_counted),
        cmocka_unit_test(half_a_header_ends_with_the_connection_or_the_deadline),
        cmocka_unit_test(a_proxys_connections_are_not_one_address),
        cmocka_unit_test(who_comes_through_a_proxy_is_counted_at_its_own_address),
        cmocka_unit_test(who_has_just_been_named_may_have_to_make_way),
        cmocka_unit_test(trust_that_changes_is_for_those_who_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
