/*
 * Whose TLS handshake goes on next: one guest of each address in turn, however many it has, and a
 * rate at which an address may begin handshakes. An address over its rate waits; what it has begun
 * goes on.
 *
 * On the accepting thread. Borrows origins and guests.
 */
#ifndef SLUICE_FRONT_TURNS_H
#define SLUICE_FRONT_TURNS_H

#include "front/origin.h"

/* How many seconds' worth of handshakes an address may begin at once. */
#define TURNS_BURST 10

struct turns {
    struct origin_queue ring;    /* have something to do */
    struct origin_queue resting; /* have only handshakes to begin, and are over their rate */
    struct origin proxies;       /* stands for the addresses of guests that are counted at none */
};

void turns_init(struct turns *turns);

/* There may be something to do for a guest of a TLS listener. It stays so until it has had a turn
 * or is removed. */
void turns_add(struct turns *turns, struct guest *guest);

/* There is nothing to do for it any more; it may never have been added. */
void turns_remove(struct turns *turns, struct guest *guest);

/* Takes the next guest out, or returns NULL if there is none that may have a turn now. `interval`:
 * ns between two handshakes of an address at its rate; 0: no limit. */
struct guest *turns_take(struct turns *turns, int64_t now, int64_t interval);

/* A guest that was taken has begun its handshake. Returns whether that was its address's last for
 * now. */
bool turns_charge(struct turns *turns, const struct guest *guest, int64_t now, int64_t interval);

/* When turns_take has something next; INT64_MAX: not before turns_add. */
int64_t turns_next(const struct turns *turns, int64_t now, int64_t interval);

#endif
