/*
 * What only shows when several values of a configuration are looked at together.
 */
#ifndef SLUICE_CONFIG_CONFIG_CHECK_H
#define SLUICE_CONFIG_CONFIG_CHECK_H

#include "config/config.h"

/* Adds what is wrong to `diagnostics`. Values that were already found wrong may be zero or NULL. */
void config_check(const struct config *config, struct diagnostics *diagnostics);

#endif
