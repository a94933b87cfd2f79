/*
 * Configurations from texts, and what is wrong with them, for the tests of config/.
 */
#ifndef SLUICE_TESTS_CONFIG_TEXT_H
#define SLUICE_TESTS_CONFIG_TEXT_H

#include "config/config_parse.h"
#include "config/errors.h"

#include <stdio.h>
#include <string.h>

#define SMALLEST "listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /ws}]\n"

static struct diagnostics errors;

static inline struct config *good_config(const char *text)
{
    struct config *config = NULL;
    diagnostics_init(&errors);
    int error = config_parse("dir/t.yaml", text, strlen(text), NULL, 0, &errors, &config);
    assert_errors(&errors, "");
    assert_int_equal(error, 0);
    return config;
}

static inline void refused_config(const char *text, const char *expected)
{
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(config_parse("t.yaml", text, strlen(text), NULL, 0, &errors, &config),
                     ERR_CONFIG);
    assert_null(config);
    assert_errors(&errors, expected);
}

/* Refused because of a line that stands before (or after) what is needed anyway. */
static inline void refused_with(const char *line, const char *expected)
{
    char text[1024];
    snprintf(text, sizeof text, "%s\n" SMALLEST, line);
    refused_config(text, expected);
}

static inline void refused_endpoint(const char *keys, const char *expected)
{
    char text[1024];
    snprintf(text, sizeof text, "listen: [{address: '*:0'}]\nendpoints:\n- path: /ws\n  %s\n",
             keys);
    refused_config(text, expected);
}

#endif
