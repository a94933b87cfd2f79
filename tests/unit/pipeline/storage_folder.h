/*
 * A folder of the test program's own for the file of a storage.
 */
#ifndef SLUICE_TESTS_PIPELINE_STORAGE_FOLDER_H
#define SLUICE_TESTS_PIPELINE_STORAGE_FOLDER_H

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-storage-XXXXXX";
static char path[64]; /* of the file, which is not there at first */

/* The file goes, and what SQLite has beside it. */
static void remove_file(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char name[96];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

/* A write beyond a limit of file sizes is an error then, not a signal. */
static int make_folder(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/tables", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove_file();
    return rmdir(folder);
}

#endif
