#include "delivery/tls_output.h"

#include "delivery/choosy_socket.h"
#include "failing_memory.h"
#include "unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct memory_account account;
static struct tls_output output;
static int ends[2];

static int open_sockets(void **state)
{
    (void)state;
    socket_takes = SIZE_MAX;
    output = (struct tls_output){.sink = NULL};
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int close_sockets(void **state)
{
    (void)state;
    tls_output_deinit(&output);
    assert_int_equal(memory_account_bytes(&account), 0);
    close(ends[0]);
    return close(ends[1]);
}

static void expect_arrived(const char *expected)
{
    char bytes[64] = "";
    size_t len = 0;
    ssize_t got;
    while ((got = recv(ends[1], bytes + len, sizeof bytes - 1 - len, MSG_DONTWAIT)) > 0)
        len += (size_t)got;
    assert_string_equal(bytes, expected);
}

static void keep(const char *text)
{
    assert_int_equal(tls_output_keep(&output, text, strlen(text), &account), OK);
}

static void writes_to_the_socket_as_it_takes_them(void **state)
{
    (void)state;
    assert_int_equal(tls_output_write(&output, ends[0], "abc", 3), 3);
    socket_takes = 2;
    assert_int_equal(tls_output_write(&output, ends[0], "def", 3), 2);
    socket_takes = 0;
    assert_int_equal(tls_output_write(&output, ends[0], "ghi", 3), -1);
    assert_int_equal(errno, EAGAIN);
    expect_arrived("abcde");
}

static void a_sink_collects_what_it_has_room_for(void **state)
{
    uint8_t bytes[5];
    struct tls_sink sink = {.bytes = bytes, .capacity = sizeof bytes};
    (void)state;
    output.sink = &sink;
    assert_int_equal(tls_output_write(&output, ends[0], "abc", 3), 3);
    assert_int_equal(tls_output_write(&output, ends[0], "def", 3), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(tls_output_write(&output, ends[0], "de", 2), 2);
    assert_int_equal(sink.len, 5);
    assert_memory_equal(bytes, "abcde", 5);
    expect_arrived("");
}

static void what_is_kept_goes_out_before_anything_else(void **state)
{
    (void)state;
    keep("kept");
    assert_int_equal(tls_output_rest(&output), 4);
    assert_true(memory_account_bytes(&account) > 4);
    socket_takes = 3;
    assert_int_equal(tls_output_write(&output, ends[0], "new", 3), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(tls_output_rest(&output), 1);
    assert_int_equal(tls_output_write(&output, ends[0], "new", 3), 3);
    assert_int_equal(tls_output_rest(&output), 0);
    assert_int_equal(memory_account_bytes(&account), 0);
    expect_arrived("keptnew");
}

static void the_rest_is_sent_in_as_many_steps_as_it_takes(void **state)
{
    (void)state;
    for (size_t each = 1; each <= 5; each++) {
        keep("kept");
        socket_takes = 0;
        assert_int_equal(tls_output_send_rest(&output, ends[0]), OK);
        assert_int_equal(tls_output_rest(&output), 4);
        socket_takes = each;
        for (size_t left = 4; left > 0; left -= left < each ? left : each) {
            assert_int_equal(tls_output_rest(&output), left);
            assert_int_equal(tls_output_send_rest(&output, ends[0]), OK);
        }
        assert_int_equal(tls_output_rest(&output), 0);
        assert_int_equal(tls_output_send_rest(&output, ends[0]), OK);
        expect_arrived("kept");
    }
}

static void a_peer_that_is_gone_is_said_to_be(void **state)
{
    (void)state;
    keep("kept");
    socket_is_broken = true;
    assert_int_equal(tls_output_send_rest(&output, ends[0]), ERR_CLOSED);
    assert_int_equal(tls_output_write(&output, ends[0], "new", 3), -1);
    assert_int_equal(errno, EPIPE);
    socket_is_broken = false;
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    fail_allocation(1);
    assert_int_equal(tls_output_keep(&output, "kept", 4, &account), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    assert_int_equal(tls_output_rest(&output), 0);
    assert_int_equal(memory_account_bytes(&account), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_to_the_socket_as_it_takes_them, open_sockets,
                                        close_sockets),
        cmocka_unit_test_setup_teardown(a_sink_collects_what_it_has_room_for, open_sockets,
                                        close_sockets),
        cmocka_unit_test_setup_teardown(what_is_kept_goes_out_before_anything_else, open_sockets,
                                        close_sockets),
        cmocka_unit_test_setup_teardown(the_rest_is_sent_in_as_many_steps_as_it_takes, open_sockets,
                                        close_sockets),
        cmocka_unit_test_setup_teardown(a_peer_that_is_gone_is_said_to_be, open_sockets,
                                        close_sockets),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_kept, open_sockets,
                                        close_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
