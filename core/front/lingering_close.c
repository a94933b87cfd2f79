#include "front/lingering_close.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARD_SIZE 16384 /* bytes discarded at a time */

void lingering_close_init(struct lingering_close *lingering)
{
    *lingering = (struct lingering_close){.sockets = NULL};
    pthread_mutex_init(&lingering->lock, NULL);
}

void lingering_close_deinit(struct lingering_close *lingering)
{
    for (size_t i = 0; i < lingering->count; i++)
        close(lingering->sockets[i].socket);
    free(lingering->sockets);
    pthread_mutex_destroy(&lingering->lock);
}

bool lingering_close_discard(int socket, size_t *discarded)
{
    char waste[DISCARD_SIZE];
    ssize_t len;
    do {
        len = recv(socket, waste, sizeof waste, MSG_DONTWAIT);
        if (len > 0)
            *discarded += (size_t)len;
    } while (len > 0 && *discarded < LINGERING_CLOSE_BYTES);
    bool is_quiet = len < 0 && (errno == EAGAIN || errno == EINTR);
    return is_quiet && *discarded < LINGERING_CLOSE_BYTES;
}

/* With the lock. */
static bool add_socket(struct lingering_close *lingering, const struct lingering_socket *added)
{
    if (lingering->sockets == NULL)
        lingering->sockets = malloc(LINGERING_CLOSE_MAX * sizeof *lingering->sockets);
    if (lingering->sockets == NULL || lingering->count == LINGERING_CLOSE_MAX)
        return false;
    lingering->sockets[lingering->count++] = *added;
    return true;
}

void lingering_close_add(struct lingering_close *lingering, int socket)
{
    struct lingering_socket added = {.socket = socket,
                                     .deadline = clock_monotonic() + LINGERING_CLOSE_TIME};
    (void)shutdown(socket, SHUT_WR);
    bool is_kept = false;
    if (lingering_close_discard(socket, &added.discarded)) {
        pthread_mutex_lock(&lingering->lock);
        is_kept = add_socket(lingering, &added);
        pthread_mutex_unlock(&lingering->lock);
    }
    if (!is_kept)
        close(socket);
}

void lingering_close_check(struct lingering_close *lingering, int64_t now)
{
    pthread_mutex_lock(&lingering->lock);
    if (now >= lingering->next_check) {
        size_t kept = 0;
        for (size_t i = 0; i < lingering->count; i++) {
            struct lingering_socket *entry = &lingering->sockets[i];
            if (lingering_close_discard(entry->socket, &entry->discarded) && now < entry->deadline)
                lingering->sockets[kept++] = *entry;
            else
                close(entry->socket);
        }
        lingering->count = kept;
        lingering->next_check = now + LINGERING_CLOSE_INTERVAL * NS_PER_MS;
    }
    pthread_mutex_unlock(&lingering->lock);
}

int64_t lingering_close_next_check(struct lingering_close *lingering)
{
    pthread_mutex_lock(&lingering->lock);
    int64_t next = lingering->count > 0 ? lingering->next_check : INT64_MAX;
    pthread_mutex_unlock(&lingering->lock);
    return next;
}

bool lingering_close_evict_oldest(struct lingering_close *lingering)
{
    pthread_mutex_lock(&lingering->lock);
    bool has_one = lingering->count > 0;
    if (has_one) {
        close(lingering->sockets[0].socket);
        lingering->count--;
        memmove(lingering->sockets, lingering->sockets + 1,
                lingering->count * sizeof *lingering->sockets);
    }
    pthread_mutex_unlock(&lingering->lock);
    return has_one;
}
