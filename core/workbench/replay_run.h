/*
 * One run of a recording through the pipelines of one configuration.
 */
#ifndef SLUICE_WORKBENCH_REPLAY_RUN_H
#define SLUICE_WORKBENCH_REPLAY_RUN_H

#include <stdbool.h>
#include <stdio.h>

struct replay_run {
    const char *recording; /* the file */
    const char *config_file;
    bool json; /* the lines are */
    FILE *out; /* gets a line for each message, and for what was left out */
};

/* For situation_run, with a struct replay_run: whatever is wrong fails the situation. */
void replay_run(void *run);

#endif
