#include "front/waiting_room_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64        /* taken from the kernel at a time */
#define PEEK_BUDGET 16   /* heads of the longest kind that are looked at for one guest */
#define PUT_OFF_LOOK 100 /* ms between looks at those that are over this budget */

/* Counts the memory of a guest's handshake. */
void room_charge(struct waiting_room *room, struct guest *guest, size_t bytes)
{
    if (room->limits.handshakes == NULL)
        return;
    room->charged += bytes - guest->charged;
    handshakes_charge(room->limits.handshakes, &guest->charged, bytes);
}

/* Takes a guest out of everything that a waiting one is in. */
void room_leave(struct waiting_room *room, struct guest *guest)
{
    if (guest->put_off)
        TAILQ_REMOVE(&room->put_off, guest, queue);
    if (guest->moved)
        TAILQ_REMOVE(&room->moved, guest, queue);
    guest->put_off = guest->moved = false;
    turns_remove(&room->turns, guest);
    room_charge(room, guest, 0);
    guests_remove(&room->guests, guest);
    atomic_store_explicit(&room->stats->waiting, room->guests.count, memory_order_relaxed);
}

void room_drop(struct waiting_room *room, struct guest *guest, enum waiting_drop reason)
{
    room_leave(room, guest);
    if (reason == WAITING_TIMEOUT)
        guest_send_timeout(guest);
    guest_destroy(guest);
    atomic_fetch_add_explicit(&room->stats->dropped[reason], 1, memory_order_relaxed);
}

/* It gets to read why, in the language that it speaks. */
void room_refuse_plain(struct waiting_room *room, struct guest *guest)
{
    struct address peer;
    char text[ADDRESS_TEXT_MAX];
    address_from_sockaddr(&peer, (const struct sockaddr *)&guest->peer);
    address_text(&peer, text);
    log_debug("front", "plain HTTP from %s on a TLS port: 400", text);
    guest_send_tls_hint(guest);
    epoll_ctl(room->epoll, EPOLL_CTL_DEL, guest->socket, NULL);
    farewell_add(&room->farewell, guest->socket);
    guest->socket = -1;
    room_drop(room, guest, WAITING_PLAIN);
}

/* Whose address a proxy has named is counted there, but not before all events have been seen to:
 * the oldest of that address may have to go, and may have one of them. */
static void note_move(struct waiting_room *room, struct guest *guest)
{
    if (guest->is_trusted || guest->origin != NULL || guest->moved)
        return;
    guest->moved = true;
    TAILQ_INSERT_TAIL(&room->moved, guest, queue);
}

/* Counts a guest that broke a rule of TLS. */
static void note_fault(const struct waiting_room *room, const struct guest *guest)
{
    struct address peer;
    char text[ADDRESS_TEXT_MAX];
    enum tls_fault fault = guest_tls_fault(guest);
    if (fault == TLS_FAULT_NONE)
        return;
    if (room->limits.handshakes != NULL)
        atomic_fetch_add_explicit(&room->limits.handshakes->faults[fault], 1, memory_order_relaxed);
    address_from_sockaddr(&peer, (const struct sockaddr *)&guest->peer);
    address_text(&peer, text);
    log_debug("front", "TLS connection from %s ended: %s", text, tls_fault_text(fault));
}

/* What comes of a waiting guest that was looked at. */
void room_settle(struct waiting_room *room, struct guest *guest, enum guest_state state)
{
    if (state == GUEST_WAITS || state == GUEST_HELD) {
        note_move(room, guest);
        if (state == GUEST_HELD)
            turns_add(&room->turns, guest);
        return;
    }
    if (state == GUEST_REFUSED) {
        room_drop(room, guest, WAITING_PREFACE);
        return;
    }
    if (state == GUEST_PLAIN) {
        room_refuse_plain(room, guest);
        return;
    }
    room_leave(room, guest);
    if (state == GUEST_GONE) {
        note_fault(room, guest);
        guest_destroy(guest);
        return;
    }
    epoll_ctl(room->epoll, EPOLL_CTL_DEL, guest->socket, NULL);
    TAILQ_INSERT_TAIL(&room->ready, guest, queue);
}

bool room_is_trusted(const struct waiting_room *room, const struct guest *guest)
{
    struct address peer;
    address_from_sockaddr(&peer, (const struct sockaddr *)&guest->peer);
    return trust_holds(room->trust, &peer);
}

/* Once: every connection of such a proxy fails. */
static void tell_of_old_header(struct waiting_room *room, const struct guest *guest)
{
    struct address peer;
    char text[ADDRESS_TEXT_MAX];
    if (room->has_told_of_old_headers)
        return;
    room->has_told_of_old_headers = true;
    address_from_sockaddr(&peer, (const struct sockaddr *)&guest->peer);
    address_text(&peer, text);
    log_warn(
        "front",
        "the proxy %s sends PROXY headers of version 1, which are not understood: its requests "
        "are refused; let it send version 2",
        text);
}

static enum guest_state examine_preface(struct waiting_room *room, struct guest *guest)
{
    bool was_announced = guest->is_announced;
    enum guest_state state = guest_examine_preface(guest);
    if (guest->is_announced && !was_announced)
        guest->is_trusted = room_is_trusted(room, guest);
    if (guest->has_old_header)
        tell_of_old_header(room, guest);
    return state;
}

enum guest_state room_examine(struct waiting_room *room, struct guest *guest)
{
    enum guest_state state = examine_preface(room, guest);
    return state == GUEST_READY ? guest_examine(guest, room->scratch, room->limits.max_head)
                                : state;
}

/* TLS is done in turns, see have_turns; what comes before it is done at once. */
static void on_tls_event(struct waiting_room *room, struct guest *guest)
{
    enum guest_state state = examine_preface(room, guest);
    if (state != GUEST_READY) {
        room_settle(room, guest, state);
        return;
    }
    note_move(room, guest);
    turns_add(&room->turns, guest);
}

/* Each look at a plain guest starts at its first byte, so one that sends a byte at a time could
 * make us look far too often. */
static void on_event(struct waiting_room *room, struct guest *guest, uint32_t events)
{
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        guest->ended = true;
    if (guest->put_off)
        return;
    if (room->is_tls) {
        on_tls_event(room, guest);
        return;
    }
    if (guest->peeked / PEEK_BUDGET < room->limits.max_head) {
        room_settle(room, guest, room_examine(room, guest));
        return;
    }
    guest->put_off = true;
    TAILQ_INSERT_TAIL(&room->put_off, guest, queue);
}

static void look_at_put_off(struct waiting_room *room, int64_t now)
{
    if (now < room->next_look)
        return;
    room->next_look = now + PUT_OFF_LOOK * NS_PER_MS;
    struct guest *guest;
    while ((guest = TAILQ_FIRST(&room->put_off)) != NULL) {
        TAILQ_REMOVE(&room->put_off, guest, queue);
        guest->put_off = false;
        room_settle(room, guest, room_examine(room, guest));
    }
}

void room_give_up(struct waiting_room *room, struct guest *guest, enum waiting_drop reason)
{
    /* A handshake that has not begun would not be complete after one look, which costs much. */
    bool is_fresh = room->is_tls && guest->tls.ssl == NULL;
    enum guest_state state = is_fresh ? GUEST_WAITS : room_examine(room, guest);
    if (state == GUEST_WAITS || state == GUEST_HELD)
        room_drop(room, guest, reason);
    else
        room_settle(room, guest, state);
}

static void drop_overdue(struct waiting_room *room, int64_t now)
{
    struct guest *guest;
    while ((guest = guests_oldest(&room->guests)) != NULL && guest->deadline <= now)
        room_give_up(room, guest, WAITING_TIMEOUT);
}

/* Returns whether somebody had to go. */
bool room_make_at_address(struct waiting_room *room, const struct guest *newcomer)
{
    size_t count;
    if (newcomer->is_trusted)
        return false;
    struct guest *oldest = guests_oldest_like(&room->guests, newcomer, &count);
    if (oldest == NULL || count < room->limits.guests_per_address)
        return false;
    room_give_up(room, oldest, WAITING_FULL);
    return true;
}

static void count_moved(struct waiting_room *room)
{
    struct guest *guest;
    while ((guest = TAILQ_FIRST(&room->moved)) != NULL) {
        TAILQ_REMOVE(&room->moved, guest, queue);
        guest->moved = false;
        bool has_work = guest->has_work;
        turns_remove(&room->turns, guest); /* which knows guests by their address */
        (void)room_make_at_address(room, guest);
        if (guests_count_at_address(&room->guests, guest) != OK)
            room_drop(room, guest, WAITING_FULL);
        else if (has_work)
            turns_add(&room->turns, guest);
    }
}

/* How long nothing has to be done, in milliseconds, `most` at the most. */
static int time_to_rest(struct waiting_room *room, int most)
{
    int64_t now = clock_monotonic();
    int64_t until = now + most * NS_PER_MS;
    const struct guest *oldest = guests_oldest(&room->guests);
    if (oldest != NULL && oldest->deadline < until)
        until = oldest->deadline;
    if (!TAILQ_EMPTY(&room->put_off) && room->next_look < until)
        until = room->next_look;
    int64_t turn = turns_next(&room->turns, now, room_handshake_interval(room));
    if (turn < until)
        until = turn;
    int64_t farewell = farewell_next_look(&room->farewell);
    if (farewell < until)
        until = farewell;
    return until <= now ? 0 : (int)((until - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* Newcomers come last: they may make guests leave whose events we have yet to look at. */
static void attend(struct waiting_room *room, const struct pollfd *listeners, nfds_t count,
                   int milliseconds)
{
    struct epoll_event events[EVENTS];
    bool knocked = false;
    int len = epoll_wait(room->epoll, events, EVENTS, time_to_rest(room, milliseconds));
    for (int i = 0; i < len; i++) {
        if (events[i].data.ptr == NULL)
            knocked = true;
        else
            on_event(room, events[i].data.ptr, events[i].events);
    }
    int64_t now = clock_monotonic();
    for (nfds_t i = 0; knocked && i < count; i++)
        room_take_in(room, listeners[i].fd, now);
    look_at_put_off(room, now);
    count_moved(room);
    room_have_turns(room);
    drop_overdue(room, now);
    room_yield_descriptors(room, now);
    farewell_look(&room->farewell, now);
}

static bool watch_listeners(struct waiting_room *room, const struct pollfd *listeners, nfds_t count)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    for (nfds_t i = 0; i < count && !room->watches_listeners; i++) {
        int flags = fcntl(listeners[i].fd, F_GETFL);
        if (flags < 0 || fcntl(listeners[i].fd, F_SETFL, flags | O_NONBLOCK) != 0)
            return false;
        if (epoll_ctl(room->epoll, EPOLL_CTL_ADD, listeners[i].fd, &event) != 0 && errno != EEXIST)
            return false;
    }
    room->watches_listeners = true;
    return true;
}

int waiting_room_poll(struct waiting_room *room, struct pollfd *listeners, nfds_t count,
                      int milliseconds)
{
    if (!watch_listeners(room, listeners, count))
        (void)poll(NULL, 0, milliseconds);
    else if (TAILQ_EMPTY(&room->ready))
        attend(room, listeners, count, milliseconds);
    int ready = 0;
    const struct guest *first = TAILQ_FIRST(&room->ready);
    for (nfds_t i = 0; i < count; i++) {
        bool is_its = first != NULL && first->listener == listeners[i].fd;
        listeners[i].revents = is_its ? POLLIN : 0;
        ready += is_its;
    }
    return ready;
}

int waiting_room_accept(struct waiting_room *room, int listener, struct sockaddr *address,
                        socklen_t *len)
{
    struct guest *guest = TAILQ_FIRST(&room->ready);
    if (guest == NULL || guest->listener != listener) {
        errno = EAGAIN;
        return -1;
    }
    TAILQ_REMOVE(&room->ready, guest, queue);
    memcpy(address, &guest->peer, *len < guest->peer_len ? *len : guest->peer_len);
    *len = guest->peer_len;
    int socket = guest->socket;
    if (!room->is_tls) {
        free(guest);
        return socket;
    }
    handover_put(&room->handover, guest);
    return socket;
}

bool waiting_room_claim(struct waiting_room *room, int socket, struct guest_tls *out)
{
    return handover_claim(&room->handover, socket, out);
}

void waiting_room_see_off(struct waiting_room *room, int socket)
{
    farewell_add(&room->farewell, socket);
}

int waiting_room_create(const struct waiting_limits *limits, SSL_CTX *tls, struct trust *trust,
                        struct waiting_stats *stats, struct waiting_room **out)
{
    struct waiting_room *room = calloc(1, sizeof *room);
    if (room == NULL)
        return ERR_NO_MEMORY;
    room->limits = *limits;
    room->is_tls = tls != NULL;
    if (tls != NULL && SSL_CTX_up_ref(tls) == 1)
        room->tls = tls;
    room->trust = trust;
    room->stats = stats;
    guests_init(&room->guests);
    turns_init(&room->turns);
    TAILQ_INIT(&room->put_off);
    TAILQ_INIT(&room->moved);
    TAILQ_INIT(&room->ready);
    farewell_init(&room->farewell);
    handover_init(&room->handover);
    pthread_mutex_init(&room->lock, NULL);
    room->scratch = malloc(limits->max_head);
    room->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (room->scratch != NULL && room->epoll >= 0) {
        *out = room;
        return OK;
    }
    int rc = room->scratch == NULL ? ERR_NO_MEMORY : ERR_SYSTEM;
    waiting_room_destroy(room);
    return rc;
}

void waiting_room_use_tls(struct waiting_room *room, SSL_CTX *tls)
{
    SSL_CTX_up_ref(tls);
    pthread_mutex_lock(&room->lock);
    SSL_CTX *before = room->tls;
    room->tls = tls;
    pthread_mutex_unlock(&room->lock);
    SSL_CTX_free(before);
}

void waiting_room_destroy(struct waiting_room *room)
{
    if (room == NULL)
        return;
    struct guest *guest;
    while ((guest = guests_oldest(&room->guests)) != NULL) {
        room_leave(room, guest);
        guest_destroy(guest);
    }
    guests_deinit(&room->guests);
    guest_queue_clear(&room->ready);
    handover_deinit(&room->handover);
    farewell_deinit(&room->farewell);
    if (room->epoll >= 0)
        close(room->epoll);
    SSL_CTX_free(room->tls);
    pthread_mutex_destroy(&room->lock);
    free(room->scratch);
    free(room);
}
