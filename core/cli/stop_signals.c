#include "cli/stop_signals.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/watched.h"
#include "config/config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SECOND_PATIENCE (2 * NS_PER_S) /* for an orderly end after the second signal */

struct stop_signals {
    pthread_t thread;
    int signal_fd;
    int pipe[2];              /* to the main thread */
    int end_fd;               /* the server has ended */
    _Atomic int64_t patience; /* ns for an orderly end; INT64_MAX: for ever */
    atomic_bool has_reload;   /* in the pipe, not yet taken; and the log's reopening */
    atomic_bool has_reopen;
    unsigned stops;   /* SIGINT and SIGTERM so far; the thread's */
    int64_t first;    /* when the first one came; the thread's */
    int64_t deadline; /* the thread's; INT64_MAX: none */
};

static void tell(void *context, const char *thread, const char *what)
{
    (void)context;
    log_error("serve", "%s is still in %s", thread, what);
}

static _Noreturn void end_by_force(const struct stop_signals *signals)
{
    log_error("serve", "the server has not ended %" PRId64 " ms after the %s signal: it is cut off",
              (clock_monotonic() - signals->first) / NS_PER_MS,
              signals->stops > 1 ? "first" : "stop");
    watched_tell(tell, NULL);
    log_stop();
    _exit(EXIT_FAILURE);
}

static void count_stop(struct stop_signals *signals)
{
    int64_t now = clock_monotonic();
    int64_t patience = atomic_load_explicit(&signals->patience, memory_order_relaxed);
    signals->stops++;
    if (signals->stops == 1) {
        signals->first = now;
        signals->deadline = patience < INT64_MAX - now ? now + patience : INT64_MAX;
    } else if (signals->stops == 2 && now + SECOND_PATIENCE < signals->deadline) {
        signals->deadline = now + SECOND_PATIENCE;
    } else if (signals->stops > 2) {
        signals->deadline = now;
    }
}

/* The mark of a signal that may wait once only, or NULL. */
static atomic_bool *mark_of(struct stop_signals *signals, int number)
{
    if (number == SIGHUP)
        return &signals->has_reload;
    return number == SIGUSR1 ? &signals->has_reopen : NULL;
}

/* A reload that has not begun stands for all that are asked for until it does, and so does a
 * reopening of the log: however many they are, a stop comes right behind them. */
static void take_signal(struct stop_signals *signals)
{
    struct signalfd_siginfo info;
    if (read(signals->signal_fd, &info, sizeof info) != sizeof info)
        return;
    unsigned char number = (unsigned char)info.ssi_signo;
    atomic_bool *mark = mark_of(signals, number);
    if (mark == NULL)
        count_stop(signals);
    else if (atomic_exchange(mark, true))
        return;
    ssize_t written = write(signals->pipe[1], &number, 1);
    (void)written; /* A pipe that is full of signals says enough. */
}

static int wait_milliseconds(const struct stop_signals *signals)
{
    if (signals->deadline == INT64_MAX)
        return -1;
    int64_t left = signals->deadline - clock_monotonic();
    return left <= 0 ? 0 : (int)(left / NS_PER_MS + 1);
}

static void *wait_for_signals(void *argument)
{
    struct stop_signals *signals = argument;
    struct pollfd watched[] = {{.fd = signals->signal_fd, .events = POLLIN},
                               {.fd = signals->end_fd, .events = POLLIN}};
    for (;;) {
        int count = poll(watched, 2, wait_milliseconds(signals));
        if (count > 0 && watched[1].revents != 0)
            return NULL;
        if (count > 0 && watched[0].revents != 0)
            take_signal(signals);
        if (clock_monotonic() >= signals->deadline)
            end_by_force(signals);
    }
}

static int open_descriptors(struct stop_signals *signals, const sigset_t *set)
{
    signals->signal_fd = signalfd(-1, set, SFD_CLOEXEC);
    signals->end_fd = eventfd(0, EFD_CLOEXEC);
    bool has_pipe = pipe2(signals->pipe, O_CLOEXEC | O_NONBLOCK) == 0;
    return has_pipe && signals->signal_fd >= 0 && signals->end_fd >= 0 ? OK : ERR_SYSTEM;
}

static void close_one(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void dispose(struct stop_signals *signals)
{
    close_one(signals->signal_fd);
    close_one(signals->end_fd);
    close_one(signals->pipe[0]);
    close_one(signals->pipe[1]);
    free(signals);
}

int stop_signals_create(const struct config *config, struct stop_signals **out)
{
    sigset_t set;
    struct stop_signals *signals = calloc(1, sizeof *signals);
    if (signals == NULL)
        return ERR_NO_MEMORY;
    signals->signal_fd = signals->end_fd = signals->pipe[0] = signals->pipe[1] = -1;
    signals->deadline = INT64_MAX;
    stop_signals_configure(signals, config);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (open_descriptors(signals, &set) != OK ||
        pthread_create(&signals->thread, NULL, wait_for_signals, signals) != 0) {
        dispose(signals);
        return ERR_SYSTEM;
    }
    pthread_setname_np(signals->thread, "signals");
    *out = signals;
    return OK;
}

void stop_signals_configure(struct stop_signals *signals, const struct config *config)
{
    int64_t patience = config->watchdog_stop > 0
                           ? config->shutdown_delay + config->shutdown_grace + config->watchdog_stop
                           : INT64_MAX;
    atomic_store_explicit(&signals->patience, patience, memory_order_relaxed);
}

int stop_signals_fd(const struct stop_signals *signals)
{
    return signals->pipe[0];
}

int stop_signals_take(struct stop_signals *signals)
{
    unsigned char number = 0;
    if (read(signals->pipe[0], &number, 1) != 1)
        return 0;
    atomic_bool *mark = mark_of(signals, number);
    if (mark != NULL)
        atomic_store(mark, false); /* One that comes from here on is another. */
    return number;
}

void stop_signals_destroy(struct stop_signals *signals)
{
    if (signals == NULL)
        return;
    uint64_t one = 1;
    ssize_t written = write(signals->end_fd, &one, sizeof one);
    (void)written; /* An eventfd takes it. */
    pthread_join(signals->thread, NULL);
    dispose(signals);
}
