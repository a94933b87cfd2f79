#include "pipeline/storage_report.h"

#include "base/error.h"
#include "base/event.h"
#include "pipeline/storage_file.h"

#include <stdio.h>

static void tell(enum event event, const char *path, const char *message, const char *reason,
                 uint64_t unwritten)
{
    struct event_values values = {
        .message = message, .texts = {[EVENT_FIELD_FILE] = path, [EVENT_FIELD_REASON] = reason}};
    event_set_number(&values, EVENT_FIELD_CHANGES, unwritten);
    event_log(event, "storage", &values);
}

void storage_report_write(const char *path, int error, const char *why, uint64_t unwritten)
{
    char message[STORAGE_FILE_TEXT + 256];
    if (error == OK) {
        snprintf(message, sizeof message, "%.200s can be written again", path);
        tell(EVENT_STORAGE_RECOVERED, path, message, NULL, unwritten);
        return;
    }
    snprintf(message, sizeof message,
             "%.200s: %s; the tables go on in memory, and are written when that is possible", path,
             why);
    tell(EVENT_STORAGE_FAILED, path, message, why, unwritten);
}

void storage_report_purge(const char *path, int error, const char *why, uint64_t unwritten)
{
    char message[STORAGE_FILE_TEXT + 256];
    if (error == OK) {
        snprintf(message, sizeof message, "%.200s: what is not needed any more can be deleted",
                 path);
        tell(EVENT_STORAGE_RECOVERED, path, message, NULL, unwritten);
        return;
    }
    snprintf(message, sizeof message,
             "%.200s: %s; what is not needed any more stays in it, and is deleted when that is "
             "possible",
             path, why);
    tell(EVENT_STORAGE_PURGE_FAILED, path, message, why, unwritten);
}

void storage_report_lost(const char *path, uint64_t unwritten, bool is_drop_left)
{
    char message[512];
    snprintf(message, sizeof message, "%.200s: the last changes could not be written%s", path,
             is_drop_left ? "; it still has tables that were dropped" : "");
    tell(EVENT_STORAGE_LOST, path, message, NULL, unwritten);
}
