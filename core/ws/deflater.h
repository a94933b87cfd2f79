/*
 * Messages deflated for permessage-deflate (RFC 7692, section 7.2.1).
 *
 * Pure: no sockets. A deflater belongs to one thread and serves any number of clients: it keeps no
 * context from one message to the next.
 */
#ifndef SLUICE_WS_DEFLATER_H
#define SLUICE_WS_DEFLATER_H

#include "base/buffer.h"
#include "base/error.h"
#include "ws/extension.h"
#include "ws/frame.h"

#include <stddef.h>
#include <stdint.h>

#define DEFLATER_MEMORY_MAX 9

struct deflater;

/* `memory` is zlib's memLevel, 1 to DEFLATER_MEMORY_MAX: the deflater takes 2^(memory + 9) bytes
 * beside four times its window. Returns 0 or ERR_NO_MEMORY. *out is owned by the caller:
 * deflater_destroy. */
MUST_CHECK int deflater_create(enum deflate_window window, int memory, struct deflater **out);

/* NULL is fine. */
void deflater_destroy(struct deflater *deflater);

/* Appends a message as one compressed frame, header included. `level` is zlib's, 1 to 9. Returns 0,
 * ERR_NOT_FOUND (it would not be shorter than it is; nothing is appended), or an error of
 * buffer_extend. */
MUST_CHECK int deflater_append(struct deflater *deflater, int level, enum opcode opcode,
                               const uint8_t *data, size_t len, struct buffer *out);

#endif
