/* core/front/lingering_close.c on pairs of sockets. */
#include "unit.h"

#include "base/clock.h"
#include "front/lingering_close.h"

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
static void wait_until_empty(struct lingering_close *lingering)
{
    int64_t now = clock_monotonic();
    for (int i = 0; i < 10000 && lingering->count > 0; i++) {
        now += LINGERING_CLOSE_INTERVAL * NS_PER_MS / 100;
        lingering_close_check(lingering, now);
    }
    assert_int_equal(lingering->count, 0);
}

static void client_that_goes_on_sending_reads_the_answer(void **state)
{
    struct lingering_close lingering;
    int server;
    int client;
    char got[16] = "";
    (void)state;
    lingering_close_init(&lingering);
    make_pair(&server, &client);
    assert_int_equal(send(client, "unread", 6, MSG_NOSIGNAL), 6);
    assert_int_equal(send(server, "answer", 6, MSG_NOSIGNAL), 6);
    lingering_close_add(&lingering, server);
    assert_int_equal(send(client, "more", 4, MSG_NOSIGNAL), 4);
    lingering_close_check(&lingering, clock_monotonic());
    assert_int_equal(lingering.count, 1);
    assert_int_equal(recv(client, got, sizeof got, MSG_WAITALL), 6);
    assert_string_equal(got, "answer");
    close(client);
    wait_until_empty(&lingering);
    lingering_close_deinit(&lingering);
}

static void time_is_limited(void **state)
{
    struct lingering_close lingering;
    int server;
    int client;
    (void)state;
    lingering_close_init(&lingering);
    make_pair(&server, &client);
    lingering_close_add(&lingering, server);
    assert_true(lingering_close_next_check(&lingering) < INT64_MAX);
    lingering_close_check(&lingering, clock_monotonic() + LINGERING_CLOSE_TIME);
    assert_int_equal(lingering.count, 0);
    assert_true(lingering_close_next_check(&lingering) == INT64_MAX);
    close(client);
    lingering_close_deinit(&lingering);
}

static void bytes_are_limited(void **state)
{
    static char piece[64 * 1024];
    struct lingering_close lingering;
    int server;
    int client;
    int64_t now = clock_monotonic();
    (void)state;
    lingering_close_init(&lingering);
    make_pair(&server, &client);
    lingering_close_add(&lingering, server);
    for (size_t i = 0; i < 100000 && lingering.count > 0; i++) {
        (void)send(client, piece, sizeof piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        lingering.next_check = 0;
        lingering_close_check(&lingering, now);
    }
    assert_int_equal(lingering.count, 0);
    close(client);
    lingering_close_deinit(&lingering);
}

static void number_is_limited_and_the_oldest_makes_way(void **state)
{
    struct lingering_close lingering;
    int clients[2];
    int servers[2];
    char byte;
    (void)state;
    lingering_close_init(&lingering);
    for (int i = 0; i < 2; i++) {
        make_pair(&servers[i], &clients[i]);
        lingering_close_add(&lingering, servers[i]);
    }
    assert_true(lingering_close_evict_oldest(&lingering));
    assert_int_equal(lingering.count, 1);
    assert_int_equal(lingering.sockets[0].socket, servers[1]);
    assert_int_equal(recv(clients[0], &byte, 1, 0), 0);
    assert_true(lingering_close_evict_oldest(&lingering));
    assert_false(lingering_close_evict_oldest(&lingering));
    close(clients[0]);
    close(clients[1]);
    lingering_close_deinit(&lingering);
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
