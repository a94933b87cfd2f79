#include "workbench/situation.h"

#include "base/thread_trace.h"
#include "workbench/borrowed.h"
#include "workbench/fake.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_FAILED 101
#define STATUS_SKIPPED 102
#define STACK_SIZE ((size_t)64 * 1024)

struct situation *situation;
static unsigned hook_limit; /* ms */

/* -- in the check's process -- */

void situation_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(situation->sentence, sizeof situation->sentence, format, arguments);
    va_end(arguments);
    _exit(STATUS_FAILED);
}

void situation_fail_first(const struct diagnostics *diagnostics, int error)
{
    const struct diagnostic *first = &diagnostics->items[0];
    if (diagnostics->count == 0)
        situation_fail("%s", error_text(error));
    situation_fail("%s:%u:%u: %s", first->position.file, first->position.line,
                   first->position.column, first->text);
}

void situation_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(situation->skipped, sizeof situation->skipped, format, arguments);
    va_end(arguments);
    _exit(STATUS_SKIPPED);
}

void situation_doing(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(situation->doing, sizeof situation->doing, format, arguments);
    va_end(arguments);
}

static void set_timer(unsigned milliseconds)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_usec = (milliseconds % 1000) * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

void situation_enter(const char *hook, unsigned milliseconds)
{
    hook_limit = milliseconds;
    snprintf(situation->hook, sizeof situation->hook, "%s", hook);
    set_timer(milliseconds);
}

void situation_leave(void)
{
    set_timer(0);
    situation->hook[0] = '\0';
}

static void on_alarm(int number)
{
    (void)number;
    situation_fail("%s did not return within %u ms; a hook must not block: use host->offload for "
                   "what takes long, or host->defer and answer later (--hook-timeout changes the "
                   "limit)",
                   situation->hook, hook_limit);
}

static void fail_with_sentence(const char *sentence)
{
    if (fake_has_left_thread())
        situation->scope = SCOPE_THREADS;
    situation_fail("%s", sentence);
}

void situation_begin_host(void)
{
    static const struct fake_observer observer = {
        .fail = fail_with_sentence, .enter = situation_enter, .leave = situation_leave};
    thread_trace_install();
    fake_begin(&observer, true);
}

/* Where a fault comes from a loan, that is the explanation. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    enum borrowed_misuse misuse = BORROWED_OVER;
    const char *what = borrowed_find(info->si_addr, &misuse);
    const char *hook = situation->hook[0] != '\0' ? situation->hook : "a thread of the plugin";
    (void)context;
    if (what != NULL && misuse == BORROWED_OVER)
        situation_fail("%s used %s after it was no longer lent: what a hook is handed is borrowed "
                       "until it returns (or its deferral is over); copy what must last",
                       hook, what);
    if (what != NULL && misuse == BORROWED_WRITTEN)
        situation_fail(
            "%s wrote to %s: what a hook is handed is only to be read, other plugins and "
            "clients get it too; change a message with host->message_replace",
            hook, what);
    if (what != NULL)
        situation_fail("%s read or wrote past the end of %s: strings have a length and are not "
                       "zero-terminated",
                       hook, what);
    situation_fail("%s crashed with %s at address %p", hook,
                   number == SIGSEGV  ? "SIGSEGV"
                   : number == SIGBUS ? "SIGBUS"
                   : number == SIGFPE ? "SIGFPE"
                                      : "SIGILL",
                   info->si_addr);
}

static void catch_signals(void)
{
    static void *memory; /* of the stack; kept here, since a leak checker does not ask the kernel */
    memory = malloc(STACK_SIZE);
    stack_t stack = {.ss_sp = memory, .ss_size = STACK_SIZE};
    struct sigaction alarm = {.sa_handler = on_alarm};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (stack.ss_sp != NULL)
        sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGBUS, &fault, NULL);
    sigaction(SIGFPE, &fault, NULL);
    sigaction(SIGILL, &fault, NULL);
    sigaction(SIGALRM, &alarm, NULL);
}

/* -- in the watching process -- */

static void collect(int from, char *output, size_t size, size_t *len)
{
    char piece[4096];
    ssize_t got;
    while ((got = read(from, piece, sizeof piece)) > 0) {
        size_t room = size - 1 - *len;
        size_t take = (size_t)got < room ? (size_t)got : room;
        memcpy(output + *len, piece, take);
        *len += take;
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the end of the check. Returns its wait status, or -1 if it had to be killed. */
static int watch(pid_t child, int from, unsigned seconds, char *output, size_t size)
{
    int64_t deadline = now_ms() + (int64_t)seconds * 1000;
    size_t len = 0;
    int status = 0;
    bool in_time = true;
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct pollfd watched = {.fd = from, .events = POLLIN};
        poll(&watched, 1, 5);
        collect(from, output, size, &len);
        if (now_ms() < deadline)
            continue;
        in_time = false;
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        break;
    }
    collect(from, output, size, &len);
    output[len] = '\0';
    return in_time ? status : -1;
}

static void explain_abort(const char *output)
{
    bool is_free = strstr(output, "free()") != NULL || strstr(output, "munmap_chunk") != NULL ||
                   strstr(output, "realloc()") != NULL || strstr(output, "attempting free") != NULL;
    const char *hook = situation->hook[0] != '\0' ? situation->hook : "the plugin";
    if (is_free)
        snprintf(situation->sentence, sizeof situation->sentence,
                 "%s freed memory that is not its own: what a hook is handed is borrowed and never "
                 "freed, and what host->allocate gave goes to host->release",
                 hook);
    else
        snprintf(situation->sentence, sizeof situation->sentence, "%s aborted the process", hook);
}

static enum outcome judge(int status, const char *output)
{
    if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OUTCOME_PASSED;
    if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIPPED)
        return OUTCOME_SKIPPED;
    if (situation->sentence[0] != '\0')
        return OUTCOME_FAILED;
    if (status < 0)
        snprintf(situation->sentence, sizeof situation->sentence,
                 "did not end in time; is a thread of the plugin stuck?");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        explain_abort(output);
    else if (WIFSIGNALED(status))
        snprintf(situation->sentence, sizeof situation->sentence, "died of signal %d",
                 WTERMSIG(status));
    else if (strstr(output, "Sanitizer") != NULL)
        snprintf(situation->sentence, sizeof situation->sentence,
                 "a sanitizer reported an error, see below");
    else
        snprintf(situation->sentence, sizeof situation->sentence,
                 "ended the process with status %d; a plugin must never exit", WEXITSTATUS(status));
    return OUTCOME_FAILED;
}

enum outcome situation_run(void (*check)(void *argument), void *argument, unsigned seconds,
                           char *output, unsigned long output_size)
{
    int ends[2];
    output[0] = '\0';
    if (situation == NULL)
        situation = mmap(NULL, sizeof *situation, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *situation = (struct situation){.scope = SCOPE_CHECK};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return OUTCOME_FAILED;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        catch_signals();
        check(argument);
        _exit(0);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int status = child > 0 ? watch(child, ends[0], seconds, output, output_size) : -1;
    close(ends[0]);
    return judge(status, output);
}
