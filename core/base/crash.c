#include "base/crash.h"

#include "base/crash_report.h"
#include "base/log.h"

#include <execinfo.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)64 * 1024)

_Thread_local struct crash_running crash_here;
static _Thread_local void *stack;

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)
static struct sigaction before[SIGNAL_COUNT];

/* The signal comes again when this returns, and meets what was there before us: a sanitizer, or the
 * default action, which ends the process. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaction(signals[i], &before[i], NULL);
    log_rescue(); /* What led to it comes first. */
    crash_report_write(&(struct crash_cause){.signal = number, .address = info->si_addr});
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
    crash_report_write(&(struct crash_cause){.signal = 0});
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
