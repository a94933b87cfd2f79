/*
 * The host's list of clients, and how many there are.
 */
#ifndef SLUICE_HOST_HOST_LIST_H
#define SLUICE_HOST_HOST_LIST_H

#include <sluice/plugin.h>

/* As struct sl_host documents it. */
int host_client_list(struct sl_instance *self, const struct sl_client_query *query,
                     void (*done)(struct sl_instance *self, const struct sl_client_page *page,
                                  void *context),
                     void *context);

int64_t host_client_count(const struct sl_instance *self, const char *path);

#endif
