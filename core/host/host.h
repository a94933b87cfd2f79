/*
 * The server's side of the plugin contract: the functions that every plugin is handed.
 */
#ifndef SLUICE_HOST_HOST_H
#define SLUICE_HOST_HOST_H

#include <sluice/plugin.h>

/* The one table, static storage; any thread. */
const struct sl_host *host_table(void);

#endif
