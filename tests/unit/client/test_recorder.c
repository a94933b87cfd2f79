#include "client/recorder.h"

#include "failing_memory.h"
#include "unit.h"

#include "base/log.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID UINT64_C(0xffffffff00000001) /* more than a double holds */

static char folder[] = "/tmp/sluice-test-XXXXXX";
static char path[64];
static char reason[RECORDING_FILE_TEXT_MAX];
static struct recorder *recorder;
static char *const names[] = {"X-Own-Word", "renew"};
static const struct credential_names credentials = {.items = (char **)(uintptr_t)names, .count = 2};
static const struct credential_names none;

static int set_up(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/traffic", folder);
    assert_int_equal(recorder_open(path, RECORDER_LIMIT, &recorder, reason), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recorder_close(recorder);
    recorder = NULL;
    unlink(path);
    return rmdir(folder);
}

/* The nth line of the file; NULL: there are not so many. The caller frees it. */
static cJSON *read_line(unsigned number)
{
    static char line[4096];
    FILE *file = fopen(path, "r");
    cJSON *object = NULL;
    assert_non_null(file);
    for (unsigned i = 0; i <= number; i++)
        if (fgets(line, sizeof line, file) == NULL)
            line[0] = '\0';
    fclose(file);
    if (line[0] != '\0') {
        object = cJSON_Parse(line);
        assert_non_null(object);
    }
    return object;
}

static void expect_text(const cJSON *object, const char *member, const char *expected)
{
    const cJSON *item = cJSON_GetObjectItem(object, member);
    if (expected == NULL) {
        assert_null(item);
        return;
    }
    assert_true(cJSON_IsString(item));
    assert_string_equal(item->valuestring, expected);
}

/* Records one message and expects one member of its line to be like that. */
static void expect_message(enum opcode opcode, const void *data, size_t len, const char *member,
                           const char *expected)
{
    static unsigned line;
    line = recorder_events(recorder) == 0 ? 0 : line + 1;
    recorder_on_message(recorder, ID, opcode, data, len, &credentials);
    cJSON *object = read_line(line);
    expect_text(object, "event", "message");
    expect_text(object, "client", "18446744069414584321");
    expect_text(object, "type", opcode == OPCODE_TEXT ? "text" : "binary");
    expect_text(object, member, expected);
    cJSON_Delete(object);
}

static void expect_text_message(const char *data, const char *expected)
{
    expect_message(OPCODE_TEXT, data, strlen(data), "text", expected);
}

/* -- events -- */

static void record_open(const char *identity)
{
    static const char *const header_names[] = {"Host",   "Authorization", "COOKIE",
                                               "X-Auth", "x-own-word",    "X-Plain"};
    static const char *const values[] = {"localhost", "Bearer abc", "a=b", "abc", "abc", "\xff"};
    static const struct request_source source = {.method = "GET",
                                                 .http_version = "1.1",
                                                 .path = "/ws",
                                                 .query = "room=7&access_token=abc&renew=abc",
                                                 .header_count = 6,
                                                 .header_names = header_names,
                                                 .header_values = values};
    struct request *request;
    assert_int_equal(request_create(&source, &request), OK);
    const struct recorder_client client = {.id = ID,
                                           .endpoint = "/ws",
                                           .address = "192.0.2.7",
                                           .identity = identity,
                                           .request = request};
    recorder_on_open(recorder, &client, &credentials);
    request_destroy(request);
}

static void whoever_comes_is_recorded_without_credentials(void **state)
{
    (void)state;
    record_open("ada");
    cJSON *object = read_line(0);
    expect_text(object, "event", "open");
    expect_text(object, "client", "18446744069414584321");
    expect_text(object, "endpoint", "/ws");
    expect_text(object, "address", "192.0.2.7");
    expect_text(object, "identity", "ada");
    char *text = cJSON_PrintUnformatted(object);
    assert_non_null(strstr(text, "localhost"));
    assert_non_null(strstr(text, "room"));
    assert_null(strstr(text, "abc"));
    assert_null(strstr(text, "a=b"));
    assert_non_null(strstr(text, "/w==")); /* Bytes that are no text, in base64. */
    cJSON_free(text);
    cJSON_Delete(object);
    assert_int_equal(recorder_events(recorder), 1);
}

static void a_client_without_a_name_has_none(void **state)
{
    (void)state;
    record_open(NULL);
    cJSON *object = read_line(0);
    expect_text(object, "identity", NULL);
    cJSON_Delete(object);
}

static void whoever_leaves_is_recorded_with_the_code(void **state)
{
    (void)state;
    recorder_on_close(recorder, ID, 1001);
    cJSON *object = read_line(0);
    expect_text(object, "event", "close");
    assert_int_equal(cJSON_GetObjectItem(object, "code")->valueint, 1001);
    assert_true(cJSON_GetObjectItem(object, "us")->valuedouble >= 0);
    cJSON_Delete(object);
}

/* -- messages -- */

static void text_is_recorded_as_it_is_and_other_bytes_in_base64(void **state)
{
    (void)state;
    expect_text_message("hello \"you\"\n", "hello \"you\"\n");
    expect_text_message("", "");
    expect_message(OPCODE_BINARY, "abc", 3, "base64", "YWJj");
    expect_message(OPCODE_BINARY, "abc", 3, "text", NULL);
    expect_message(OPCODE_TEXT, "a\0b", 3, "base64", "YQBi"); /* JSON's texts have no such byte. */
}

static void members_that_renew_credentials_are_emptied_wherever_they_stand(void **state)
{
    (void)state;
    expect_text_message("{\"renew\":\"abc\",\"n\":1}", "{\"renew\":\"\",\"n\":1}");
    expect_text_message("{\"a\":[{\"renew\":{\"x\":\"abc\"}}]}", "{\"a\":[{\"renew\":\"\"}]}");
    expect_text_message("{\"a\":\"renew\"}", "{\"a\":\"renew\"}"); /* A value. */
    expect_text_message("renew abc", "renew abc");                 /* No member of that name. */
}

/* Plugins may find the bytes in what is no JSON for us. */
static void what_is_no_json_and_has_such_a_member_is_left_out(void **state)
{
    (void)state;
    expect_text_message("{\"renew\":\"abc\"", "{\"renew\":\"\"}");
    expect_text_message("[\"renew\" abc", "{\"renew\":\"\"}");
}

static void without_names_every_message_is_recorded_whole(void **state)
{
    (void)state;
    recorder_on_message(recorder, ID, OPCODE_TEXT, "{\"renew\":\"abc\"}", 15, &none);
    cJSON *object = read_line(0);
    expect_text(object, "text", "{\"renew\":\"abc\"}");
    cJSON_Delete(object);
}

/* -- ends -- */

static void a_recording_goes_on_behind_a_line_that_says_so(void **state)
{
    (void)state;
    recorder_on_close(recorder, ID, 1000);
    recorder_close(recorder);
    assert_int_equal(recorder_open(path, RECORDER_LIMIT, &recorder, reason), OK);
    recorder_on_close(recorder, ID, 1001);
    cJSON *start = read_line(1), *last = read_line(2);
    expect_text(start, "event", "start");
    expect_text(last, "event", "close");
    cJSON_Delete(start);
    cJSON_Delete(last);
}

static void at_its_limit_a_recording_ends_and_the_rest_is_counted(void **state)
{
    (void)state;
    recorder_close(recorder);
    unlink(path);
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    assert_int_equal(recorder_open(path, 200, &recorder, reason), OK);
    for (unsigned i = 0; i < 10; i++)
        recorder_on_close(recorder, ID, 1000);
    assert_in_range(recorder_events(recorder), 1, 4);
    assert_int_equal(recorder_events(recorder) + recorder_lost(recorder), 10);
    assert_null(read_line((unsigned)recorder_events(recorder)));
}

static void what_cannot_be_opened_says_why(void **state)
{
    struct recorder *other = NULL;
    (void)state;
    assert_int_equal(recorder_open("/nowhere/at/all", 1000, &other, reason), ERR_SYSTEM);
    assert_string_not_equal(reason, "");
    assert_null(other);
    recorder_close(NULL);
}

static void an_event_without_memory_is_lost_or_whole(void **state)
{
    unsigned line = 0;
    bool has_failed = true;
    (void)state;
    for (unsigned nth = 1; has_failed; nth++) {
        fail_allocation(nth);
        recorder_on_message(recorder, ID, OPCODE_TEXT, "hello", 5, &credentials);
        has_failed = end_failing_allocations();
    }
    assert_true(recorder_events(recorder) > 0);
    for (; line < recorder_events(recorder); line++) {
        cJSON *object = read_line(line); /* Each line is JSON, as long as there is one. */
        assert_non_null(object);
        cJSON_Delete(object);
    }
    assert_null(read_line(line));
}

/* cJSON, which has an allocator of its own: the nth from now on fails. */
static unsigned until_failure;
static bool has_failed;

static void *allocate_or_fail(size_t size)
{
    if (until_failure > 0 && --until_failure == 0) {
        has_failed = true;
        return NULL;
    }
    return malloc(size);
}

static void without_memory_a_credential_is_not_recorded_either(void **state)
{
    static const char *const messages[] = {"{\"renew\":\"abc\"}", "{\"renew\":\"abc\"",
                                           "{\"a\":{\"renew\":\"abc\"},\"b\":[1,2]}"};
    cJSON_Hooks hooks = {.malloc_fn = allocate_or_fail, .free_fn = free};
    (void)state;
    cJSON_InitHooks(&hooks);
    for (unsigned i = 0; i < 3; i++) {
        unsigned nth = 0;
        do {
            until_failure = ++nth;
            has_failed = false;
            recorder_on_message(recorder, ID, OPCODE_TEXT, messages[i], strlen(messages[i]),
                                &credentials);
        } while (has_failed);
        assert_true(nth > 10);
    }
    until_failure = 0;
    cJSON_InitHooks(NULL);
    cJSON *object;
    for (unsigned line = 0; (object = read_line(line)) != NULL; line++) {
        char *text = cJSON_PrintUnformatted(object);
        assert_null(strstr(text, "abc"));
        cJSON_free(text);
        cJSON_Delete(object);
    }
    assert_true(recorder_lost(recorder) > 0);
}

#define recorder_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        recorder_test(whoever_comes_is_recorded_without_credentials),
        recorder_test(a_client_without_a_name_has_none),
        recorder_test(whoever_leaves_is_recorded_with_the_code),
        recorder_test(text_is_recorded_as_it_is_and_other_bytes_in_base64),
        recorder_test(members_that_renew_credentials_are_emptied_wherever_they_stand),
        recorder_test(what_is_no_json_and_has_such_a_member_is_left_out),
        recorder_test(without_names_every_message_is_recorded_whole),
        recorder_test(a_recording_goes_on_behind_a_line_that_says_so),
        recorder_test(at_its_limit_a_recording_ends_and_the_rest_is_counted),
        recorder_test(what_cannot_be_opened_says_why),
        recorder_test(an_event_without_memory_is_lost_or_whole),
        recorder_test(without_memory_a_credential_is_not_recorded_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
