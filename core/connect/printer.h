/*
 * Received messages as lines on standard output.
 *
 * Main thread.
 */
#ifndef SLUICE_CONNECT_PRINTER_H
#define SLUICE_CONNECT_PRINTER_H

#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum printer_binary { PRINTER_HEX, PRINTER_BASE64, PRINTER_RAW };

struct printer {
    bool is_terminal; /* control characters are made visible, lines begin with "< " */
    bool json;        /* a line of JSON each */
    enum printer_binary binary;
};

/* Reads "hex", "base64" or "raw". Returns false if it is another word. */
bool printer_read_binary(const char *word, enum printer_binary *binary);

/* Prints a message. Text is UTF-8. */
void printer_print(const struct printer *printer, enum opcode type, const uint8_t *data,
                   size_t len);

#endif
