/*
 * SIGINT, SIGTERM, SIGHUP and SIGUSR1: a thread of their own takes them, so that they count
 * whatever the main thread does.
 *
 * The main thread gets each as a byte to read. If the server has not ended a while after the first
 * SIGINT or SIGTERM (shutdown.delay, shutdown.grace and watchdog.stop), or a moment after the
 * second, this thread says what still runs and ends the process with status 1; a third one ends it
 * at once.
 */
#ifndef SLUICE_CLI_STOP_SIGNALS_H
#define SLUICE_CLI_STOP_SIGNALS_H

#include "base/error.h"

#include <stdint.h>

struct config;
struct stop_signals;

/* Blocks the signals for this thread and those that it starts from now on, and begins to take them.
 * Main thread, before others start. Returns 0, ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int stop_signals_create(const struct config *config, struct stop_signals **out);

/* How long an orderly end may take. Any thread; a reload changes it. */
void stop_signals_configure(struct stop_signals *signals, const struct config *config);

/* A descriptor that is readable when a signal has come, and the oldest of them (0: none). */
int stop_signals_fd(const struct stop_signals *signals);
int stop_signals_take(struct stop_signals *signals);

/* The server has ended: nothing will be forced any more. NULL is fine. */
void stop_signals_destroy(struct stop_signals *signals);

#endif
