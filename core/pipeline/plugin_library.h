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

#include <stdbool.h>

struct plugin_library {
    void *handle; /* NULL: not loaded */
    int copy;     /* a descriptor, or -1: loaded in place */
};

#define PLUGIN_LIBRARY_TEXT_MAX 896 /* bytes of a reason */

/* Loads it, RTLD_NOW and RTLD_LOCAL, once it is known to be whole and for this machine. `in_place`:
 * the file itself, so that debuggers find it by its name. `is_trusted`: others may write to the
 * file and its folders. Returns 0, or ERR_PLUGIN with the reason, which begins with a file's name.
 */
MUST_CHECK int plugin_library_open(struct plugin_library *library, const char *path, bool in_place,
                                   bool is_trusted, char reason[PLUGIN_LIBRARY_TEXT_MAX]);

/* Unloads it. */
void plugin_library_close(struct plugin_library *library);

#endif
