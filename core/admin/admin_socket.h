/*
 * The admin listener's Unix socket, which needs no token: who may open its file may ask.
 *
 * Main thread.
 */
#ifndef SLUICE_ADMIN_ADMIN_SOCKET_H
#define SLUICE_ADMIN_ADMIN_SOCKET_H

#include "base/error.h"

struct admin_listener;
struct config;

/* Starts listening with a file of admin.socket_mode. A socket that a server has left behind is
 * replaced, one that a server listens on is not. The folder is made if only it is missing. Returns
 * 0, ERR_SYSTEM (`*failure` says why: static storage, or the server's) or ERR_NO_MEMORY. */
MUST_CHECK int admin_socket_start(struct admin_listener *listener, const struct config *config,
                                  const char **failure);

/* Removes the file, unless it is another server's by now. The server has stopped. */
void admin_socket_remove(const struct admin_listener *listener);

#endif
