/*
 * What the benchmark of the shipped plugins measures: each plugin with options that people use, and
 * the files that these options name.
 */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include "credentials.h"

#include <stdbool.h>
#include <stddef.h>

struct cost_case {
    const char *plugin;
    const char *title;   /* what the options are, for the table */
    const char *options; /* YAML; "${COST_FOLDER}" is the folder of cases_write_files */
    enum credential credential;
    bool is_named; /* a plugin before it has named the clients and given them a tenant */
};

extern const struct cost_case cost_cases[];
extern const size_t cost_case_count;

/* What all clients send: a chat message. */
extern const char cost_message[];

/* The page that all of them come from. */
#define COST_ORIGIN "https://app-7.example.com"

/* Writes the files that options name into `folder`, except those of credentials_make. */
void cases_write_files(const char *folder);

#endif
