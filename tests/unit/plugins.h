/*
 * Where the plugins are that the tests load: beside the test programs.
 */
#ifndef SLUICE_TESTS_PLUGINS_H
#define SLUICE_TESTS_PLUGINS_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes the folder's path. */
static inline void test_plugins_folder(char folder[PATH_MAX])
{
    char program[PATH_MAX - 16] = "";
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash = len > 0 ? strrchr(program, '/') : NULL;
    if (slash != NULL)
        *slash = '\0';
    snprintf(folder, PATH_MAX, "%s/plugins", program);
}

#endif
