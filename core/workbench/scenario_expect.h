/*
 * What a scenario expects, compared with what came: the first difference fails it, at its place in
 * the file.
 */
#ifndef SLUICE_WORKBENCH_SCENARIO_EXPECT_H
#define SLUICE_WORKBENCH_SCENARIO_EXPECT_H

#include "workbench/scenario.h"

/* The member `key` of the mapping, if it is there, is what was found (NULL: nothing). */
void expect_text(const struct yaml_node *expect, const char *key, const char *found);
void expect_number(const struct yaml_node *expect, const char *key, double found);
void expect_contains(const struct yaml_node *expect, const char *key, const char *found);

/* The JSON that a node stands for: text is JSON itself, lists and mappings are YAML. Fails if it is
 * none. The caller's (cJSON_free). */
char *scenario_json(const struct yaml_node *node);

/* The member `json` is the same JSON. */
void expect_json(const struct yaml_node *expect, const char *found);

/* A verdict, or a mapping with one and its details. `sent`: the message as it was; NULL: not
 * known. */
void expect_connect(const struct yaml_node *expect, const struct sl_client *client,
                    const struct fake_result *result);
void expect_message(const struct yaml_node *expect, const struct fake_result *result,
                    const char *sent, size_t sent_len);

#endif
