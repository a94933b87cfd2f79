/*
 * Telling the service manager how far the server is: systemd's protocol of Type=notify.
 *
 * A datagram to the socket that $NOTIFY_SOCKET names; without one nothing happens. Main thread.
 */
#ifndef SLUICE_CLI_NOTIFY_H
#define SLUICE_CLI_NOTIFY_H

/* Remembers the socket and takes it out of the environment, so that no program that a plugin starts
 * speaks for the server. Before other threads start. */
void notify_init(void);

/* It serves: after the start, and after each reload that has begun, whatever came of it. */
void notify_ready(void);

void notify_reloading(void);

void notify_stopping(void);

#endif
