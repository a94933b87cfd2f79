/*
 * Holders: how many parties hold how much, counted by size class, so that the largest are found
 * without looking at all of them.
 *
 * A class spans at most a quarter of its smallest size: there are four to each power of two. Each
 * holder remembers its own class in one byte. One thread notes, any thread reads.
 */
#ifndef SLUICE_BASE_HOLDERS_H
#define SLUICE_BASE_HOLDERS_H

#include "base/counter.h"

#include <stddef.h>

#define HOLDERS_CLASSES 192

/* Zeroed, there are no holders. */
struct holders {
    counter count[HOLDERS_CLASSES]; /* of class 0 nobody is counted */
};

/* The class of `bytes`; 0 if nothing is held. Any thread. */
unsigned holders_class(size_t bytes);

/* Moves one holder from *class, where it is counted now, to the class of `bytes`. A holder's class
 * begins as 0, and has to be 0 again before the holder goes. Only the thread that notes. */
void holders_note(struct holders *holders, uint8_t *class, size_t bytes);

/* The class of the largest holders; 0 if there are none. Any thread. */
unsigned holders_highest(const struct holders *holders);

/* The class down to which the largest all have to go so that `bytes` come together: those from it
 * up hold no more than that, whatever their sizes within their classes. The highest class if that
 * may be more already; 0 if there are no holders. Any thread. */
unsigned holders_needed(const struct holders *holders, size_t bytes);

#endif
