#include "base/crash_report.h"

#include "base/crash.h"
#include "base/crash_text.h"
#include "base/log.h"
#include "base/unloaded.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define FRAMES_MAX 64
#define FRAME_MAX (2 * CRASH_VALUE_MAX + 128)

/* -- whom it is about -- */

static const char *signal_name(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGILL:
        return "SIGILL";
    case SIGFPE:
        return "SIGFPE";
    default:
        return "SIGABRT";
    }
}

static bool has_address(const struct crash_cause *cause)
{
    return cause->signal != 0 && cause->signal != SIGABRT;
}

static const char *file_being_loaded(void)
{
    return atomic_load_explicit(&crash_here.loading, memory_order_relaxed);
}

/* The plugin file whose code runs, or NULL. */
static const char *file_running(void)
{
    const struct crash_subject *subject = crash_current();
    return subject != NULL ? subject->file : file_being_loaded();
}

/* The file that is not loaded any more and whose code or data was looked for, or NULL. */
static const struct unloaded_file *file_gone(const struct crash_cause *cause)
{
    return has_address(cause) ? unloaded_find(cause->address) : NULL;
}

/* The plugin file that the report is about, or NULL. */
static const char *file_concerned(const struct crash_cause *cause)
{
    const struct unloaded_file *gone = file_gone(cause);
    return gone != NULL ? gone->path : file_running();
}

static const char *hook_concerned(void)
{
    return atomic_load_explicit(&crash_here.hook, memory_order_relaxed);
}

static uint64_t client_concerned(void)
{
    return atomic_load_explicit(&crash_here.client_id, memory_order_relaxed);
}

/* -- the sentence, which both forms begin with -- */

static void put_cause(struct crash_text *report, const struct crash_cause *cause)
{
    if (cause->signal == 0) {
        crash_put(report, "exit() was called");
        return;
    }
    crash_put(report, "crashed (");
    crash_put(report, signal_name(cause->signal));
    if (has_address(cause)) {
        crash_put(report, " at address 0x");
        crash_put_number(report, (uint64_t)(uintptr_t)cause->address, 16, 1);
    }
    crash_put(report, ")");
}

static void put_hook(struct crash_text *report, const struct crash_subject *subject)
{
    crash_put(report, " inside plugin '");
    crash_put_or(report, subject->plugin, "?");
    crash_put(report, "' ");
    crash_put_or(report, subject->version, "?");
    crash_put(report, ", hook ");
    crash_put_or(report, hook_concerned(), "?");
    crash_put(report, ", instance ");
    crash_put_or(report, subject->instance, "?");
    crash_put(report, " of endpoint ");
    crash_put_or(report, subject->endpoint, "?");
    if (client_concerned() != 0) {
        crash_put(report, ", client ");
        crash_put_number(report, client_concerned(), 10, 1);
    }
}

static void put_gone(struct crash_text *report, const struct crash_cause *cause,
                     const struct unloaded_file *gone)
{
    crash_put(report, unloaded_is_code(gone, cause->address) ? " in code of " : " at data of ");
    crash_put_escaped(report, gone->path);
    crash_put(report, ", which was unloaded");
    if (gone->at_end) {
        crash_put(report, " as the server ended");
    } else if (gone->reload > 0) {
        crash_put(report, " at reload ");
        crash_put_number(report, gone->reload, 10, 1);
    }
}

static void put_sentence(struct crash_text *report, const struct crash_cause *cause)
{
    const struct unloaded_file *gone = file_gone(cause);
    put_cause(report, cause);
    if (gone != NULL)
        put_gone(report, cause, gone);
    if (gone != NULL && file_running() != NULL)
        crash_put(report, ",");
    if (crash_current() != NULL)
        put_hook(report, crash_current());
    else if (file_being_loaded() != NULL)
        crash_put(report, " while loading a plugin");
    else if (gone == NULL)
        crash_put(report, " outside any plugin");
}

/* -- how it came to that -- */

/* Nobody can read the code that is gone, so nobody can tell who has called it. */
static int take_frames(const struct crash_cause *cause, void *frames[FRAMES_MAX])
{
    const struct unloaded_file *gone = file_gone(cause);
    if (gone == NULL || !unloaded_is_code(gone, cause->address))
        return backtrace(frames, FRAMES_MAX);
    frames[0] = (void *)(uintptr_t)cause->address;
    return 1;
}

static void put_place(struct crash_text *report, const char *file, uintptr_t offset)
{
    crash_put(report, " ");
    crash_put_escaped(report, file);
    crash_put(report, "+0x");
    crash_put_number(report, offset, 16, 1);
}

/* A plugin is loaded from a private copy, so the name that the loader knows helps nobody: the file
 * that it was copied from and the offset in it do. */
static void put_frame(struct crash_text *report, void *address)
{
    Dl_info info;
    const char *plugin_file = file_running();
    const struct unloaded_file *gone = unloaded_find(address);
    crash_put(report, "0x");
    crash_put_number(report, (uint64_t)(uintptr_t)address, 16, 1);
    if (gone != NULL)
        put_place(report, gone->path, (uintptr_t)address - gone->range.begin);
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        return;
    bool is_copy = strncmp(info.dli_fname, "/proc/self/fd/", 14) == 0;
    put_place(report, is_copy && plugin_file != NULL ? plugin_file : info.dli_fname,
              (uintptr_t)address - (uintptr_t)info.dli_fbase);
    if (info.dli_sname != NULL) {
        crash_put(report, " (");
        crash_put_escaped(report, info.dli_sname);
        crash_put(report, ")");
    }
}

/* -- text -- */

static void put_advice(struct crash_text *report, const struct crash_cause *cause)
{
    if (cause->signal == 0) {
        crash_put(report,
                  "sluice: a plugin must not end the process; a hook says what is wrong with its "
                  "verdict, and create by failing\n");
    } else if (file_gone(cause) != NULL) {
        crash_put(report, "sluice: a thread, a callback or a pointer of the plugin outlived it: "
                          "destroy ends and joins what create has begun; 'sluice test-plugin ");
        crash_put_or(report, file_concerned(cause), "FILE");
        crash_put(report, "' may show it\n");
    } else if (crash_current() != NULL) {
        crash_put(report, "sluice: this is a fault of the plugin, or of what it was given; 'sluice "
                          "test-plugin ");
        crash_put_or(report, file_concerned(cause), "FILE");
        crash_put(report, "' may show it, and its author needs this text\n");
    }
}

static void put_text(struct crash_text *report, const struct crash_cause *cause)
{
    void *frames[FRAMES_MAX];
    crash_put(report, "\nsluice: ");
    put_sentence(report, cause);
    crash_put(report, "\n");
    if (file_concerned(cause) != NULL || crash_current() != NULL) {
        crash_put(report, "sluice: plugin file: ");
        crash_put_or(report, file_concerned(cause), "?");
        crash_put(report, "\n");
    }
    crash_text_write(report); /* Before what may go wrong itself. */
    int count = take_frames(cause, frames);
    crash_put(report, "sluice: backtrace (file+offset, for: addr2line -f -e FILE OFFSET):\n");
    for (int i = 0; i < count; i++) {
        crash_put(report, "  ");
        put_frame(report, frames[i]);
        crash_put(report, "\n");
    }
    put_advice(report, cause);
}

/* -- JSON -- */

static void put_member(struct crash_text *report, const char *name, const char *text)
{
    if (text == NULL)
        return;
    crash_put(report, ",\"");
    crash_put(report, name);
    crash_put(report, "\":\"");
    crash_put_escaped(report, text);
    crash_put(report, "\"");
}

static unsigned days_of_month(uint64_t year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 1 && is_leap ? 1 : 0);
}

/* gmtime_r need not be safe in a signal handler. */
static void put_date(struct crash_text *report, uint64_t days)
{
    uint64_t year = 1970;
    unsigned month = 0;
    while (days >= days_of_month(year, month)) {
        days -= days_of_month(year, month);
        month = (month + 1) % 12;
        year += month == 0;
    }
    crash_put_number(report, year, 10, 4);
    crash_put(report, "-");
    crash_put_number(report, month + 1, 10, 2);
    crash_put(report, "-");
    crash_put_number(report, days + 1, 10, 2);
}

static void put_time(struct crash_text *report)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seconds = (uint64_t)now.tv_sec;
    put_date(report, seconds / 86400);
    crash_put(report, "T");
    crash_put_number(report, seconds / 3600 % 24, 10, 2);
    crash_put(report, ":");
    crash_put_number(report, seconds / 60 % 60, 10, 2);
    crash_put(report, ":");
    crash_put_number(report, seconds % 60, 10, 2);
    crash_put(report, ".");
    crash_put_number(report, (uint64_t)now.tv_nsec / 1000000, 10, 3);
    crash_put(report, "Z");
}

static void put_subject_members(struct crash_text *report, const struct crash_subject *subject)
{
    put_member(report, "plugin", subject->plugin);
    put_member(report, "version", subject->version);
    put_member(report, "hook", hook_concerned());
    put_member(report, "instance", subject->instance);
    put_member(report, "endpoint", subject->endpoint);
    if (client_concerned() != 0) {
        crash_put(report, ",\"client\":\"");
        crash_put_number(report, client_concerned(), 10, 1);
        crash_put(report, "\"");
    }
}

static void put_line_head(struct crash_text *report)
{
    crash_put(report, "{\"time\":\"");
    put_time(report);
    crash_put(report, "\",\"level\":\"error\",\"module\":\"crash\",\"message\":\"");
}

static void put_crash_line(struct crash_text *report, const struct crash_cause *cause)
{
    put_line_head(report);
    put_sentence(report, cause);
    crash_put(report, "\",\"event\":\"crash\"");
    if (cause->signal != 0)
        put_member(report, "signal", signal_name(cause->signal));
    if (has_address(cause)) {
        crash_put(report, ",\"fault\":\"0x");
        crash_put_number(report, (uint64_t)(uintptr_t)cause->address, 16, 1);
        crash_put(report, "\"");
    }
    if (crash_current() != NULL)
        put_subject_members(report, crash_current());
    put_member(report, "file", file_concerned(cause));
    crash_put(report, "}\n");
}

static void put_backtrace_line(struct crash_text *report, const struct crash_cause *cause)
{
    void *frames[FRAMES_MAX];
    int count = take_frames(cause, frames);
    put_line_head(report);
    crash_put(report, "how it came to that (file+offset, for: addr2line -f -e FILE OFFSET)\","
                      "\"event\":\"crash_backtrace\",\"backtrace\":[");
    for (int i = 0; i < count && report->len < CRASH_TEXT_MAX - FRAME_MAX; i++) {
        crash_put(report, i == 0 ? "\"" : ",\"");
        put_frame(report, frames[i]);
        crash_put(report, "\"");
    }
    crash_put(report, "]}\n");
}

static void put_json(struct crash_text *report, const struct crash_cause *cause)
{
    put_crash_line(report, cause);
    crash_text_write(report); /* Before what may go wrong itself. */
    put_backtrace_line(report, cause);
}

void crash_report_write(const struct crash_cause *cause)
{
    struct crash_text report;
    report.len = 0;
    report.is_json = log_is_json();
    if (report.is_json)
        put_json(&report, cause);
    else
        put_text(&report, cause);
    crash_text_write(&report);
}
