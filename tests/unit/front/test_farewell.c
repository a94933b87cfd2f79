/* core/front/farewell.c on pairs of sockets. */
#include "unit.h"

#include "base/clock.h"
#include "front/farewell.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two ends of a loopback connection. */
static void make_pair(int *server, int *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*client, (struct sockaddr *)&address, len), 0);
    *server = accept(listener, NULL, NULL);
    assert_true(*server >= 0);
    close(listener);
}

/* Looks until nobody is left. */
static void wait_until_empty(struct farewell *farewell)
{
    int64_t now = clock_monotonic();
    for (int i = 0; i < 10000 && farewell->count > 0; i++) {
        now += FAREWELL_LOOK * NS_PER_MS / 100;
        farewell_look(farewell, now);
    }
    assert_int_equal(farewell->count, 0);
}

static void client_that_goes_on_sending_reads_the_answer(void **state)
{
    struct farewell farewell;
    int server;
    int client;
    char got[16] = "";
    (void)state;
    farewell_init(&farewell);
    make_pair(&server, &client);
    assert_int_equal(send(client, "unread", 6, MSG_NOSIGNAL), 6);
    assert_int_equal(send(server, "answer", 6, MSG_NOSIGNAL), 6);
    farewell_add(&farewell, server);
    assert_int_equal(send(client, "more", 4, MSG_NOSIGNAL), 4);
    farewell_look(&farewell, clock_monotonic());
    assert_int_equal(farewell.count, 1);
    assert_int_equal(recv(client, got, sizeof got, MSG_WAITALL), 6);
    assert_string_equal(got, "answer");
    close(client);
    wait_until_empty(&farewell);
    farewell_deinit(&farewell);
}

static void time_is_limited(void **state)
{
    struct farewell farewell;
    int server;
    int client;
    (void)state;
    farewell_init(&farewell);
    make_pair(&server, &client);
    farewell_add(&farewell, server);
    assert_true(farewell_next_look(&farewell) < INT64_MAX);
    farewell_look(&farewell, clock_monotonic() + FAREWELL_TIME);
    assert_int_equal(farewell.count, 0);
    assert_true(farewell_next_look(&farewell) == INT64_MAX);
    close(client);
    farewell_deinit(&farewell);
}

static void bytes_are_limited(void **state)
{
    static char piece[64 * 1024];
    struct farewell farewell;
    int server;
    int client;
    int64_t now = clock_monotonic();
    (void)state;
    farewell_init(&farewell);
    make_pair(&server, &client);
    farewell_add(&farewell, server);
    for (size_t i = 0; i < 100000 && farewell.count > 0; i++) {
        (void)send(client, piece, sizeof piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        farewell.next_look = 0;
        farewell_look(&farewell, now);
    }
    assert_int_equal(farewell.count, 0);
    close(client);
    farewell_deinit(&farewell);
}

static void number_is_limited_and_the_oldest_makes_way(void **state)
{
    struct farewell farewell;
    int clients[2];
    int servers[2];
    char byte;
    (void)state;
    farewell_init(&farewell);
    for (int i = 0; i < 2; i++) {
        make_pair(&servers[i], &clients[i]);
        farewell_add(&farewell, servers[i]);
    }
    assert_true(farewell_cut_short(&farewell));
    assert_int_equal(farewell.count, 1);
    assert_int_equal(farewell.leaving[0].socket, servers[1]);
    assert_int_equal(recv(clients[0], &byte, 1, 0), 0);
    assert_true(farewell_cut_short(&farewell));
    assert_false(farewell_cut_short(&farewell));
    close(clients[0]);
    close(clients[1]);
    farewell_deinit(&farewell);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_that_goes_on_sending_reads_the_answer),
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(bytes_are_limited),
        cmocka_unit_test(number_is_limited_and_the_oldest_makes_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
