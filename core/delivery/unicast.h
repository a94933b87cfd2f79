/*
 * The frames of one iteration that are not for a whole audience: for single receivers, and for the
 * subscribers of a topic that has few of them. They lie in the loop's `unicast` buffers.
 *
 * Only the loop's thread. receiver.h and delivery_loop.h declare what is put there.
 */
#ifndef SLUICE_DELIVERY_UNICAST_H
#define SLUICE_DELIVERY_UNICAST_H

struct delivery_loop;

/* Sets up the loop's buffers. */
void unicast_init(struct delivery_loop *loop);

/* Frees them. */
void unicast_deinit(struct delivery_loop *loop);

/* All of it is sent, or kept elsewhere. */
void unicast_empty(struct delivery_loop *loop);

#endif
