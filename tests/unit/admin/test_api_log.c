/* core/admin/api_log.c over HTTP. */
#include "admin/admin_fixture.h"

#include "base/log.h"
#include "base/log_file.h"

#include <stdlib.h>
#include <unistd.h>

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "endpoints: [{path: /ws}]\n", NULL);
    return 0;
}

static int ask_to_reopen(void)
{
    return ask_admin(&fixture, "POST /api/v1/log/reopen", "Content-Length: 0\r\n", NULL);
}

static void without_a_file_there_is_nothing_to_reopen(void **state)
{
    (void)state;
    assert_int_equal(ask_to_reopen(), 409);
    cJSON *body = answered_json(&fixture);
    assert_string_equal(string_in(body, "error"), "not reopened");
    assert_non_null(strstr(string_in(body, "detail"), "log.file"));
    cJSON_Delete(body);
}

static void a_file_is_opened_again_or_the_answer_says_why_not(void **state)
{
    (void)state;
    char folder[] = "/tmp/sluice-api-log-XXXXXX", path[64], text[LOG_FILE_TEXT_MAX];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sluice.log", folder);
    assert_int_equal(log_start(1 << 16), OK);
    int fd = log_file_open(path, text);
    assert_int_equal(log_file_use(path, fd), OK);
    unlink(path);
    assert_int_equal(ask_to_reopen(), 200);
    cJSON *body = answered_json(&fixture);
    assert_string_equal(string_in(body, "file"), path);
    cJSON_Delete(body);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(ask_to_reopen(), 500);
    body = answered_json(&fixture);
    assert_non_null(strstr(string_in(body, "detail"), "No such file or directory"));
    cJSON_Delete(body);
    log_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_there_is_nothing_to_reopen),
        cmocka_unit_test(a_file_is_opened_again_or_the_answer_says_why_not),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
