/*
 * Recording traffic for `sluice replay`: who connects, what is sent, who leaves, a JSON object a
 * line.
 *
 * Any thread; a lock, taken for each event, so this is for a while and not for ever. The file is
 * for its owner only, never grows over its limit, and holds no credentials: headers, cookies, query
 * parameters and members of messages that carry them are left out, by their usual names and by
 * those that the configuration gives. What messages say otherwise is in it.
 *
 * Bytes that are no UTF-8 stand in members of their own, in base64, so that each line is JSON.
 */
#ifndef SLUICE_CLIENT_RECORDER_H
#define SLUICE_CLIENT_RECORDER_H

#include "base/error.h"
#include "client/recording_file.h"
#include "pipeline/credential_names.h"
#include "ws/frame.h"
#include "ws/request.h"

#include <stddef.h>
#include <stdint.h>

#define RECORDER_LIMIT ((size_t)256 * 1024 * 1024) /* bytes of a file, unless told otherwise */

struct recorder;

/* Opens a new file, or goes on with a recording that is there (see recording_file_open). Returns 0,
 * ERR_SYSTEM with the reason, or ERR_NO_MEMORY. */
MUST_CHECK int recorder_open(const char *path, size_t limit, struct recorder **out,
                             char reason[RECORDING_FILE_TEXT_MAX]);

/* Says how much it was, and frees. NULL is fine. */
void recorder_close(struct recorder *recorder);

/* A client that was let in. */
struct recorder_client {
    uint64_t id;
    const char *endpoint;
    const char *address;
    const char *identity; /* or NULL */
    const struct request *request;
};
void recorder_on_open(struct recorder *recorder, const struct recorder_client *client,
                      const struct credential_names *credentials);

/* A message, before any plugin has seen it. */
void recorder_on_message(struct recorder *recorder, uint64_t client_id, enum opcode opcode,
                         const void *data, size_t len, const struct credential_names *credentials);

void recorder_on_close(struct recorder *recorder, uint64_t client_id, unsigned code);

/* Events that are in the file, and events that are not, since it was over (metrics). */
uint64_t recorder_events(const struct recorder *recorder);
uint64_t recorder_lost(const struct recorder *recorder);

#endif
