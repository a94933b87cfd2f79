/*
 * The text of a crash report under construction, put together and written without the C library's
 * help: everything here is safe in a signal handler.
 */
#ifndef SLUICE_BASE_CRASH_TEXT_H
#define SLUICE_BASE_CRASH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_TEXT_MAX 8192 /* bytes of a line of JSON; frames that do not fit are left out */
#define CRASH_VALUE_MAX 512 /* bytes of a value in it; what is longer is cut */

struct crash_text {
    char text[CRASH_TEXT_MAX];
    size_t len;
    bool is_json; /* one line; else it is written on when it is full */
};

/* Writes what there is to standard error, and to the log if that is another file; a report that
 * nobody reads does not keep the process from ending. */
void crash_text_write(struct crash_text *report);

void crash_put_bytes(struct crash_text *report, const char *bytes, size_t len);
void crash_put(struct crash_text *report, const char *text);
void crash_put_number(struct crash_text *report, uint64_t value, unsigned base,
                      unsigned digits_least);

/* In JSON as the inside of a string. */
void crash_put_escaped(struct crash_text *report, const char *text);

/* The same; `otherwise` instead of NULL. */
void crash_put_or(struct crash_text *report, const char *text, const char *otherwise);

#endif
