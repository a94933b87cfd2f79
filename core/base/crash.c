#include "base/crash.h"

#include "base/log.h"
#include "base/log_queue.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)64 * 1024)
#define FRAMES_MAX 64
#define SINK_PATIENCE 2000 /* ms */

_Thread_local struct crash_running crash_here;
static _Thread_local void *stack;

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)
static struct sigaction before[SIGNAL_COUNT];

/* -- writing, without the C library's help -- */

/* Where nothing is taken: the rest is not tried there. */
static volatile sig_atomic_t is_error_unread, is_log_unread;

/* Whether the log goes where standard error does. */
static bool is_log_on_standard_error(void)
{
    struct stat error, log;
    return log_sink() == STDERR_FILENO ||
           (fstat(STDERR_FILENO, &error) == 0 && fstat(log_sink(), &log) == 0 &&
            error.st_dev == log.st_dev && error.st_ino == log.st_ino);
}

static void put_to(int fd, const char *text, volatile sig_atomic_t *is_unread)
{
    if (!*is_unread && !log_write_patiently(fd, text, strlen(text), SINK_PATIENCE))
        *is_unread = true; /* There is nobody left to tell. */
}

/* A report that nobody reads must not keep the process from ending. It goes to standard error, and
 * to the log if that is a file. */
static void put(const char *text)
{
    put_to(STDERR_FILENO, text, &is_error_unread);
    if (!is_log_on_standard_error())
        put_to(log_sink(), text, &is_log_unread);
}

static void put_number(uint64_t value, unsigned base)
{
    static const char digits[] = "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;
    text[--at] = '\0';
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value > 0);
    put(text + at);
}

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

static void put_or(const char *text, const char *otherwise)
{
    put(text != NULL ? text : otherwise);
}

/* -- the report -- */

static const char *file_being_loaded(void)
{
    return atomic_load_explicit(&crash_here.loading, memory_order_relaxed);
}

/* The plugin file that the report is about, or NULL. */
static const char *file_concerned(void)
{
    const struct crash_subject *subject = crash_current();
    return subject != NULL ? subject->file : file_being_loaded();
}

static void put_hook(const struct crash_subject *subject)
{
    uint64_t client_id = atomic_load_explicit(&crash_here.client_id, memory_order_relaxed);
    put(" inside plugin '");
    put_or(subject->plugin, "?");
    put("' ");
    put_or(subject->version, "?");
    put(", hook ");
    put_or(atomic_load_explicit(&crash_here.hook, memory_order_relaxed), "?");
    put(", instance ");
    put_or(subject->instance, "?");
    put(" of endpoint ");
    put_or(subject->endpoint, "?");
    if (client_id != 0) {
        put(", client ");
        put_number(client_id, 10);
    }
}

/* In whose code; then, on a line of its own, the plugin's file. */
static void put_subject(void)
{
    const struct crash_subject *subject = crash_current();
    if (subject != NULL) {
        put_hook(subject);
    } else if (file_being_loaded() != NULL) {
        put(" while loading a plugin");
    } else {
        put(" outside any plugin\n");
        return;
    }
    put("\nsluice: plugin file: ");
    put_or(file_concerned(), "?");
    put("\n");
}

/* A plugin is loaded from a private copy, so the name that the loader knows helps nobody: the file
 * that it was copied from and the offset in it do. */
static void put_frame(void *address, const char *plugin_file)
{
    Dl_info info;
    bool is_known = dladdr(address, &info) != 0 && info.dli_fname != NULL;
    bool is_copy = is_known && strncmp(info.dli_fname, "/proc/self/fd/", 14) == 0;
    put("  0x");
    put_number((uint64_t)(uintptr_t)address, 16);
    if (is_known) {
        put(" ");
        put(is_copy && plugin_file != NULL ? plugin_file : info.dli_fname);
        put("+0x");
        put_number((uint64_t)((char *)address - (char *)info.dli_fbase), 16);
        if (info.dli_sname != NULL) {
            put(" (");
            put(info.dli_sname);
            put(")");
        }
    }
    put("\n");
}

static void put_backtrace(const char *plugin_file)
{
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    put("sluice: backtrace (file+offset, for: addr2line -f -e FILE OFFSET):\n");
    for (int i = 0; i < count; i++)
        put_frame(frames[i], plugin_file);
}

static void report(int number, const siginfo_t *info)
{
    const struct crash_subject *subject = crash_current();
    put("\nsluice: crashed (");
    put(signal_name(number));
    if (number != SIGABRT) {
        put(" at address 0x");
        put_number((uint64_t)(uintptr_t)info->si_addr, 16);
    }
    put(")");
    put_subject();
    put_backtrace(file_concerned());
    if (subject != NULL) {
        put("sluice: this is a fault of the plugin, or of what it was given; 'sluice test-plugin ");
        put_or(subject->file, "FILE");
        put("' may show it, and its author needs this text\n");
    }
}

/* The signal comes again when this returns, and meets what was there before us: a sanitizer, or the
 * default action, which ends the process. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &before[i], NULL);
    log_rescue(); /* What led to it comes first. */
    report(number, info);
    bool comes_again = info->si_code > 0 && number != SIGABRT;
    if (!comes_again)
        raise(number);
}

void crash_install(void)
{
    void *frame[1];
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    int count = backtrace(frame, 1); /* Loads what it needs now, not in the handler. */
    (void)count;
    crash_prepare_thread();
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &action, &before[i]);
}

/* -- exit() -- */

static pid_t watched_process; /* 0: exit() is nothing special */

/* Runs on the thread that has called exit(); the others go on, so nothing is taken down. A process
 * that a plugin has forked ends as it likes. */
static void on_exit_call(void)
{
    if (watched_process == 0 || watched_process != getpid())
        return;
    log_rescue();
    put("\nsluice: exit() was called");
    put_subject();
    put_backtrace(file_concerned());
    put("sluice: a plugin must not end the process; a hook says what is wrong with its verdict, "
        "and "
        "create by failing\n");
    _exit(EXIT_FAILURE);
}

void crash_watch_exit(void)
{
    static bool is_registered;
    watched_process = getpid();
    if (!is_registered)
        is_registered = atexit(on_exit_call) == 0 && at_quick_exit(on_exit_call) == 0;
}

void crash_expect_exit(void)
{
    watched_process = 0;
}

/* -- stacks -- */

void crash_prepare_thread(void)
{
    if (stack != NULL)
        return;
    stack = malloc(STACK_SIZE);
    if (stack == NULL)
        return;
    stack_t alternate = {.ss_sp = stack, .ss_size = STACK_SIZE};
    stack_t old;
    /* A sanitizer's own is as good. */
    if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE) != 0 &&
        sigaltstack(&alternate, NULL) == 0)
        return;
    free(stack);
    stack = NULL;
}

void crash_release_thread(void)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    if (stack == NULL)
        return;
    sigaltstack(&none, NULL);
    free(stack);
    stack = NULL;
}
