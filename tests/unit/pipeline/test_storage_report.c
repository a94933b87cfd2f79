#include "pipeline/storage_report.h"

#include "base/error.h"
#include "captured_log.h"

static void expect_event(const char *name, const char *reason, int changes, const char *message)
{
    cJSON *line = parse_line(end_capture());
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(line, "reason");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "event")),
                        name);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "file")),
                        "/tables");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(line, "changes")->valueint, changes);
    assert_int_equal(found != NULL, reason != NULL);
    if (reason != NULL)
        assert_string_equal(cJSON_GetStringValue(found), reason);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "message")),
                        message);
    cJSON_Delete(line);
}

static void says_that_changes_wait_and_that_they_do_not_any_more(void **state)
{
    (void)state;
    begin_capture();
    storage_report_write("/tables", ERR_SYSTEM, "the disk is full", 3);
    expect_event("storage_failed", "the disk is full", 3,
                 "/tables: the disk is full; the tables go on in memory, and are written when that "
                 "is possible");
    begin_capture();
    storage_report_write("/tables", OK, "", 0);
    expect_event("storage_recovered", NULL, 0, "/tables can be written again");
}

static void says_that_nothing_can_be_deleted_and_that_it_can_again(void **state)
{
    (void)state;
    begin_capture();
    storage_report_purge("/tables", ERR_SYSTEM, "the disk is full", 0);
    expect_event("storage_purge_failed", "the disk is full", 0,
                 "/tables: the disk is full; what is not needed any more stays in it, and is "
                 "deleted when that is possible");
    begin_capture();
    storage_report_purge("/tables", OK, "", 2);
    expect_event("storage_recovered", NULL, 2,
                 "/tables: what is not needed any more can be deleted");
}

static void says_what_is_lost(void **state)
{
    (void)state;
    begin_capture();
    storage_report_lost("/tables", 7, true);
    expect_event("storage_lost", NULL, 7,
                 "/tables: the last changes could not be written; it still has tables that were "
                 "dropped");
}

static int log_events(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_that_changes_wait_and_that_they_do_not_any_more),
        cmocka_unit_test(says_that_nothing_can_be_deleted_and_that_it_can_again),
        cmocka_unit_test(says_what_is_lost),
    };
    return cmocka_run_group_tests(tests, log_events, NULL);
}
