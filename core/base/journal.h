/*
 * systemd's journal: whether the log goes there, and how a line gets there with its priority and
 * its fields.
 *
 * Where standard error is the journal's stream, lines of text go to the journal's socket, each as
 * one datagram of its native protocol. A line that the socket does not take at once (it is full, or
 * not there) goes to the stream behind "<N>", which the journal takes as its priority. That
 * protocol is a few lines of code; libsystemd would wait for a socket that is full.
 *
 * Any thread, while nobody changes the environment.
 */
#ifndef SLUICE_BASE_JOURNAL_H
#define SLUICE_BASE_JOURNAL_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define JOURNAL_SOCKET_VARIABLE "SLUICE_JOURNAL_SOCKET" /* names another, for tests */

/* systemd names the stream that it has made standard error in JOURNAL_STREAM ("device:inode"); it
 * is true only of a descriptor of that stream, not of what somebody has redirected it to. */
bool journal_is_at(int fd);

/* The log goes to this descriptor from now on. */
void journal_look(int fd);

/* "<N>" for a line of the journal's stream, or "" if the log does not go there. Static. */
const char *journal_prefix(enum log_level level);

/* A line for the journal. */
struct journal_line {
    enum log_level level;
    const char *module;
    const char *message; /* need not be zero-terminated */
    size_t len;
    const struct log_fields *fields; /* NULL: none */
};

/* Sends a line: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, SLUICE_MODULE, and SLUICE_NAME for each
 * field. Returns whether the journal has taken it; never waits. */
bool journal_send(const struct journal_line *line);

#endif
