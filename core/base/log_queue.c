#include "base/log_queue.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_AGAIN 50      /* ms between two looks at whether to give a sink up */
#define REDIRECT_WAIT 1000 /* ms that a redirection waits for what is being written */
#define RESCUE_WAIT 1000   /* ms that a crashing process waits for its sink */
#define RESCUE_ATTEMPTS 50 /* at the lock, a millisecond each */
#define STOP_FACTOR 5      /* times the patience: what stopping may take in all */

struct log_queue {
    int fd;
    log_queue_notice notice;
    pthread_t writer;
    pthread_mutex_t lock; /* of what follows; never held while writing */
    pthread_cond_t wake;
    pthread_cond_t done;
    bool is_writing; /* the writer has lines that are no longer in the ring */
    bool is_stopping;
    bool is_done; /* the writer has ended */
    bool is_joined;
    int next_fd;            /* what `fd` shall become, or -1; the queue's */
    uint64_t asked_for;     /* redirections */
    uint64_t done_with;     /* the last of them that is in force */
    _Atomic uint64_t fails; /* writes that a file refused */
    uint64_t untold;        /* lines lost since the last notice */
    _Atomic uint64_t lost;
    _Atomic int64_t give_up_at; /* monotonic ns; INT64_MAX: never */
    int64_t patience;
    int64_t stop_by;
    size_t size;
    size_t first; /* where the oldest byte is */
    size_t used;
    char bytes[];
};

/* -- writing to a sink that may not be read -- */

/* What a wait for the sink has come to. */
enum sink { SINK_READY, SINK_BUSY, SINK_GONE };

static enum sink wait_for_sink(int fd, int milliseconds)
{
    struct pollfd watched = {.fd = fd, .events = POLLOUT};
    int count = poll(&watched, 1, milliseconds);
    if (count < 0 && errno != EINTR)
        return SINK_GONE;
    if (count <= 0)
        return SINK_BUSY;
    return (watched.revents & POLLOUT) != 0 ? SINK_READY : SINK_GONE;
}

/* Returns the bytes written: 0 if the sink took nothing after all, -1 if it never will. */
static ssize_t write_some(int fd, const char *data, size_t len)
{
    ssize_t written = write(fd, data, len);
    if (written >= 0)
        return written;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool log_write_patiently(int fd, const char *data, size_t len, int milliseconds)
{
    int64_t until = clock_monotonic() + milliseconds * NS_PER_MS;
    while (len > 0) {
        int64_t left = (until - clock_monotonic()) / NS_PER_MS;
        enum sink sink = wait_for_sink(fd, left > 0 ? (int)left : 0);
        size_t piece = len < LOG_QUEUE_LINE_MAX ? len : LOG_QUEUE_LINE_MAX;
        ssize_t written = sink == SINK_READY ? write_some(fd, data, piece) : 0;
        if (sink == SINK_GONE || written < 0 || (written == 0 && left <= 0))
            return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

/* -- the ring, with the lock -- */

static void ring_add(struct log_queue *queue, const char *data, size_t len)
{
    size_t end = (queue->first + queue->used) % queue->size;
    size_t straight = queue->size - end < len ? queue->size - end : len;
    memcpy(queue->bytes + end, data, straight);
    memcpy(queue->bytes, data + straight, len - straight);
    queue->used += len;
}

/* Moves as many whole lines as fit into `piece`. Returns their bytes. */
static size_t ring_take(struct log_queue *queue, char piece[LOG_QUEUE_LINE_MAX])
{
    size_t len = queue->used < LOG_QUEUE_LINE_MAX ? queue->used : LOG_QUEUE_LINE_MAX;
    size_t straight = queue->size - queue->first < len ? queue->size - queue->first : len;
    memcpy(piece, queue->bytes + queue->first, straight);
    memcpy(piece + straight, queue->bytes, len - straight);
    while (piece[len - 1] != '\n')
        len--;
    queue->first = (queue->first + len) % queue->size;
    queue->used -= len;
    return len;
}

/* Says how many lines are missing at this place, if there is room to say it and `len` bytes more.
 */
static void add_notice(struct log_queue *queue, size_t len)
{
    char text[LOG_QUEUE_LINE_MAX];
    if (queue->untold == 0)
        return;
    size_t notice = queue->notice(queue->untold, text);
    if (notice == 0 || queue->used + notice + len > queue->size)
        return;
    ring_add(queue, text, notice);
    queue->untold = 0;
}

bool log_queue_put(struct log_queue *queue, const char *line, size_t len)
{
    pthread_mutex_lock(&queue->lock);
    add_notice(queue, len);
    /* Without a notice in front no line comes after those that are missing. */
    bool fits = !queue->is_stopping && queue->untold == 0 && queue->used + len <= queue->size;
    if (fits) {
        ring_add(queue, line, len);
        pthread_cond_signal(&queue->wake);
    } else {
        queue->untold++;
        atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&queue->lock);
    return fits;
}

uint64_t log_queue_lost(struct log_queue *queue)
{
    return atomic_load_explicit(&queue->lost, memory_order_relaxed);
}

uint64_t log_queue_failed_writes(struct log_queue *queue)
{
    return atomic_load_explicit(&queue->fails, memory_order_relaxed);
}

/* -- another sink -- */

/* The writer, between two writes, with the lock: makes the descriptor that writes go to another
 * file. Closing the one before may take time. */
static void follow_redirection(struct log_queue *queue)
{
    int next = queue->next_fd;
    uint64_t number = queue->asked_for;
    bool was_writing = queue->is_writing;
    queue->next_fd = -1;
    queue->is_writing = true;
    pthread_mutex_unlock(&queue->lock);
    int changed = dup3(next, queue->fd, O_CLOEXEC);
    (void)changed; /* Both are open: it cannot fail. */
    close(next);
    pthread_mutex_lock(&queue->lock);
    queue->is_writing = was_writing;
    queue->done_with = number;
    pthread_cond_broadcast(&queue->done);
}

static bool follow_if_redirected(struct log_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_redirected = queue->next_fd >= 0;
    if (is_redirected)
        follow_redirection(queue);
    pthread_mutex_unlock(&queue->lock);
    return is_redirected;
}

void log_queue_redirect(struct log_queue *queue, int fd)
{
    int64_t last = clock_monotonic() + REDIRECT_WAIT * NS_PER_MS;
    struct timespec until = {.tv_sec = last / NS_PER_S, .tv_nsec = last % NS_PER_S};
    int error = 0;
    pthread_mutex_lock(&queue->lock);
    if (queue->next_fd >= 0)
        close(queue->next_fd);
    queue->next_fd = fd;
    uint64_t number = ++queue->asked_for;
    pthread_cond_signal(&queue->wake);
    while (queue->done_with < number && !queue->is_done && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&queue->done, &queue->lock, &until);
    if (queue->is_done && queue->next_fd >= 0)
        follow_redirection(queue);
    pthread_mutex_unlock(&queue->lock);
}

/* -- the writer -- */

/* Whether a write that a sink has just refused may succeed later: a file's disk may have room
 * again, or the file may be replaced. A pipe that nobody reads is gone for good. */
static bool may_recover(struct log_queue *queue)
{
    struct stat status;
    if (fstat(queue->fd, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    atomic_fetch_add_explicit(&queue->fails, 1, memory_order_relaxed);
    return true;
}

/* Tries once. Returns the bytes written: 0 if the sink is busy, -1 if it is gone. */
static ssize_t try_write(struct log_queue *queue, const char *data, size_t len)
{
    enum sink sink = wait_for_sink(queue->fd, LOOK_AGAIN);
    if (sink != SINK_READY)
        return sink == SINK_BUSY ? 0 : -1;
    ssize_t written = write_some(queue->fd, data, len);
    if (written < 0 && may_recover(queue))
        written = 0;
    if (written == 0)
        poll(NULL, 0, LOOK_AGAIN); /* It said that it was ready. */
    return written;
}

static size_t line_begin(const char *piece, size_t at)
{
    const char *end = memrchr(piece, '\n', at);
    return end != NULL ? (size_t)(end - piece) + 1 : 0;
}

/* Writes whole lines, however long the sink takes, unless the queue is being stopped. A new sink
 * gets the line whole of which the old one has taken a part only. Returns false if the sink is
 * given up. */
static bool write_piece(struct log_queue *queue, const char *piece, size_t len)
{
    size_t at = 0;
    while (at < len) {
        ssize_t written = try_write(queue, piece + at, len - at);
        if (written < 0)
            return true; /* Nobody will ever read it: as good as written. */
        if (written == 0 && follow_if_redirected(queue))
            at = line_begin(piece, at);
        else if (written == 0 && clock_monotonic() >= atomic_load(&queue->give_up_at))
            return false;
        at += (size_t)written;
    }
    return true;
}

/* The sink took something: it may have its patience anew. With the lock. */
static void note_progress(struct log_queue *queue)
{
    if (!queue->is_stopping)
        return;
    int64_t until = clock_monotonic() + queue->patience;
    atomic_store(&queue->give_up_at, until < queue->stop_by ? until : queue->stop_by);
}

static void *write_lines(void *argument)
{
    struct log_queue *queue = argument;
    char piece[LOG_QUEUE_LINE_MAX];
    bool takes_more = true;
    pthread_mutex_lock(&queue->lock);
    while (takes_more) {
        add_notice(queue, 0);
        while (queue->used == 0 && !queue->is_stopping && queue->next_fd < 0)
            pthread_cond_wait(&queue->wake, &queue->lock);
        if (queue->next_fd >= 0)
            follow_redirection(queue);
        takes_more = !queue->is_stopping;
        if (queue->used == 0)
            continue;
        size_t len = ring_take(queue, piece);
        queue->is_writing = true;
        pthread_mutex_unlock(&queue->lock);
        takes_more = write_piece(queue, piece, len);
        pthread_mutex_lock(&queue->lock);
        queue->is_writing = false;
        note_progress(queue);
    }
    queue->is_done = true;
    pthread_cond_broadcast(&queue->done);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static int start_writer(struct log_queue *queue)
{
    return thread_begin(&queue->writer, "log", write_lines, queue) == 0 ? OK : ERR_SYSTEM;
}

/* -- life -- */

int log_queue_create(int fd, size_t size, log_queue_notice notice, struct log_queue **out)
{
    pthread_condattr_t monotonic;
    struct log_queue *queue = calloc(1, sizeof *queue + size);
    if (queue == NULL)
        return ERR_NO_MEMORY;
    queue->fd = fd;
    queue->next_fd = -1;
    queue->size = size;
    queue->notice = notice;
    atomic_init(&queue->give_up_at, INT64_MAX);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->wake, NULL);
    pthread_cond_init(&queue->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start_writer(queue) != OK) {
        queue->is_joined = true;
        log_queue_destroy(queue);
        return ERR_SYSTEM;
    }
    *out = queue;
    return OK;
}

void log_queue_stop(struct log_queue *queue, int64_t patience)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->is_stopping) {
        pthread_mutex_unlock(&queue->lock);
        return;
    }
    int64_t now = clock_monotonic();
    queue->is_stopping = true;
    queue->patience = patience;
    queue->stop_by = now + STOP_FACTOR * patience;
    atomic_store(&queue->give_up_at, now + patience);
    pthread_cond_signal(&queue->wake);
    /* The writer may be stuck in a write that poll had promised to be short. */
    int64_t last = queue->stop_by + patience;
    struct timespec until = {.tv_sec = last / NS_PER_S, .tv_nsec = last % NS_PER_S};
    int error = 0;
    while (!queue->is_done && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&queue->done, &queue->lock, &until);
    queue->is_joined = queue->is_done;
    pthread_mutex_unlock(&queue->lock);
    if (queue->is_joined)
        pthread_join(queue->writer, NULL);
    else
        pthread_detach(queue->writer);
}

/* Gives the writer a moment to finish, so that lines keep their order. The thread that has crashed
 * may hold the lock itself. Returns whether the lock is held. */
static bool lock_for_rescue(struct log_queue *queue)
{
    struct timespec pause = {.tv_nsec = NS_PER_MS};
    for (int attempt = 0; attempt < RESCUE_ATTEMPTS; attempt++) {
        if (pthread_mutex_trylock(&queue->lock) == 0) {
            if (!queue->is_writing)
                return true;
            pthread_mutex_unlock(&queue->lock);
        }
        nanosleep(&pause, NULL);
    }
    return pthread_mutex_trylock(&queue->lock) == 0;
}

void log_queue_rescue(struct log_queue *queue)
{
    char piece[LOG_QUEUE_LINE_MAX];
    if (!lock_for_rescue(queue))
        return;
    bool good = true;
    while (good && queue->used > 0)
        good = log_write_patiently(queue->fd, piece, ring_take(queue, piece), RESCUE_WAIT);
    pthread_mutex_unlock(&queue->lock);
}

void log_queue_destroy(struct log_queue *queue)
{
    if (queue == NULL)
        return;
    if (!queue->is_joined)
        return; /* Its writer could not be ended and may still look at it. */
    pthread_cond_destroy(&queue->done);
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}
