/*
 * Lines of a file, a pipe or a terminal, read as they come.
 *
 * One thread. Reading waits for nothing if poll has said that there is something.
 */
#ifndef SLUICE_CONNECT_LINES_H
#define SLUICE_CONNECT_LINES_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct lines {
    int fd;
    struct buffer buffer;
    size_t taken;     /* bytes of the buffer that have been handed out */
    size_t searched;  /* bytes of the buffer before which no line ends that is not taken */
    bool has_ended;   /* the file has */
    bool is_too_long; /* a line is longer than the buffer may be, or there was no memory for it */
};

/* Lines have at most `max` bytes, their end included. */
void lines_init(struct lines *lines, int fd, size_t max);
void lines_deinit(struct lines *lines);

/* Reads what there is. What lines_next has returned is invalid then. */
void lines_read(struct lines *lines);

/* Takes the next whole line, without its end; the last one needs none. Returns false if there is
 * none yet. */
bool lines_next(struct lines *lines, const char **text, size_t *len);

/* Whether lines_next would return one. Reading before it has been taken may find no room. */
bool lines_have_one(const struct lines *lines);

/* Whether all have been taken. */
bool lines_are_over(const struct lines *lines);

#endif
