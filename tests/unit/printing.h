/*
 * What a function prints on standard output and standard error.
 */
#ifndef SLUICE_TESTS_PRINTING_H
#define SLUICE_TESTS_PRINTING_H

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

struct printed {
    char out[8192];
    char error[4096];
};

/* Standard output and standard error go to files until printing_end. */
struct printing {
    FILE *files[2];
    int saved[2];
};

static inline struct printing printing_begin(void)
{
    struct printing printing;
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        printing.files[i] = tmpfile();
        assert_non_null(printing.files[i]);
        printing.saved[i] = dup(STDOUT_FILENO + i);
        dup2(fileno(printing.files[i]), STDOUT_FILENO + i);
    }
    return printing;
}

/* Until printing_end nothing can be written to standard output. */
static inline void printing_fill_disk(void)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    dup2(full, STDOUT_FILENO);
    close(full);
}

static inline void printing_end(struct printing *printing, struct printed *printed)
{
    char *texts[2] = {printed->out, printed->error};
    size_t sizes[2] = {sizeof printed->out, sizeof printed->error};
    fflush(stdout);
    __fpurge(stdout);
    clearerr(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(printing->saved[i], STDOUT_FILENO + i);
        close(printing->saved[i]);
        fseek(printing->files[i], 0, SEEK_SET);
        texts[i][fread(texts[i], 1, sizes[i] - 1, printing->files[i])] = '\0';
        fclose(printing->files[i]);
    }
}

#endif
