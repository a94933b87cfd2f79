/* core/front/waiting_room.c on real loopback sockets, plain; TLS is tested with the whole server.
 */
#include "unit.h"

#include "base/clock.h"
#include "front/waiting_room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"
#define MAX_HEAD 256
#define LONG (60 * NS_PER_S)

/* A room with one listener. */
struct place {
    struct waiting_room *room;
    struct trust trust; /* nobody, until a test says otherwise */
    struct waiting_stats stats;
    struct pollfd listener;
    struct sockaddr_in address;
};

static void open_place(struct place *place, int64_t timeout, size_t guests, size_t per_address)
{
    struct waiting_limits limits = {.timeout = timeout,
                                    .max_head = MAX_HEAD,
                                    .guests = guests,
                                    .guests_per_address = per_address};
    socklen_t len = sizeof place->address;
    *place = (struct place){.address = {.sin_family = AF_INET}};
    trust_init(&place->trust);
    place->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place->listener = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    assert_int_equal(bind(place->listener.fd, (struct sockaddr *)&place->address, len), 0);
    assert_int_equal(listen(place->listener.fd, 128), 0);
    assert_int_equal(getsockname(place->listener.fd, (struct sockaddr *)&place->address, &len), 0);
    assert_int_equal(waiting_room_create(&limits, NULL, &place->trust, &place->stats, &place->room),
                     OK);
}

static void close_place(struct place *place)
{
    waiting_room_destroy(place->room);
    trust_deinit(&place->trust);
    close(place->listener.fd);
}

static int visit(const struct place *place, const char *text)
{
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        connect(client, (const struct sockaddr *)&place->address, sizeof place->address), 0);
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return client;
}

/* Polls until `count` wait and nobody is ready. */
static void wait_for_guests(struct place *place, size_t count)
{
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    do {
        assert_int_equal(waiting_room_poll(place->room, &place->listener, 1, 10), 0);
    } while (atomic_load(&place->stats.waiting) != count && clock_monotonic() < deadline);
    assert_int_equal(atomic_load(&place->stats.waiting), count);
}

/* Polls until somebody is ready, and accepts it. */
static int accept_ready(struct place *place)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int64_t deadline = clock_monotonic() + 10 * NS_PER_S;
    while (waiting_room_poll(place->room, &place->listener, 1, 100) == 0)
        assert_true(clock_monotonic() < deadline);
    assert_int_equal(place->listener.revents, POLLIN);
    int socket =
        waiting_room_accept(place->room, place->listener.fd, (struct sockaddr *)&peer, &len);
    assert_true(socket >= 0);
    assert_int_equal(peer.ss_family, AF_INET);
    return socket;
}

static void assert_reads(int socket, const char *text)
{
    char got[MAX_HEAD + 1] = "";
    assert_int_equal(recv(socket, got, MAX_HEAD, 0), strlen(text));
    assert_string_equal(got, text);
}

static void hands_out_a_connection_whose_head_is_complete(void **state)
{
    struct place place;
    (void)state;
    open_place(&place, LONG, 10, 10);
    int client = visit(&place, HEAD);
    int served = accept_ready(&place);
    assert_reads(served, HEAD); /* nothing of it was taken */
    close(served);
    close(client);
    close_place(&place);
}

static void lets_an_incomplete_head_wait_for_its_last_byte(void **state)
{
    struct place place;
    (void)state;
    open_place(&place, LONG, 10, 10);
    int client = visit(&place, "GET /ws HTTP/1.1\r\nHost: x\r\n\r");
    wait_for_guests(&place, 1);
    assert_int_equal(send(client, "\n", 1, 0), 1);
    int served = accept_ready(&place);
    assert_reads(served, HEAD);
    assert_int_equal(atomic_load(&place.stats.waiting), 0);
    close(served);
    close(client);
    close_place(&place);
}

static void the_quick_pass_the_slow(void **state)
{
    struct place place;
    int slow[20];
    (void)state;
    open_place(&place, LONG, 100, 100);
    for (int i = 0; i < 20; i++)
        slow[i] = visit(&place, "GET ");
    wait_for_guests(&place, 20);
    int client = visit(&place, HEAD);
    close(accept_ready(&place));
    close(client);
    for (int i = 0; i < 20; i++)
        close(slow[i]);
    close_place(&place);
}

static void hands_out_a_head_that_is_too_long(void **state)
{
    struct place place;
    char text[MAX_HEAD + 20];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    open_place(&place, LONG, 10, 10);
    int client = visit(&place, text); /* for CivetWeb to refuse */
    close(accept_ready(&place));
    close(client);
    close_place(&place);
}

static void forgets_who_leaves(void **state)
{
    struct place place;
    (void)state;
    open_place(&place, LONG, 10, 10);
    int client = visit(&place, "GET ");
    wait_for_guests(&place, 1);
    close(client);
    wait_for_guests(&place, 0);
    assert_int_equal(atomic_load(&place.stats.dropped[WAITING_TIMEOUT]), 0);
    close_place(&place);
}

static void answers_408_to_who_takes_too_long(void **state)
{
    struct place place;
    char answer[512] = "";
    (void)state;
    open_place(&place, 100 * NS_PER_MS, 10, 10);
    int client = visit(&place, "GET ");
    wait_for_guests(&place, 1);
    wait_for_guests(&place, 0);
    assert_int_equal(atomic_load(&place.stats.dropped[WAITING_TIMEOUT]), 1);
    assert_true(recv(client, answer, sizeof answer - 1, 0) > 0);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 408 "), answer);
    close(client);
    close_place(&place);
}

static void drops_the_oldest_of_an_address_for_a_newcomer(void **state)
{
    struct place place;
    char byte;
    int client[4];
    (void)state;
    open_place(&place, LONG, 10, 3);
    for (int i = 0; i < 4; i++) {
        client[i] = visit(&place, "GET ");
        wait_for_guests(&place, i < 3 ? (size_t)i + 1 : 3);
    }
    while (atomic_load(&place.stats.dropped[WAITING_FULL]) == 0)
        assert_int_equal(waiting_room_poll(place.room, &place.listener, 1, 10), 0);
    assert_true(recv(client[0], &byte, 1, 0) <= 0); /* the first one had to go */
    for (int i = 0; i < 4; i++)
        close(client[i]);
    close_place(&place);
}

static void drops_the_oldest_of_all_when_the_room_is_full(void **state)
{
    struct place place;
    int client[3];
    (void)state;
    open_place(&place, LONG, 2, 10);
    for (int i = 0; i < 3; i++) {
        client[i] = visit(&place, "GET ");
        wait_for_guests(&place, i < 2 ? (size_t)i + 1 : 2);
    }
    while (atomic_load(&place.stats.dropped[WAITING_FULL]) == 0)
        assert_int_equal(waiting_room_poll(place.room, &place.listener, 1, 10), 0);
    for (int i = 0; i < 3; i++)
        close(client[i]);
    close_place(&place);
}

static void has_nothing_to_accept_before_poll_says_so(void **state)
{
    struct place place;
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    (void)state;
    open_place(&place, LONG, 10, 10);
    assert_int_equal(
        waiting_room_accept(place.room, place.listener.fd, (struct sockaddr *)&peer, &len), -1);
    assert_int_equal(errno, EAGAIN);
    close_place(&place);
}

static void destroying_closes_those_who_wait_and_those_who_are_ready(void **state)
{
    struct place place;
    char byte;
    (void)state;
    open_place(&place, LONG, 10, 10);
    int waiting = visit(&place, "GET ");
    wait_for_guests(&place, 1);
    int ready = visit(&place, HEAD);
    while (waiting_room_poll(place.room, &place.listener, 1, 100) == 0)
        continue;
    close_place(&place);
    assert_true(recv(waiting, &byte, 1, 0) <= 0);
    assert_true(recv(ready, &byte, 1, 0) <= 0);
    close(waiting);
    close(ready);
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
        cmocka_unit_test(drops_the_oldest_of_an_address_for_a_newcomer),
        cmocka_unit_test(drops_the_oldest_of_all_when_the_room_is_full),
        cmocka_unit_test(has_nothing_to_accept_before_poll_says_so),
        cmocka_unit_test(destroying_closes_those_who_wait_and_those_who_are_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
