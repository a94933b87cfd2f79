/*
 * The shared object of a plugin, loaded from a private copy of its file.
 *
 * The copy has no name and nobody else can change it, so that a file which is written over neither
 * pulls the code from under the server nor is taken for the one that is loaded already. Main
 * thread.
 */
#ifndef SLUICE_PIPELINE_PLUGIN_LIBRARY_H
#define SLUICE_PIPELINE_PLUGIN_LIBRARY_H

#include "base/error.h"
#include "pipeline/elf_file.h"

#include <stdbool.h>

#define PLUGIN_LIBRARY_HASH_SIZE 65

struct plugin_library {
    void *handle;                        /* NULL: not loaded */
    int copy;                            /* a descriptor, or -1: loaded in place */
    char hash[PLUGIN_LIBRARY_HASH_SIZE]; /* SHA-256 of the copy, hexadecimal; empty: none */
    enum elf_stay stay;                  /* what the file says of being unloaded */
};

#define PLUGIN_LIBRARY_TEXT_MAX 896 /* bytes of a reason */

/* Loads it, RTLD_NOW and RTLD_LOCAL, once it is known to be whole and for this machine. `in_place`:
 * the file itself, so that debuggers find it by its name. `is_trusted`: others may write to the
 * file and its folders. Returns 0, or ERR_PLUGIN with the reason, which begins with a file's name.
 */
MUST_CHECK int plugin_library_open(struct plugin_library *library, const char *path, bool in_place,
                                   bool is_trusted, char reason[PLUGIN_LIBRARY_TEXT_MAX]);

/* Unloads it. `path` is what the crash report calls it from then on (base/unloaded.h). Returns
 * NULL, or why the file stays in memory, in words that go behind a colon. */
const char *plugin_library_close(struct plugin_library *library, const char *path);

#endif
