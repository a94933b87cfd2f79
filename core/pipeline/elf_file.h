/*
 * Whether a file is a whole shared object for this machine, asked before the loader maps it: the
 * loader believes what the headers say, and dies of SIGBUS where a file is shorter than that.
 *
 * Pure, reads nothing outside the bytes it is given; any thread. It finds files that are cut off or
 * not written to their end, not files that were made to harm: those are refused by their owner and
 * mode.
 */
#ifndef SLUICE_PIPELINE_ELF_FILE_H
#define SLUICE_PIPELINE_ELF_FILE_H

#include "base/error.h"

#include <stddef.h>

/* Looks at the whole file: its kind and machine, and that every segment and section lies within
 * its `len` bytes. `data` is aligned as memory from mmap or malloc is. Returns 0, or ERR_PLUGIN
 * with a sentence in `text`. */
MUST_CHECK int elf_file_check(const void *data, size_t len, char *text, size_t text_size);

/* What a file says that keeps the loader from ever unloading it. */
enum elf_stay {
    ELF_STAY_NONE,
    ELF_STAY_FLAG,  /* it is marked so: -z nodelete */
    ELF_STAY_UNIQUE /* it has symbols that are one in the whole process: STB_GNU_UNIQUE */
};

/* Of a file that elf_file_check has found whole. */
enum elf_stay elf_file_stay(const void *data, size_t len);

#endif
