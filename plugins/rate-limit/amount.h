/*
 * Rates and sizes as they stand in the maps of `limits`, where YAML knows only text and numbers.
 */
#ifndef RATE_LIMIT_AMOUNT_H
#define RATE_LIMIT_AMOUNT_H

#include <sluice/plugin.h>

/* "50/s", "1000/m", "10/h": units a second. False: it is none. */
bool amount_rate(struct sl_string text, double *per_second);

/* "512", "64KiB", "1MiB", "1GiB": bytes. False: it is none. */
bool amount_size(struct sl_string text, int64_t *bytes);

#endif
