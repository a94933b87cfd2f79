#include "base/crash_report.h"

#include "captured_log.h"

#include "base/crash.h"
#include "base/unloaded.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

static cJSON *lines[2];

static const char *string_in(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
}

/* The two lines of a report in JSON. */
static void report_in_json(const struct crash_cause *cause)
{
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    begin_capture();
    crash_report_write(cause);
    const char *text = end_capture();
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    for (int i = 0; i < 2; i++) {
        const char *end;
        cJSON_Delete(lines[i]);
        lines[i] = cJSON_ParseWithOpts(text, &end, false);
        assert_non_null(lines[i]);
        assert_int_equal(*end, '\n');
        text = end + 1;
    }
    assert_int_equal(*text, '\0');
    assert_string_equal(string_in(lines[0], "event"), "crash");
    assert_string_equal(string_in(lines[1], "event"), "crash_backtrace");
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(lines[1], "backtrace")) > 0);
}

static void run_nothing(void)
{
    crash_leave();
    crash_load(NULL);
    crash_about(0);
}

static void json_has_members_for_all_that_text_says(void **state)
{
    (void)state;
    static const struct crash_subject subject = {.plugin = "foo",
                                                 .version = "1.2.0",
                                                 .file = "/plugins/foo.so",
                                                 .instance = "foo#2",
                                                 .endpoint = "/ws"};
    crash_about(42);
    crash_enter(&subject, "on_message");
    report_in_json(&(struct crash_cause){.signal = SIGSEGV, .address = (void *)16});
    assert_member(lines[0], "level", "error");
    assert_member(lines[0], "module", "crash");
    assert_member(lines[0], "message",
                  "crashed (SIGSEGV at address 0x10) inside plugin 'foo' 1.2.0, hook on_message, "
                  "instance foo#2 of endpoint /ws, client 42");
    assert_member(lines[0], "signal", "SIGSEGV");
    assert_member(lines[0], "fault", "0x10");
    assert_member(lines[0], "plugin", "foo");
    assert_member(lines[0], "version", "1.2.0");
    assert_member(lines[0], "hook", "on_message");
    assert_member(lines[0], "instance", "foo#2");
    assert_member(lines[0], "endpoint", "/ws");
    assert_member(lines[0], "client", "42");
    assert_member(lines[0], "file", "/plugins/foo.so");
    run_nothing();
}

static void json_has_no_member_for_what_does_not_apply(void **state)
{
    (void)state;
    report_in_json(&(struct crash_cause){.signal = SIGABRT, .address = (void *)16});
    assert_member(lines[0], "message", "crashed (SIGABRT) outside any plugin");
    assert_null(string_in(lines[0], "fault"));
    assert_null(string_in(lines[0], "plugin"));
    assert_null(string_in(lines[0], "file"));
    report_in_json(&(struct crash_cause){.signal = 0});
    assert_member(lines[0], "message", "exit() was called outside any plugin");
    assert_null(string_in(lines[0], "signal"));
}

static void json_names_the_file_that_is_loaded(void **state)
{
    (void)state;
    crash_load("/plugins/half.so");
    report_in_json(&(struct crash_cause){.signal = SIGBUS, .address = NULL});
    assert_member(lines[0], "file", "/plugins/half.so");
    assert_member(lines[0], "fault", "0x0");
    run_nothing();
}

static void json_stays_valid_whatever_names_hold(void **state)
{
    (void)state;
    char file[4096];
    static const char *const pieces[] = {"\"\\\n", "\x01", "\xc3\xa9", "\xff"};
    struct crash_subject subject = {
        .plugin = file, .version = file, .file = file, .instance = file, .endpoint = file};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        file[0] = '\0';
        for (size_t len = 0; len + 4 < sizeof file; len += strlen(pieces[i]))
            strcpy(file + len, pieces[i]);
        crash_about(UINT64_MAX);
        crash_enter(&subject, file);
        report_in_json(&(struct crash_cause){.signal = SIGILL, .address = (void *)UINTPTR_MAX});
        assert_int_equal(strncmp(string_in(lines[0], "plugin"), i < 3 ? file : "????", 4), 0);
    }
    run_nothing();
}

/* The date is made without the C library's help. */
static void time_is_that_of_the_clock(void **state)
{
    (void)state;
    char day[32], next_day[32];
    time_t before = time(NULL);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M", gmtime(&before));
    report_in_json(&(struct crash_cause){.signal = SIGABRT});
    time_t after = time(NULL);
    strftime(next_day, sizeof next_day, "%Y-%m-%dT%H:%M", gmtime(&after));
    const char *said = string_in(lines[0], "time");
    assert_int_equal(strlen(said), strlen("2026-01-01T00:00:00.000Z"));
    assert_true(strncmp(said, day, strlen(day)) >= 0);
    assert_true(strncmp(said, next_day, strlen(next_day)) <= 0);
}

static void text_is_for_people(void **state)
{
    (void)state;
    begin_capture();
    crash_report_write(&(struct crash_cause){.signal = SIGFPE, .address = (void *)255});
    const char *text = end_capture();
    assert_memory_equal(text, "\nsluice: crashed (SIGFPE at address 0xff) outside any plugin\n",
                        61);
    assert_non_null(strstr(text, "sluice: backtrace (file+offset, for: addr2line"));
    assert_non_null(strstr(text, "+0x"));
}

/* Notes that a file was where nothing is. */
static void unload(const char *path)
{
    unloaded_note(
        &(struct unloaded_range){
            .begin = 0x1000, .end = 0x4000, .code_begin = 0x2000, .code_end = 0x3000},
        path);
}

static void code_that_was_unloaded_is_named(void **state)
{
    (void)state;
    run_nothing();
    unloaded_by_reload(3);
    unload("/plugins/gone.so");
    report_in_json(&(struct crash_cause){.signal = SIGSEGV, .address = (void *)0x2010});
    assert_member(lines[0], "message",
                  "crashed (SIGSEGV at address 0x2010) in code of /plugins/gone.so, which was "
                  "unloaded at reload 3");
    assert_member(lines[0], "file", "/plugins/gone.so");
    const cJSON *frames = cJSON_GetObjectItem(lines[1], "backtrace");
    assert_int_equal(cJSON_GetArraySize(frames), 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(frames, 0)),
                        "0x2010 /plugins/gone.so+0x1010");
}

static void data_that_was_unloaded_is_named_beside_who_looked_for_it(void **state)
{
    static const struct crash_subject subject = {.plugin = "foo",
                                                 .version = "1.2.0",
                                                 .file = "/plugins/foo.so",
                                                 .instance = "foo#2",
                                                 .endpoint = "/ws"};
    (void)state;
    unloaded_at_end();
    unload("/plugins/gone.so");
    unloaded_by_reload(0);
    crash_about(0);
    crash_enter(&subject, "on_open");
    begin_capture();
    crash_report_write(&(struct crash_cause){.signal = SIGBUS, .address = (void *)0x1010});
    const char *text = end_capture();
    run_nothing();
    assert_non_null(strstr(text, "crashed (SIGBUS at address 0x1010) at data of /plugins/gone.so, "
                                 "which was unloaded as the server ended, inside plugin 'foo' "
                                 "1.2.0, hook on_open"));
    assert_non_null(strstr(text, "sluice: plugin file: /plugins/gone.so\n"));
    assert_non_null(strstr(text, "'sluice test-plugin /plugins/gone.so' may show it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_members_for_all_that_text_says),
        cmocka_unit_test(json_has_no_member_for_what_does_not_apply),
        cmocka_unit_test(json_names_the_file_that_is_loaded),
        cmocka_unit_test(json_stays_valid_whatever_names_hold),
        cmocka_unit_test(time_is_that_of_the_clock),
        cmocka_unit_test(text_is_for_people),
        cmocka_unit_test(code_that_was_unloaded_is_named),
        cmocka_unit_test(data_that_was_unloaded_is_named_beside_who_looked_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
