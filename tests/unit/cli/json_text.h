/*
 * JSON as a text, to compare with what is expected.
 */
#ifndef SLUICE_TESTS_CLI_JSON_TEXT_H
#define SLUICE_TESTS_CLI_JSON_TEXT_H

#include "unit.h"

#include <cjson/cJSON.h>

/* Checks and frees. */
static inline void assert_json(cJSON *json, const char *expected)
{
    char *text = cJSON_PrintUnformatted(json);
    assert_non_null(text);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(json);
}

#endif
