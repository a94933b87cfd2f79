/* Newcomers in the waiting room: accepted, as far as there are descriptors, looked at, seated. */
#include "front/waiting_room_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NEWCOMERS 512 /* taken from a listener at a time */
#define PAUSE 50      /* ms after an accept that failed for lack of descriptors or memory */
#define PEEK_EASILY (32 * 1024) /* bytes that any socket buffer holds unread */
#define PEEK_MARGIN 4 /* times max_head is what a socket's buffer is made to hold at least */

static void make_room_for(struct waiting_room *room, const struct guest *newcomer)
{
    if (!room_make_at_address(room, newcomer) && room->guests.count >= room->limits.guests)
        room_give_up(room, guests_oldest(&room->guests), WAITING_FULL);
}

/* Every change is told once: bytes that are only looked at would be told again and again. */
static int watch(const struct waiting_room *room, struct guest *guest)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = guest};
    if (room->is_tls)
        event.events |= EPOLLOUT; /* a handshake may have to wait for it */
    return epoll_ctl(room->epoll, EPOLL_CTL_ADD, guest->socket, &event) == 0 ? OK : ERR_SYSTEM;
}

/* A head that is not read has to fit into the socket's buffer, which the kernel enlarges when it is
 * told that as much will be waited for. It counts whole packets and closes the window while a
 * sixteenth is still free, so that a buffer of just the head's size would never hold all of it. */
static void prepare_buffer(const struct waiting_room *room, int socket)
{
    if (room->is_tls || room->limits.max_head <= PEEK_EASILY)
        return;
    int most = (int)room->limits.max_head * PEEK_MARGIN;
    int least = 1;
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &most, sizeof most);
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

static void seat(struct waiting_room *room, struct guest *guest)
{
    make_room_for(room, guest);
    if (guests_add(&room->guests, guest) == OK && watch(room, guest) == OK) {
        atomic_store_explicit(&room->stats->waiting, room->guests.count, memory_order_relaxed);
        return;
    }
    room_leave(room, guest);
    guest_destroy(guest);
}

/* Owns `newcomer`. */
static void receive(struct waiting_room *room, const struct guest *newcomer)
{
    struct guest *guest = malloc(sizeof *guest);
    if (guest == NULL) {
        SSL_CTX_free(newcomer->context);
        close(newcomer->socket);
        return;
    }
    *guest = *newcomer;
    prepare_buffer(room, guest->socket);
    guest->is_trusted = room_is_trusted(room, guest);
    guest->preface = guest->is_trusted ? PREFACE_POSSIBLE : PREFACE_NONE;
    if (room->is_tls) {
        seat(room, guest);
        return;
    }
    switch (room_examine(room, guest)) {
    case GUEST_READY: /* It was quick and never has to wait. */
        TAILQ_INSERT_TAIL(&room->ready, guest, queue);
        break;
    case GUEST_GONE:
        guest_destroy(guest);
        break;
    case GUEST_REFUSED:
        room_drop(room, guest, WAITING_PREFACE);
        break;
    case GUEST_PLAIN:
        room_refuse_plain(room, guest);
        break;
    default:
        seat(room, guest);
    }
}

/* Gives up the connection that is nearest to its end. Returns whether there was one. */
static bool give_up_oldest(struct waiting_room *room)
{
    struct guest *oldest = guests_oldest(&room->guests);
    if (farewell_cut_short(&room->farewell))
        return true;
    if (oldest != NULL)
        room_drop(room, oldest, WAITING_DESCRIPTORS);
    return oldest != NULL;
}

void room_yield_descriptors(struct waiting_room *room, int64_t now)
{
    struct descriptors *descriptors = room->limits.descriptors;
    while (descriptors != NULL && room->guests.count > 0 &&
           descriptors_are_wanted(descriptors, now))
        (void)give_up_oldest(room);
}

/* Without a free descriptor the connection stays in the backlog and keeps its listener ready: the
 * oldest guest makes way, or we pause instead of spinning. Returns whether to try again. */
static bool free_descriptor(struct waiting_room *room)
{
    if (room->limits.descriptors != NULL)
        descriptors_tell(room->limits.descriptors);
    if (give_up_oldest(room))
        return true;
    if (room->limits.descriptors != NULL)
        descriptors_want(room->limits.descriptors, clock_monotonic());
    (void)poll(NULL, 0, PAUSE);
    return false;
}

/* Whether a connection leaves the reserve alone. Beyond that the oldest makes way for it, and it
 * gets the number that has become free, so that numbers go on saying how many are in use. */
static bool has_descriptor(struct waiting_room *room, struct guest *newcomer)
{
    struct descriptors *descriptors = room->limits.descriptors;
    if (descriptors == NULL || (uint32_t)newcomer->socket < descriptors->for_strangers)
        return true;
    descriptors_tell(descriptors);
    if (!give_up_oldest(room))
        return false;
    int lower = fcntl(newcomer->socket, F_DUPFD_CLOEXEC, 0);
    if (lower < 0)
        return false;
    close(newcomer->socket);
    newcomer->socket = lower;
    return true;
}

/* All are in use by connections that are beyond our reach. */
static void refuse(struct waiting_room *room, const struct guest *newcomer)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 40\r\n"
                                 "Retry-After: 5\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "The server has no file descriptor left.\n";
    size_t discarded = 0;
    descriptors_want(room->limits.descriptors, clock_monotonic());
    if (!room->is_tls)
        (void)send(newcomer->socket, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(newcomer->socket, SHUT_WR);
    (void)farewell_discard(newcomer->socket, &discarded);
    close(newcomer->socket);
    atomic_fetch_add_explicit(&room->stats->dropped[WAITING_DESCRIPTORS], 1, memory_order_relaxed);
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* The context for a newcomer, with a reference of its own; NULL: plain. */
static SSL_CTX *newest_context(struct waiting_room *room)
{
    if (!room->is_tls)
        return NULL;
    pthread_mutex_lock(&room->lock);
    SSL_CTX *tls = room->tls;
    SSL_CTX_up_ref(tls);
    pthread_mutex_unlock(&room->lock);
    return tls;
}

void room_take_in(struct waiting_room *room, int listener, int64_t now)
{
    for (int i = 0; i < NEWCOMERS; i++) {
        struct guest newcomer = {.listener = listener,
                                 .peer_len = sizeof newcomer.peer,
                                 .deadline = now + room->limits.timeout};
        newcomer.socket = accept4(listener, (struct sockaddr *)&newcomer.peer, &newcomer.peer_len,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (newcomer.socket >= 0 && !has_descriptor(room, &newcomer)) {
            refuse(room, &newcomer);
        } else if (newcomer.socket >= 0) {
            newcomer.context = newest_context(room);
            receive(room, &newcomer);
        } else if (!is_shortage(errno) || !free_descriptor(room)) {
            return;
        }
    }
}
