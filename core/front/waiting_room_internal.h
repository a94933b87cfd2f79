/*
 * What the parts of the waiting room know of it: the room itself, those that arrive
 * (waiting_arrivals.c), and TLS in turns (waiting_turns.c).
 *
 * On the accepting thread.
 */
#ifndef SLUICE_FRONT_WAITING_ROOM_INTERNAL_H
#define SLUICE_FRONT_WAITING_ROOM_INTERNAL_H

#include "front/farewell.h"
#include "front/guests.h"
#include "front/handover.h"
#include "front/turns.h"
#include "front/waiting_room.h"

#include <pthread.h>

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
    size_t charged;             /* bytes that its guests' TLS holds, see handshakes.h */
    struct guest_queue ready;   /* no longer guests */
    unsigned char *scratch;     /* max_head bytes */
    struct farewell farewell;   /* had their answer */
    struct handover handover;   /* TLS: accepted from us, not yet claimed */
    pthread_mutex_t lock;       /* of what follows */
    SSL_CTX *tls;               /* one reference; what newcomers get */
};

/* Takes a guest out of everything that a waiting one is in. */
void room_leave(struct waiting_room *room, struct guest *guest);

/* Ends a guest, and counts that. */
void room_drop(struct waiting_room *room, struct guest *guest, enum waiting_drop reason);

/* Drops a guest, unless its head has arrived and only its event has not been looked at yet. */
void room_give_up(struct waiting_room *room, struct guest *guest, enum waiting_drop reason);

/* Counts the memory of a guest's handshake, in bytes. */
void room_charge(struct waiting_room *room, struct guest *guest, size_t bytes);

/* Looks at what has arrived. */
enum guest_state room_examine(struct waiting_room *room, struct guest *guest);

/* What comes of a waiting guest that was looked at. */
void room_settle(struct waiting_room *room, struct guest *guest, enum guest_state state);

/* Plain HTTP on a TLS port is told so. */
void room_refuse_plain(struct waiting_room *room, struct guest *guest);

bool room_is_trusted(const struct waiting_room *room, const struct guest *guest);

/* Makes room for one more guest of an address. Returns whether somebody had to go. */
bool room_make_at_address(struct waiting_room *room, const struct guest *newcomer);

/* Gives up the oldest for other listeners that have no descriptor left. */
void room_yield_descriptors(struct waiting_room *room, int64_t now);

/* Accepts newcomers from a listener. */
void room_take_in(struct waiting_room *room, int listener, int64_t now);

/* Lets handshakes go on, for a time only: newcomers have to be accepted, or their backlog runs
 * over. */
void room_have_turns(struct waiting_room *room);

/* ns between two handshakes of an address at its rate; 0: no limit. */
int64_t room_handshake_interval(const struct waiting_room *room);

#endif
