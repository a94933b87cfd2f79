/*
 * JSON text for a terminal.
 *
 * Any thread.
 */
#ifndef SLUICE_BASE_JSON_TEXT_H
#define SLUICE_BASE_JSON_TEXT_H

#include <stdio.h>

/* Prints JSON text, with \u00XX for DEL and the C1 controls (U+0080 to U+009F), which cJSON leaves
 * as they are and a terminal may follow; the value that it stands for is the same. And with \ufffd
 * for each byte that is no UTF-8, without which it would be no JSON. */
void json_text_print(FILE *to, const char *text);

#endif
