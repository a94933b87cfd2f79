/*
 * The admin listener's Unix socket. It needs no token: whoever may open its file may ask.
 *
 * Main thread.
 */
#ifndef SLUICE_ADMIN_ADMIN_SOCKET_H
#define SLUICE_ADMIN_ADMIN_SOCKET_H

#include "base/error.h"

struct admin_listener;
struct config;

/* Starts listening with a file of admin.socket_mode. Replaces a socket that a server has left
 * behind, but not one that a server listens on. Makes the folder if only it is missing. Returns 0,
 * ERR_SYSTEM (`*failure` says why: static storage, or the listener's) or ERR_NO_MEMORY. */
MUST_CHECK int admin_socket_start(struct admin_listener *listener, const struct config *config,
                                  const char **failure);

/* Removes the file, unless it is another server's by now. The listener has stopped. */
void admin_socket_remove(const struct admin_listener *listener);

#endif
