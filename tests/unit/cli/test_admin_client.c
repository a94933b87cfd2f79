#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/fake_admin.h"

#include <sys/wait.h>

static struct printed printed;

/* Asks for one thing, with an answer that is canned. Returns the status. */
static int ask_once(struct fake_admin *admin, const struct admin_client_request *request,
                    struct buffer *body)
{
    fake_admin_start(admin);
    struct cli_options options = {.admin = admin->address};
    buffer_init(body, SIZE_MAX);
    struct printing printing = printing_begin();
    int status = admin_client_ask(&options, request, body);
    printing_end(&printing, &printed);
    fake_admin_end(admin);
    return status;
}

static const struct admin_client_request get_count = {.method = "GET", .path = "/api/v1/count"};

static void sends_a_request_and_takes_the_body_of_the_answer(void **state)
{
    (void)state;
    struct buffer body;
    for (int i = 0; i < 2; i++) {
        struct fake_admin admin = {.is_unix = i == 0,
                                   .answers = {HTTP_ANSWER("200 OK", "{\"clients\": 3}")}};
        assert_int_equal(ask_once(&admin, &get_count, &body), 200);
        assert_string_equal((const char *)body.data, "{\"clients\": 3}");
        buffer_release(&body);
        char expected[256];
        snprintf(expected, sizeof expected,
                 "GET /api/v1/count HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                 "Content-Length: 0\r\n\r\n",
                 i == 0 ? "localhost" : admin.address);
        assert_string_equal(admin.requests[0], expected);
        assert_string_equal(printed.error, "");
    }
}

static void sends_json_as_the_body(void **state)
{
    (void)state;
    struct buffer body;
    struct fake_admin admin = {.is_unix = true, .answers = {HTTP_ANSWER("409 Conflict", "{}")}};
    const struct admin_client_request request = {
        .method = "POST", .path = "/api/v1/reload", .json = "{\"file\": \"a\"}"};
    assert_int_equal(ask_once(&admin, &request, &body), 409);
    buffer_release(&body);
    assert_non_null(strstr(admin.requests[0], "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(admin.requests[0], "\r\nContent-Length: 13\r\n\r\n{\"file\": \"a\"}"));
}

static void sends_the_token_as_a_bearer(void **state)
{
    (void)state;
    struct buffer body;
    char path[] = "/tmp/sluice-token-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "secret\n", 7), 7);
    close(fd);
    struct fake_admin admin = {.answers = {HTTP_ANSWER("200 OK", "{}")}};
    fake_admin_start(&admin);
    const struct cli_options options = {.admin = admin.address, .token_file = path};
    buffer_init(&body, SIZE_MAX);
    assert_int_equal(admin_client_ask(&options, &get_count, &body), 200);
    buffer_release(&body);
    fake_admin_end(&admin);
    unlink(path);
    assert_non_null(strstr(admin.requests[0], "\r\nAuthorization: Bearer secret\r\n"));
}

static void expect_no_answer(const char *const *answers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer body;
        struct fake_admin admin = {.is_unix = true, .answers = {answers[i]}};
        assert_int_equal(ask_once(&admin, &get_count, &body), -1);
        buffer_release(&body);
        assert_non_null(strstr(printed.error, "gave no answer that could be understood"));
    }
}

static void what_is_no_http_is_no_answer(void **state)
{
    (void)state;
    static const char *const answers[] = {"", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\n"};
    expect_no_answer(answers, sizeof answers / sizeof *answers);
}

static void an_answer_that_is_cut_off_is_none(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\ncontent-length:11\r\nX: y\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n0123456789"};
    expect_no_answer(answers, sizeof answers / sizeof *answers);
}

static void an_answer_of_the_length_that_it_says_is_taken(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\n\r\n0123456789\r\nContent-Length: 100\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct buffer body;
        struct fake_admin admin = {.is_unix = true, .answers = {answers[i]}};
        assert_int_equal(ask_once(&admin, &get_count, &body), 200);
        assert_memory_equal(body.data, "0123456789", 10);
        buffer_release(&body);
    }
}

static void waits_for_an_answer_as_long_as_the_request_says(void **state)
{
    (void)state;
    const struct admin_client_request hasty = {
        .method = "POST", .path = "/", .patience = NS_PER_MS};
    struct fake_admin admin = {.is_unix = true};
    struct buffer body;
    fake_admin_listen(&admin); /* It is connected to, and never answers. */
    const struct cli_options options = {.admin = admin.address};
    buffer_init(&body, SIZE_MAX);
    struct printing printing = printing_begin();
    assert_int_equal(admin_client_ask(&options, &hasty, &body), -1);
    printing_end(&printing, &printed);
    buffer_release(&body);
    assert_non_null(strstr(printed.error, "has not answered yet"));
    close(admin.fd);
    unlink(admin.address + strlen("unix:"));
    rmdir(admin.folder);
}

static void says_so_if_nobody_listens(void **state)
{
    (void)state;
    struct buffer body;
    struct fake_admin admin = {.is_unix = false};
    fake_admin_bind(&admin); /* Nobody listens on its port. */
    rmdir(admin.folder);
    const char *const addresses[] = {admin.address, "unix:/nowhere/admin.sock"};
    for (size_t i = 0; i < 2; i++) {
        const struct cli_options options = {.admin = addresses[i]};
        buffer_init(&body, SIZE_MAX);
        struct printing printing = printing_begin();
        assert_int_equal(admin_client_ask(&options, &get_count, &body), -1);
        printing_end(&printing, &printed);
        buffer_release(&body);
        assert_non_null(strstr(printed.error, "sluice: no server answers on "));
        assert_non_null(strstr(printed.error, "is it running?"));
    }
    close(admin.fd);
}

static void a_socket_of_another_user_is_not_asked(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct fake_admin admin = {.is_unix = true};
    struct buffer body;
    fake_admin_listen(&admin);
    pid_t child = fork();
    if (child == 0) { /* Credentials are those of whoever calls listen. */
        _exit(setuid(65534) == 0 && listen(admin.fd, 8) == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    const struct cli_options options = {.admin = admin.address};
    buffer_init(&body, SIZE_MAX);
    struct printing printing = printing_begin();
    assert_int_equal(admin_client_ask(&options, &get_count, &body), -1);
    printing_end(&printing, &printed);
    buffer_release(&body);
    assert_non_null(strstr(printed.error, "belongs to another user"));
    close(admin.fd);
    unlink(admin.address + strlen("unix:"));
    rmdir(admin.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_request_and_takes_the_body_of_the_answer),
        cmocka_unit_test(sends_json_as_the_body),
        cmocka_unit_test(sends_the_token_as_a_bearer),
        cmocka_unit_test(what_is_no_http_is_no_answer),
        cmocka_unit_test(an_answer_that_is_cut_off_is_none),
        cmocka_unit_test(an_answer_of_the_length_that_it_says_is_taken),
        cmocka_unit_test(waits_for_an_answer_as_long_as_the_request_says),
        cmocka_unit_test(says_so_if_nobody_listens),
        cmocka_unit_test(a_socket_of_another_user_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
