#include "cli/interruption.h"

#include "base/clock.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t has_come;

static void note_signal(int number)
{
    (void)number;
    has_come = 1;
}

void interruption_note(void)
{
    struct sigaction action = {.sa_handler = note_signal,
                               .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    has_come = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interruption_came(void)
{
    return has_come != 0;
}

int interruption_poll(struct pollfd *fds, nfds_t count, int64_t ns)
{
    sigset_t blocked, before;
    int ready = 0;
    const int64_t left = ns > 0 ? ns : 0;
    const struct timespec time = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    /* A signal between the look and the wait must not be missed. */
    sigprocmask(SIG_BLOCK, &blocked, &before);
    if (!interruption_came())
        ready = ppoll(fds, count, &time, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ready > 0 ? ready : 0;
}

void interruption_wait(int64_t ns)
{
    interruption_poll(NULL, 0, ns);
}
