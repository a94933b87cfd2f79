/*
 * shifted_clock: preloaded into the server, it sets the wall clock that the server sees.
 *
 * Each SIGUSR2 sets it forward by SHIFTED_CLOCK_SECONDS (from the environment), as an operator or
 * NTP would; that is told on standard error, when it has happened. Time that only passes
 * (monotonic) is left alone, as the kernel leaves it alone then.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static _Atomic time_t shift;
static time_t step;

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += atomic_load(&shift);
    return result;
}

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
        return -1;
    *now = (struct timeval){.tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000};
    return 0;
}

EXPORT time_t time(time_t *out)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

static void set_forward(int number)
{
    static const char told[] = "shifted_clock: set forward\n";
    (void)number;
    atomic_fetch_add(&shift, step);
    ssize_t written = write(STDERR_FILENO, told, sizeof told - 1);
    (void)written; /* Without standard error there is no test that waits for it. */
}

__attribute__((constructor)) static void prepare(void)
{
    struct sigaction action = {.sa_handler = set_forward, .sa_flags = SA_RESTART};
    const char *seconds = getenv("SHIFTED_CLOCK_SECONDS");
    step = seconds != NULL ? strtol(seconds, NULL, 10) : 0;
    sigaction(SIGUSR2, &action, NULL);
}
