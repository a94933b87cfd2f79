#include "base/thread_trace.h"

#include "base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_WAIT NS_PER_S
#define HANDLER_FRAMES 2 /* the handler, and what the kernel calls it by */

enum state { IDLE, ASKED, ANSWERING, ANSWERED };

/* One question at a time. */
static struct {
    _Atomic int state; /* enum state */
    _Atomic pid_t thread;
    sem_t answered;
    int count;
    void *frames[THREAD_TRACE_MAX + HANDLER_FRAMES];
    bool is_installed;
} question;

static int trace_signal(void)
{
    return SIGRTMAX - 2;
}

/* An answer that comes too late finds no question, or another thread's. */
static void on_trace_signal(int number)
{
    int saved = errno;
    int asked = ASKED;
    (void)number;
    if (atomic_load(&question.thread) == gettid() &&
        atomic_compare_exchange_strong(&question.state, &asked, ANSWERING)) {
        question.count = backtrace(question.frames, THREAD_TRACE_MAX + HANDLER_FRAMES);
        atomic_store(&question.state, ANSWERED);
        sem_post(&question.answered);
    }
    errno = saved;
}

void thread_trace_install(void)
{
    struct sigaction before;
    struct sigaction action = {.sa_handler = on_trace_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    void *frame[1];
    int count = backtrace(frame, 1); /* Loads what it needs now, not in the handler. */
    (void)count;
    sigemptyset(&action.sa_mask);
    if (sigaction(trace_signal(), NULL, &before) != 0 || before.sa_handler != SIG_DFL)
        return;
    sem_init(&question.answered, 0, 0);
    question.is_installed = sigaction(trace_signal(), &action, NULL) == 0;
    thread_trace_allow();
}

void thread_trace_allow(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, trace_signal());
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void wait_for_answer(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ANSWER_WAIT / NS_PER_S;
    while (sem_clockwait(&question.answered, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
        continue;
    int asked = ASKED;
    if (atomic_compare_exchange_strong(&question.state, &asked, IDLE))
        return; /* No answer, and from now on none will be taken. */
    if (atomic_load(&question.state) == ANSWERING) /* It is about to come. */
        while (sem_wait(&question.answered) != 0)
            continue;
}

size_t thread_trace(pid_t thread, void *frames[THREAD_TRACE_MAX])
{
    if (!question.is_installed)
        return 0;
    while (sem_trywait(&question.answered) == 0)
        continue;
    question.count = 0;
    atomic_store(&question.thread, thread);
    atomic_store(&question.state, ASKED);
    if (syscall(SYS_tgkill, getpid(), thread, trace_signal()) == 0)
        wait_for_answer();
    bool is_answered = atomic_exchange(&question.state, IDLE) == ANSWERED;
    if (!is_answered || question.count <= HANDLER_FRAMES)
        return 0;
    size_t count = (size_t)question.count - HANDLER_FRAMES;
    memcpy(frames, question.frames + HANDLER_FRAMES, count * sizeof *frames);
    return count;
}

void thread_trace_describe(void *frame, const char *plugin_file, char *text, size_t size)
{
    Dl_info info;
    if (dladdr(frame, &info) == 0 || info.dli_fname == NULL) {
        snprintf(text, size, "0x%llx", (unsigned long long)(uintptr_t)frame);
        return;
    }
    bool is_copy = strncmp(info.dli_fname, "/proc/self/fd/", 14) == 0;
    const char *file = is_copy && plugin_file[0] != '\0' ? plugin_file : info.dli_fname;
    size_t offset = (size_t)((char *)frame - (char *)info.dli_fbase);
    if (info.dli_sname != NULL)
        snprintf(text, size, "%s+0x%zx (%s)", file, offset, info.dli_sname);
    else
        snprintf(text, size, "%s+0x%zx", file, offset);
}
