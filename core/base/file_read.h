/*
 * Reading all of a file that is open.
 *
 * Any thread.
 */
#ifndef SLUICE_BASE_FILE_READ_H
#define SLUICE_BASE_FILE_READ_H

#include <stddef.h>
#include <sys/types.h>

/* Reads until the file ends or `size` bytes are there: give one byte more than the file may have,
 * and a file that is too large shows. Returns the number of bytes, or -1 with errno. */
ssize_t file_read(int fd, char *data, size_t size);

#endif
