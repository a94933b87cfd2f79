/* core/admin/admin_socket.c: what becomes of the file. */
#include "unit.h"

#include "admin/admin_internal.h"
#include "admin/admin_socket.h"
#include "base/clock.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-test-XXXXXX";
static char path[64];
static const char *failure;

static int make_folder(void **state)
{
    (void)state;
    mg_init_library(MG_FEATURES_X_DOMAIN_SOCKET);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    mg_exit_library();
    return rmdir(folder); /* which is empty again */
}

static int start_at(struct admin_listener *listener, const char *at, mode_t mode)
{
    char text[128];
    struct config config = {.front_request_timeout = NS_PER_S,
                            .front_max_header = 4096,
                            .admin_socket_mode = (int)mode};
    *listener = (struct admin_listener){.civetweb = {.workers = 1}};
    snprintf(text, sizeof text, "unix:%s", at);
    assert_int_equal(bind_address_parse(&listener->address, text, false), OK);
    failure = NULL;
    return admin_socket_start(listener, &config, &failure);
}

static void stop(struct admin_listener *listener)
{
    civetweb_context_stop(&listener->civetweb);
    admin_socket_remove(listener);
}

static bool is_served(const struct admin_listener *listener)
{
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    bool connected = connect(client, (const struct sockaddr *)&listener->address.socket_address,
                             listener->address.socket_address_len) == 0;
    close(client);
    return connected;
}

static void the_file_has_its_mode_and_goes_with_the_listener(void **state)
{
    struct admin_listener listener;
    struct stat status;
    (void)state;
    assert_int_equal(start_at(&listener, path, 0660), OK);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_true(is_served(&listener));
    stop(&listener);
    assert_int_equal(lstat(path, &status), -1);
}

static void a_missing_folder_is_made(void **state)
{
    struct admin_listener listener;
    char below[64], made[64];
    (void)state;
    snprintf(made, sizeof made, "%s/made", folder);
    snprintf(below, sizeof below, "%s/made/socket", folder);
    assert_int_equal(start_at(&listener, below, 0600), OK);
    stop(&listener);
    assert_int_equal(rmdir(made), 0);
    snprintf(below, sizeof below, "%s/none/none/socket", folder);
    assert_int_equal(start_at(&listener, below, 0600), ERR_SYSTEM);
    assert_non_null(strstr(failure, "its folder does not exist"));
}

static void a_socket_that_was_left_behind_is_replaced(void **state)
{
    struct admin_listener left, listener;
    (void)state;
    assert_int_equal(start_at(&left, path, 0600), OK);
    civetweb_context_stop(&left.civetweb);
    assert_int_equal(start_at(&listener, path, 0600), OK);
    assert_true(is_served(&listener));
    admin_socket_remove(&left); /* not its file any more */
    assert_true(is_served(&listener));
    stop(&listener);
}

static void a_socket_that_is_listened_on_is_not_replaced(void **state)
{
    struct admin_listener first, second;
    (void)state;
    assert_int_equal(start_at(&first, path, 0600), OK);
    assert_int_equal(start_at(&second, path, 0600), ERR_SYSTEM);
    assert_string_equal(failure, "another server listens there");
    assert_true(is_served(&first));
    stop(&first);
}

static void a_file_that_is_no_socket_is_not_replaced(void **state)
{
    struct admin_listener listener;
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(start_at(&listener, path, 0600), ERR_SYSTEM);
    assert_non_null(strstr(failure, "is not a socket"));
    assert_int_equal(unlink(path), 0);
}

static void a_socket_of_another_kind_is_not_replaced(void **state)
{
    struct admin_listener listener;
    (void)state;
    assert_int_equal(start_at(&listener, path, 0600), OK);
    stop(&listener);
    int other = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(other, (const struct sockaddr *)&listener.address.socket_address,
                          listener.address.socket_address_len),
                     0);
    assert_int_equal(start_at(&listener, path, 0600), ERR_SYSTEM);
    assert_non_null(strstr(failure, "something else uses"));
    close(other);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_has_its_mode_and_goes_with_the_listener),
        cmocka_unit_test(a_missing_folder_is_made),
        cmocka_unit_test(a_socket_that_was_left_behind_is_replaced),
        cmocka_unit_test(a_socket_that_is_listened_on_is_not_replaced),
        cmocka_unit_test(a_file_that_is_no_socket_is_not_replaced),
        cmocka_unit_test(a_socket_of_another_kind_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
