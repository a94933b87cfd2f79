/*
 * Numbers as people read them.
 *
 * Pure.
 */
#ifndef SLUICE_CLI_UNITS_H
#define SLUICE_CLI_UNITS_H

#define UNITS_TEXT_MAX 32

/* Writes "850 ns", "12.3 us", "4.6 ms" or "2.0 s". Returns `text`. */
const char *units_duration(double ns, char text[UNITS_TEXT_MAX]);

/* Writes "0", "999", "1.2k", "34.5M" or "1.2G": of a number that is not negative. Returns `text`.
 */
const char *units_number(double number, char text[UNITS_TEXT_MAX]);

#endif
