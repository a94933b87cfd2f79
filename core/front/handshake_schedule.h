/*
 * The order of TLS handshakes: addresses take turns, one connection of each, however many it has.
 * Each address has a rate at which it may begin handshakes; over its rate it rests, while the
 * handshakes that it has begun go on.
 *
 * On the accepting thread. Borrows addresses and connections.
 */
#ifndef SLUICE_FRONT_HANDSHAKE_SCHEDULE_H
#define SLUICE_FRONT_HANDSHAKE_SCHEDULE_H

#include "front/pending_address.h"

/* How many seconds' worth of handshakes an address may begin at once. */
#define HANDSHAKE_SCHEDULE_BURST 10

struct handshake_schedule {
    struct pending_address_queue ring;    /* addresses that have something to do */
    struct pending_address_queue resting; /* over their rate, and have nothing begun */
    struct pending_address proxies;       /* has the connections that count at no address */
};

void handshake_schedule_init(struct handshake_schedule *schedule);

/* Schedules a connection of a TLS listener that may have something to do. It stays scheduled until
 * it is taken or removed. */
void handshake_schedule_add(struct handshake_schedule *schedule, struct pending *pending);

/* Removes a connection; does nothing if it is not scheduled. */
void handshake_schedule_remove(struct handshake_schedule *schedule, struct pending *pending);

/* Takes the next connection out, or returns NULL if none may go on now. `interval`: ns between two
 * handshakes of an address at its rate; 0: no limit. */
struct pending *handshake_schedule_take(struct handshake_schedule *schedule, int64_t now,
                                        int64_t interval);

/* Charges the address of a connection that was taken for a handshake that has begun. Returns
 * whether that was the last one for which its rate suffices now. */
bool handshake_schedule_charge(struct handshake_schedule *schedule, const struct pending *pending,
                               int64_t now, int64_t interval);

/* When handshake_schedule_take has a connection next; INT64_MAX: not before one is added. */
int64_t handshake_schedule_next(const struct handshake_schedule *schedule, int64_t now,
                                int64_t interval);

#endif
