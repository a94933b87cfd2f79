/*
 * What the main thread of a running server waits for: signals, work that others have for it, and
 * instances whose create finishes later.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_SERVE_LOOP_H
#define SLUICE_CLI_SERVE_LOOP_H

#include "base/error.h"

#include <stdint.h>

struct diagnostics;
struct server_parts;

#define SERVE_FOR_EVER INT64_MAX

/* One step: a signal, or work that others have for it. Returns the signal, or 0 after `timeout` ms
 * (-1: none) or other work. */
int serve_loop_step(struct server_parts *parts, int timeout);

/* Waits until the first configuration is in force, or a signal asks the server to end, which is in
 * `number` then. Returns 0, or the error for which it never comes into force, in `diagnostics`. */
MUST_CHECK int serve_loop_start(struct server_parts *parts, struct diagnostics *diagnostics,
                                int *number);

/* Waits until a signal asks the server to end, or until `until` (ns, monotonic), and reloads when
 * one asks for that. Returns the signal, or 0. */
int serve_loop_run(struct server_parts *parts, int64_t until);

#endif
