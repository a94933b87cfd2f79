#include "front/farewell.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WASTE_SIZE 16384 /* bytes thrown away at a time */

void farewell_init(struct farewell *farewell)
{
    *farewell = (struct farewell){.leaving = NULL};
    pthread_mutex_init(&farewell->lock, NULL);
}

void farewell_deinit(struct farewell *farewell)
{
    for (size_t i = 0; i < farewell->count; i++)
        close(farewell->leaving[i].socket);
    free(farewell->leaving);
    pthread_mutex_destroy(&farewell->lock);
}

bool farewell_discard(int socket, size_t *discarded)
{
    char waste[WASTE_SIZE];
    ssize_t len;
    do {
        len = recv(socket, waste, sizeof waste, MSG_DONTWAIT);
        if (len > 0)
            *discarded += (size_t)len;
    } while (len > 0 && *discarded < FAREWELL_BYTES);
    bool is_quiet = len < 0 && (errno == EAGAIN || errno == EINTR);
    return is_quiet && *discarded < FAREWELL_BYTES;
}

/* With the lock. */
static bool keep(struct farewell *farewell, const struct leaving *leaving)
{
    if (farewell->leaving == NULL)
        farewell->leaving = malloc(FAREWELL_MAX * sizeof *farewell->leaving);
    if (farewell->leaving == NULL || farewell->count == FAREWELL_MAX)
        return false;
    farewell->leaving[farewell->count++] = *leaving;
    return true;
}

void farewell_add(struct farewell *farewell, int socket)
{
    struct leaving leaving = {.socket = socket, .deadline = clock_monotonic() + FAREWELL_TIME};
    (void)shutdown(socket, SHUT_WR);
    bool is_kept = false;
    if (farewell_discard(socket, &leaving.discarded)) {
        pthread_mutex_lock(&farewell->lock);
        is_kept = keep(farewell, &leaving);
        pthread_mutex_unlock(&farewell->lock);
    }
    if (!is_kept)
        close(socket);
}

void farewell_look(struct farewell *farewell, int64_t now)
{
    pthread_mutex_lock(&farewell->lock);
    if (now >= farewell->next_look) {
        size_t kept = 0;
        for (size_t i = 0; i < farewell->count; i++) {
            struct leaving *leaving = &farewell->leaving[i];
            if (farewell_discard(leaving->socket, &leaving->discarded) && now < leaving->deadline)
                farewell->leaving[kept++] = *leaving;
            else
                close(leaving->socket);
        }
        farewell->count = kept;
        farewell->next_look = now + FAREWELL_LOOK * NS_PER_MS;
    }
    pthread_mutex_unlock(&farewell->lock);
}

int64_t farewell_next_look(struct farewell *farewell)
{
    pthread_mutex_lock(&farewell->lock);
    int64_t next = farewell->count > 0 ? farewell->next_look : INT64_MAX;
    pthread_mutex_unlock(&farewell->lock);
    return next;
}

bool farewell_cut_short(struct farewell *farewell)
{
    pthread_mutex_lock(&farewell->lock);
    bool is_one = farewell->count > 0;
    if (is_one) {
        close(farewell->leaving[0].socket);
        farewell->count--;
        memmove(farewell->leaving, farewell->leaving + 1,
                farewell->count * sizeof *farewell->leaving);
    }
    pthread_mutex_unlock(&farewell->lock);
    return is_one;
}
