#include "delivery/compressor.h"

/* With a window of 2^9 bytes zlib clears its table every few hundred bytes: a large one makes that
 * five times as slow. */
#define SMALL_WINDOW_MEMORY_MAX 4

void compressor_deinit(struct compressor *compressor)
{
    for (unsigned window = 0; window < DEFLATE_WINDOW_COUNT; window++) {
        for (unsigned memory = 0; memory <= DEFLATER_MEMORY_MAX; memory++) {
            deflater_destroy(compressor->deflaters[window][memory]);
            compressor->deflaters[window][memory] = NULL;
        }
    }
}

/* The deflater for that window, made when it is first needed. NULL: no memory. */
static struct deflater *need_deflater(struct compressor *compressor, enum deflate_window window,
                                      int memory)
{
    if (window == DEFLATE_WINDOW_SMALL && memory > SMALL_WINDOW_MEMORY_MAX)
        memory = SMALL_WINDOW_MEMORY_MAX;
    struct deflater **slot = &compressor->deflaters[window][memory];
    if (*slot == NULL && deflater_create(window, memory, slot) != OK)
        return NULL;
    return *slot;
}

bool compressor_append(struct compressor *compressor, enum deflate_window window,
                       const struct compression_settings *settings, enum opcode opcode,
                       const void *data, size_t len, struct buffer *out)
{
    size_t before = out->len;
    struct deflater *deflater = need_deflater(compressor, window, settings->memory);
    if (deflater == NULL)
        return false;
    int error = deflater_append(deflater, settings->level, opcode, data, len, out);
    if (error == ERR_NOT_FOUND)
        counter_add(&compressor->stats.not_shorter, 1);
    if (error != OK)
        return false;
    counter_add(&compressor->stats.messages, 1);
    counter_add(&compressor->stats.bytes_in, len);
    counter_add(&compressor->stats.bytes_out, out->len - before);
    return true;
}
