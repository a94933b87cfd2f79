/*
 * Whether a descriptor leads to systemd's journal, which takes "<N>" at the beginning of a line as
 * the line's priority.
 *
 * Any thread, while nobody changes the environment.
 */
#ifndef SLUICE_BASE_JOURNAL_H
#define SLUICE_BASE_JOURNAL_H

#include <stdbool.h>

/* systemd names the stream that it has made standard error in JOURNAL_STREAM ("device:inode"); it
 * is true only of a descriptor of that stream, not of what somebody has redirected it to. */
bool journal_is_at(int fd);

#endif
