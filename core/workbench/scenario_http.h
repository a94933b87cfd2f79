/*
 * What a scenario answers to a plugin's HTTP requests: its `http` list.
 */
#ifndef SLUICE_WORKBENCH_SCENARIO_HTTP_H
#define SLUICE_WORKBENCH_SCENARIO_HTTP_H

#include "workbench/scenario.h"

/* Answers the plugin's requests from now on by the list (NULL: there is none), and fails the
 * scenario if an answer is malformed. The tree stays. */
void scenario_http_begin(const struct yaml_node *list);

/* Fails the scenario if the plugin has not asked for everything. */
void scenario_http_end(void);

#endif
