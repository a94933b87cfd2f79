/*
 * The demo page, demo.html, as it is built into the binary.
 */
#ifndef SLUICE_FRONT_DEMO_PAGE_H
#define SLUICE_FRONT_DEMO_PAGE_H

#include <stddef.h>

extern const unsigned char demo_page[];
extern const size_t demo_page_len; /* bytes */

#endif
