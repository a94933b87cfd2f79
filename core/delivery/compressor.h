/*
 * A loop's compressor: what deflates the messages that its receivers are sent (RFC 7692).
 *
 * Only the loop's thread, except the statistics, which any thread may read. Its memory is there
 * from the first message that is compressed, for all receivers together.
 */
#ifndef SLUICE_DELIVERY_COMPRESSOR_H
#define SLUICE_DELIVERY_COMPRESSOR_H

#include "base/buffer.h"
#include "base/counter.h"
#include "ws/deflater.h"
#include "ws/extension.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>

/* Of an endpoint: what is compressed, and how. */
struct compression_settings {
    size_t min_size; /* bytes; what is shorter goes plain */
    size_t max_size; /* and so does what is longer: the loop stands still while it compresses */
    int level;       /* zlib's, 1 to 9 */
    int memory;      /* zlib's memLevel, 1 to DEFLATER_MEMORY_MAX */
};

struct compressor_stats {
    counter messages;    /* compressed, each once for all who get it and each window */
    counter not_shorter; /* tried, and sent plain */
    counter bytes_in;    /* of payload, of the compressed ones */
    counter bytes_out;
};

struct compressor {
    struct deflater *deflaters[DEFLATE_WINDOW_COUNT][DEFLATER_MEMORY_MAX + 1]; /* owned, or NULL */
    struct compressor_stats stats;
};

/* A zeroed compressor is ready. Frees what it holds. */
void compressor_deinit(struct compressor *compressor);

/* Whether compression is worth trying: for data messages that are neither short nor very long. */
static inline bool compressor_wants(const struct compression_settings *settings, enum opcode opcode,
                                    size_t len)
{
    return (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY) && len >= settings->min_size &&
           len <= settings->max_size;
}

/* Appends a message as a compressed frame. False: nothing is appended, the message goes plain. It
 * would not be shorter, or there is no memory. */
bool compressor_append(struct compressor *compressor, enum deflate_window window,
                       const struct compression_settings *settings, enum opcode opcode,
                       const void *data, size_t len, struct buffer *out);

#endif
