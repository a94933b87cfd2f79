/*
 * Messages to one client, wherever it is, and to everybody.
 *
 * Any thread.
 */
#ifndef SLUICE_HUB_SEND_H
#define SLUICE_HUB_SEND_H

#include "base/error.h"
#include "ws/frame.h"

#include <stddef.h>
#include <stdint.h>

struct hub;

/* Sends a message to one client, wherever it is. Any thread. A client that is gone is not an error.
 * Returns 0, ERR_INVALID (not a possible id), ERR_LIMIT (see fanout_publish) or ERR_NO_MEMORY. */
MUST_CHECK int hub_send(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data,
                        size_t len);

/* The same with a message that no overflow policy drops. */
MUST_CHECK int hub_send_control(struct hub *hub, uint64_t client_id, enum opcode opcode,
                                const void *data, size_t len);

/* Closes one client. Any thread. Returns 0, ERR_INVALID or ERR_NO_MEMORY. */
MUST_CHECK int hub_close(struct hub *hub, uint64_t client_id, uint16_t code, const char *reason);

/* Sends a message to every client of every endpoint (to one endpoint's: fanout_publish). Any
 * thread. Returns 0, or the first error, after all have been tried. */
MUST_CHECK int hub_broadcast_to_all(struct hub *hub, enum opcode opcode, const void *data,
                                    size_t len);

#endif
