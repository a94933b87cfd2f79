/*
 * Prints texts that somebody else has chosen, so that a terminal does not follow them: control
 * characters (C1 included) and bytes that are no UTF-8 show as something else.
 *
 * Any thread.
 */
#ifndef SLUICE_BASE_SAFE_TEXT_H
#define SLUICE_BASE_SAFE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* With '?' in the place of each of them. */
void safe_text_print(FILE *to, const char *text);

/* Between quotes, with \n, \t, \" and \\, and \xHH for the others. */
void safe_text_print_quoted(FILE *to, const char *text);

/* As it is, but with \n and \r, and \xHH for the others; a tab stays. It has no zero at its end. */
void safe_text_print_visible(FILE *to, const char *text, size_t len);

/* Each line of it as visible text behind `prefix`; its line breaks stay. */
void safe_text_print_lines(FILE *to, const char *prefix, const char *text);

#endif
