/*
 * Rates and sizes in the maps of `limits`, where YAML gives only text and numbers.
 */
#ifndef RATE_LIMIT_AMOUNT_H
#define RATE_LIMIT_AMOUNT_H

#include <sluice/plugin.h>

/* Reads units a second from "50/s", "1000/m" or "10/h". False if the text is not a rate. */
bool amount_rate(struct sl_string text, double *per_second);

/* Reads bytes from "512", "64KiB", "1MiB" or "1GiB". False if the text is not a size. */
bool amount_size(struct sl_string text, int64_t *bytes);

#endif
