#include "cli/notify.h"
#include "unit.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int manager = -1;

/* A service manager's socket under a name in the abstract namespace, which needs no file. */
static void listen_as_manager(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int len = snprintf(name, sizeof name, "@sluice-test-notify-%d", (int)getpid());
    memcpy(address.sun_path, name, (size_t)len);
    address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static int end_manager(void **state)
{
    (void)state;
    if (manager >= 0)
        close(manager);
    manager = -1;
    unsetenv("NOTIFY_SOCKET");
    notify_init();
    return 0;
}

/* What the manager has been told since the last time; empty: nothing. */
static const char *told(void)
{
    static char text[256];
    ssize_t len = recv(manager, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

static void tells_each_step_as_systemd_wants_it(void **state)
{
    (void)state;
    listen_as_manager();
    notify_init();
    notify_ready();
    assert_string_equal(told(), "READY=1\nSTATUS=serving");
    notify_stopping();
    assert_string_equal(told(), "STOPPING=1\nSTATUS=closing all clients");
    assert_string_equal(told(), "");
}

static void a_reload_comes_with_the_time_of_the_monotonic_clock(void **state)
{
    (void)state;
    int64_t said;
    listen_as_manager();
    notify_init();
    int64_t before = clock_monotonic() / 1000;
    notify_reloading();
    int64_t after = clock_monotonic() / 1000;
    const char *text = told();
    assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%" SCNd64 "\nSTATUS=", &said), 1);
    assert_in_range(said, before, after);
    assert_non_null(strstr(text, "\nSTATUS=reloading"));
}

static void children_do_not_inherit_the_socket_s_name(void **state)
{
    (void)state;
    listen_as_manager();
    notify_init();
    assert_null(getenv("NOTIFY_SOCKET"));
}

static void without_a_manager_nothing_is_told(void **state)
{
    (void)state;
    static const char *const names[] = {"", "x", "relative/path", "vsock:2:1234"};
    char name[64];
    listen_as_manager();
    snprintf(name, sizeof name, "%s", getenv("NOTIFY_SOCKET"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_init();
        notify_ready();
        assert_string_equal(told(), "");
    }
    char large[200];
    memset(large, 'a', sizeof large - 1);
    large[0] = '/';
    large[sizeof large - 1] = '\0';
    setenv("NOTIFY_SOCKET", large, 1);
    notify_init();
    notify_ready();
    assert_string_equal(told(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tells_each_step_as_systemd_wants_it, end_manager),
        cmocka_unit_test_teardown(a_reload_comes_with_the_time_of_the_monotonic_clock, end_manager),
        cmocka_unit_test_teardown(children_do_not_inherit_the_socket_s_name, end_manager),
        cmocka_unit_test_teardown(without_a_manager_nothing_is_told, end_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
