/*
 * The shared object of a plugin, loaded from a private copy of its file.
 *
 * The copy has no name and nobody else can change it, so that a file which is written over neither
 * pulls the code from under the server nor is taken for the one that is loaded already. Main
 * thread.
 */
#ifndef SLUICE_PIPELINE_PLUGIN_LIBRARY_H
#define SLUICE_PIPELINE_PLUGIN_LIBRARY_H

#include <stdbool.h>

struct plugin_library {
    void *handle; /* NULL: not loaded */
    int copy;     /* a descriptor, or -1: loaded in place */
};

/* Loads it, RTLD_NOW and RTLD_LOCAL. `in_place`: the file itself, so that debuggers find it by its
 * name. Returns NULL, or the loader's words (valid until its next call). */
const char *plugin_library_open(struct plugin_library *library, const char *path, bool in_place);

/* Unloads it. */
void plugin_library_close(struct plugin_library *library);

#endif
