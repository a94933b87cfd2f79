/*
 * Gap markers: text messages that stand in a stream where messages are missing.
 *
 * Pure, any thread. A marker's text may contain {dropped}, the number of messages that are missing,
 * and {bytes}, the bytes of their payloads, any number of times.
 */
#ifndef SLUICE_DELIVERY_GAP_MARKER_H
#define SLUICE_DELIVERY_GAP_MARKER_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes the frame of a marker with that text has at most. */
size_t gap_marker_room(const char *text);

/* Writes the frame, for which there is room. Returns its length. */
size_t gap_marker_encode(const char *text, uint64_t dropped, uint64_t bytes, uint8_t *out);

#endif
