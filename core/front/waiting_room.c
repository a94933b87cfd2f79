#include "front/waiting_room.h"

#include "base/clock.h"
#include "base/log.h"
#include "front/farewell.h"
#include "front/guests.h"
#include "front/handover.h"
#include "front/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64        /* taken from the kernel at a time */
#define NEWCOMERS 64     /* taken from a listener at a time */
#define PAUSE 50         /* ms after an accept that failed for lack of descriptors or memory */
#define PEEK_BUDGET 16   /* heads of the longest kind that are looked at for one guest */
#define PUT_OFF_LOOK 100 /* ms between looks at those that are over this budget */
#define TURNS_TIME (5 * NS_PER_MS) /* how long handshakes go on before others are looked after */
#define PEEK_EASILY (32 * 1024)    /* bytes that any socket buffer holds unread */
#define PEEK_MARGIN 4 /* times max_head is what a socket's buffer is made to hold at least */

struct waiting_room {
    struct waiting_limits limits;
    bool is_tls;
    bool has_told_of_old_headers;
    struct trust *trust; /* borrowed; NULL: nobody is trusted */
    struct waiting_stats *stats;
    int epoll;              /* the listeners (with NULL) and those that wait */
    bool watches_listeners; /* they are in it */
    struct guests guests;
    struct guest_queue put_off; /* of the guests */
    int64_t next_look;          /* at those, monotonic, ns */
    struct guest_queue moved;   /* of the guests, too */
    struct turns turns;         /* TLS: of the guests that may have something to do */
    struct guest_queue ready;   /* no longer guests */
    unsigned char *scratch;     /* max_head bytes */
    struct farewell farewell;   /* had their answer */
    struct handover handover;   /* TLS: accepted from us, not yet claimed */
    pthread_mutex_t lock;       /* of what follows */
    SSL_CTX *tls;               /* one reference; what newcomers get */
};

/* Counts the memory of a guest's handshake. */
static void charge(const struct waiting_room *room, struct guest *guest, size_t bytes)
{
    if (room->limits.handshakes != NULL)
        handshakes_charge(room->limits.handshakes, &guest->charged, bytes);
}

/* Takes a guest out of everything that a waiting one is in. */
static void leave(struct waiting_room *room, struct guest *guest)
{
    if (guest->put_off)
        TAILQ_REMOVE(&room->put_off, guest, queue);
    if (guest->moved)
        TAILQ_REMOVE(&room->moved, guest, queue);
    guest->put_off = guest->moved = false;
    turns_remove(&room->turns, guest);
    charge(room, guest, 0);
    guests_remove(&room->guests, guest);
    atomic_store_explicit(&room->stats->waiting, room->guests.count, memory_order_relaxed);
}

static void drop(struct waiting_room *room, struct guest *guest, enum waiting_drop reason)
{
    leave(room, guest);
    if (reason == WAITING_TIMEOUT)
        guest_send_timeout(guest);
    guest_destroy(guest);
    atomic_fetch_add_explicit(&room->stats->dropped[reason], 1, memory_order_relaxed);
}

/* It gets to read why, in the language that it speaks. */
static void refuse_plain(struct waiting_room *room, struct guest *guest)
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
    drop(room, guest, WAITING_PLAIN);
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
static void settle(struct waiting_room *room, struct guest *guest, enum guest_state state)
{
    if (state == GUEST_WAITS || state == GUEST_HELD) {
        note_move(room, guest);
        if (state == GUEST_HELD)
            turns_add(&room->turns, guest);
        return;
    }
    if (state == GUEST_REFUSED) {
        drop(room, guest, WAITING_PREFACE);
        return;
    }
    if (state == GUEST_PLAIN) {
        refuse_plain(room, guest);
        return;
    }
    leave(room, guest);
    if (state == GUEST_GONE) {
        note_fault(room, guest);
        guest_destroy(guest);
        return;
    }
    epoll_ctl(room->epoll, EPOLL_CTL_DEL, guest->socket, NULL);
    TAILQ_INSERT_TAIL(&room->ready, guest, queue);
}

static bool is_trusted(const struct waiting_room *room, const struct guest *guest)
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
        guest->is_trusted = is_trusted(room, guest);
    if (guest->has_old_header)
        tell_of_old_header(room, guest);
    return state;
}

static enum guest_state examine(struct waiting_room *room, struct guest *guest)
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
        settle(room, guest, state);
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
        settle(room, guest, examine(room, guest));
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
        settle(room, guest, examine(room, guest));
    }
}

/* Drops a guest, unless its head has arrived and only its event has not been looked at yet. */
static void give_up(struct waiting_room *room, struct guest *guest, enum waiting_drop reason)
{
    enum guest_state state = examine(room, guest);
    if (state == GUEST_WAITS)
        drop(room, guest, reason);
    else
        settle(room, guest, state);
}

static void drop_overdue(struct waiting_room *room, int64_t now)
{
    struct guest *guest;
    while ((guest = guests_oldest(&room->guests)) != NULL && guest->deadline <= now)
        give_up(room, guest, WAITING_TIMEOUT);
}

/* Returns whether somebody had to go. */
static bool make_room_at_address(struct waiting_room *room, const struct guest *newcomer)
{
    size_t count;
    if (newcomer->is_trusted)
        return false;
    struct guest *oldest = guests_oldest_like(&room->guests, newcomer, &count);
    if (oldest == NULL || count < room->limits.guests_per_address)
        return false;
    give_up(room, oldest, WAITING_FULL);
    return true;
}

static void make_room_for(struct waiting_room *room, const struct guest *newcomer)
{
    if (!make_room_at_address(room, newcomer) && room->guests.count >= room->limits.guests)
        give_up(room, guests_oldest(&room->guests), WAITING_FULL);
}

static void count_moved(struct waiting_room *room)
{
    struct guest *guest;
    while ((guest = TAILQ_FIRST(&room->moved)) != NULL) {
        TAILQ_REMOVE(&room->moved, guest, queue);
        guest->moved = false;
        bool has_work = guest->has_work;
        turns_remove(&room->turns, guest); /* which knows guests by their address */
        (void)make_room_at_address(room, guest);
        if (guests_count_at_address(&room->guests, guest) != OK)
            drop(room, guest, WAITING_FULL);
        else if (has_work)
            turns_add(&room->turns, guest);
    }
}

/* -- TLS, in turns -- */

/* Makes room for one more handshake: whoever holds most gives way. Returns whether there is any. */
static bool make_room_for_handshake(struct waiting_room *room)
{
    struct handshakes *handshakes = room->limits.handshakes;
    while (handshakes != NULL && !handshakes_have_room(handshakes, GUEST_HANDSHAKE_BYTES)) {
        struct guest *heaviest = guests_heaviest(&room->guests);
        if (heaviest == NULL)
            return false;
        drop(room, heaviest, WAITING_MEMORY);
    }
    return true;
}

static int64_t handshake_interval(const struct waiting_room *room)
{
    return room->limits.handshakes != NULL ? handshakes_interval(room->limits.handshakes) : 0;
}

static void note_begun(struct waiting_room *room, const struct guest *guest, int64_t now)
{
    struct handshakes *handshakes = room->limits.handshakes;
    bool is_last = turns_charge(&room->turns, guest, now, handshake_interval(room));
    if (handshakes == NULL)
        return;
    atomic_fetch_add_explicit(&handshakes->begun, 1, memory_order_relaxed);
    if (is_last)
        atomic_fetch_add_explicit(&handshakes->delayed, 1, memory_order_relaxed);
}

static void have_turn(struct waiting_room *room, struct guest *guest, int64_t now)
{
    bool is_new = guest->tls.ssl == NULL;
    if (is_new && !make_room_for_handshake(room)) {
        drop(room, guest, WAITING_MEMORY);
        return;
    }
    enum guest_state state = guest_examine(guest, room->scratch, room->limits.max_head);
    if (is_new && guest->tls.ssl != NULL)
        note_begun(room, guest, now);
    charge(room, guest, guest_tls_bytes(guest));
    settle(room, guest, state);
}

/* For a time only: newcomers have to be accepted, or their backlog runs over. */
static void have_turns(struct waiting_room *room)
{
    struct guest *guest;
    int64_t now = clock_monotonic();
    int64_t until = now + TURNS_TIME;
    while (now < until &&
           (guest = turns_take(&room->turns, now, handshake_interval(room))) != NULL) {
        have_turn(room, guest, now);
        now = clock_monotonic();
    }
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
    leave(room, guest);
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
    guest->is_trusted = is_trusted(room, guest);
    guest->preface = guest->is_trusted ? PREFACE_POSSIBLE : PREFACE_NONE;
    if (room->is_tls) {
        seat(room, guest);
        return;
    }
    switch (examine(room, guest)) {
    case GUEST_READY: /* It was quick and never has to wait. */
        TAILQ_INSERT_TAIL(&room->ready, guest, queue);
        break;
    case GUEST_GONE:
        guest_destroy(guest);
        break;
    case GUEST_REFUSED:
        drop(room, guest, WAITING_PREFACE);
        break;
    case GUEST_PLAIN:
        refuse_plain(room, guest);
        break;
    default:
        seat(room, guest);
    }
}

/* Without a free descriptor the connection stays in the backlog and keeps its listener ready: the
 * oldest guest makes way, or we pause instead of spinning. Returns whether to try again. */
static bool free_descriptor(struct waiting_room *room)
{
    struct guest *oldest = guests_oldest(&room->guests);
    if (farewell_cut_short(&room->farewell))
        return true;
    if (oldest != NULL) {
        drop(room, oldest, WAITING_FULL);
        return true;
    }
    (void)poll(NULL, 0, PAUSE);
    return false;
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

static void take_in(struct waiting_room *room, int listener, int64_t now)
{
    for (int i = 0; i < NEWCOMERS; i++) {
        struct guest newcomer = {.listener = listener,
                                 .peer_len = sizeof newcomer.peer,
                                 .deadline = now + room->limits.timeout};
        newcomer.socket = accept4(listener, (struct sockaddr *)&newcomer.peer, &newcomer.peer_len,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (newcomer.socket >= 0) {
            newcomer.context = newest_context(room);
            receive(room, &newcomer);
        } else if (!is_shortage(errno) || !free_descriptor(room)) {
            return;
        }
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
    int64_t turn = turns_next(&room->turns, now, handshake_interval(room));
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
        take_in(room, listeners[i].fd, now);
    look_at_put_off(room, now);
    count_moved(room);
    have_turns(room);
    drop_overdue(room, now);
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
        leave(room, guest);
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
