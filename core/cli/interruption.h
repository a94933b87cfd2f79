/*
 * Ctrl-C and SIGTERM for commands that go on until they are told to end: what they have begun on
 * the server, or on the terminal, is put back first.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_INTERRUPTION_H
#define SLUICE_CLI_INTERRUPTION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* From now on the first of each signal is noted and does not end the process; the second does. */
void interruption_note(void);

/* Whether one has come since. */
bool interruption_came(void);

/* poll(2) that one of them ends, too. Returns how many of them are ready, 0 if none is. */
int interruption_poll(struct pollfd *fds, nfds_t count, int64_t ns);

/* Waits, until one comes at the longest. */
void interruption_wait(int64_t ns);

#endif
