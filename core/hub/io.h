/*
 * How the loops write to clients: the key `io` of the configuration, and what became of it.
 *
 * Main thread, before the loops start; io_describe at any time, on any thread.
 */
#ifndef SLUICE_HUB_IO_H
#define SLUICE_HUB_IO_H

#include "base/error.h"

#include <stddef.h>

struct config;
struct diagnostics;
struct hub;

#define IO_TEXT_MAX 256

/* Gives the loops, which are there, what they need for submissions, if the configuration says so
 * and the kernel lets them. If it refuses, plain writes do, with a warning where io_uring was asked
 * for by its name. Returns 0, or ERR_CONFIG: this program has no io_uring, and was asked for it. */
MUST_CHECK int io_set_up(struct hub *hub, const struct config *config,
                         struct diagnostics *diagnostics);

/* How many loops use io_uring at the moment. */
unsigned io_count_submitting(const struct hub *hub);

/* What is used, and why, if it is not what could be hoped for: "io_uring", "epoll (...)". */
void io_describe(const struct hub *hub, char text[IO_TEXT_MAX]);

#endif
