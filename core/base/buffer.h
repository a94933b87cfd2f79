/*
 * A growable run of bytes with a declared maximum.
 *
 * One thread at a time. The buffer owns its memory; pointers into it are valid until the next
 * append or release.
 */
#ifndef SLUICE_BASE_BUFFER_H
#define SLUICE_BASE_BUFFER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t maximum; /* bytes; appending past it fails with ERR_LIMIT */
};

/* An empty buffer that allocates nothing until it is used. */
static inline void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

/* Frees the memory; the buffer is empty and usable again. */
void buffer_release(struct buffer *buffer);

/* Makes room for `len` more bytes and sets *out to where they go; `len` then counts as used.
 * Returns 0, ERR_LIMIT or ERR_NO_MEMORY (the buffer is unchanged then). */
MUST_CHECK int buffer_extend(struct buffer *buffer, size_t len, uint8_t **out);

/* Appends a copy of `len` bytes. Errors as buffer_extend. */
MUST_CHECK int buffer_append(struct buffer *buffer, const void *data, size_t len);

#endif
