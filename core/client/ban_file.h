/*
 * The file that keeps the bans over a restart: a JSON object on each line.
 *
 * Blocking calls of the file system: never on a loop's thread.
 */
#ifndef SLUICE_CLIENT_BAN_FILE_H
#define SLUICE_CLIENT_BAN_FILE_H

#include "client/ban.h"

#include <stddef.h>

struct ban_list;
struct diagnostics;

#define BAN_FILE_TEXT_MAX 512 /* bytes */

/* Reads a line: {"identity" or "address", "until", "since", "reason", "by", "id"}, all but the
 * first optional. Returns NULL, or what is wrong with it, static or in `fault` (256 bytes). */
const char *ban_file_read_line(const char *line, size_t len, struct ban *out, char fault[256]);

/* Adds the bans of the file, without those that have ended at the time `now`. A file that is
 * not there has none. Returns 0, ERR_CONFIG (each line that is wrong is in `diagnostics`) or
 * ERR_NO_MEMORY. */
MUST_CHECK int ban_file_load(const char *path, struct ban_list *list, int64_t now,
                             struct diagnostics *diagnostics);

/* Writes all bans to a new file beside the old one, which it replaces when it is on the disk.
 * Returns 0, or ERR_SYSTEM with a sentence in `why` (BAN_FILE_TEXT_MAX bytes): the old one is as it
 * was. */
MUST_CHECK int ban_file_write(const char *path, struct ban_list *list, char *why);

#endif
