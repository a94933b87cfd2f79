/*
 * Recording traffic for `sluice replay`: who connects, what is sent, who leaves, a JSON object a
 * line.
 *
 * Any thread; a lock, taken for each event, so this is for a while and not for ever. The file is
 * for its owner only, never grows over its limit, and holds no credentials: headers, cookies and
 * query parameters that carry them are left out. What messages say is in it.
 */
#ifndef SLUICE_HUB_RECORDER_H
#define SLUICE_HUB_RECORDER_H

#include "base/error.h"
#include "ws/frame.h"
#include "ws/request.h"

#include <stddef.h>
#include <stdint.h>

#define RECORDER_LIMIT ((size_t)256 * 1024 * 1024) /* bytes of a file, unless told otherwise */

struct recorder;

/* Opens a new file; one that is there is not written over. Returns 0, ERR_SYSTEM (with errno) or
 * ERR_NO_MEMORY. */
MUST_CHECK int recorder_open(const char *path, size_t limit, struct recorder **out);

/* Writes what is buffered, says how much it was, and frees. NULL is fine. */
void recorder_close(struct recorder *recorder);

/* A client that was let in. `identity` may be NULL. */
void recorder_on_open(struct recorder *recorder, uint64_t client_id, const char *endpoint,
                      const char *address, const char *identity, const struct request *request);

/* A message, before any plugin has seen it. */
void recorder_on_message(struct recorder *recorder, uint64_t client_id, enum opcode opcode,
                         const void *data, size_t len);

void recorder_on_close(struct recorder *recorder, uint64_t client_id, unsigned code);

#endif
