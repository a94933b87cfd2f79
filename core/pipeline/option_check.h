/*
 * The options of plugins in a configuration that is wrong elsewhere: checked all the same, so that
 * all mistakes are reported at once.
 *
 * Main thread.
 */
#ifndef SLUICE_PIPELINE_OPTION_CHECK_H
#define SLUICE_PIPELINE_OPTION_CHECK_H

#include "config/config.h"
#include "config/diagnostics.h"
#include "pipeline/plugin.h"

/* Loads each stage's plugin and reads its options by the plugin's table; no instance is created.
 * What is wrong is added to `diagnostics`. Stages without a plugin's name are left out. `previous`
 * may be NULL: the plugins that are loaded already. */
void option_check(const struct config *config, const struct plugin_set *previous,
                  struct diagnostics *diagnostics);

#endif
