/*
 * How long a receiver's messages take from their publication to the write that ends with them:
 * struct delivery_stats has the histogram.
 *
 * Only the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_RECEIVER_LATENCY_H
#define SLUICE_DELIVERY_RECEIVER_LATENCY_H

struct receiver;

/* After each write. One that has taken all is counted with the others of its flush; what had to
 * wait is counted once, when the last of it is written. */
void receiver_note_latency(struct receiver *receiver);

#endif
