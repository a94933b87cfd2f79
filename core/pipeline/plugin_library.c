#include "pipeline/plugin_library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define COPY_CHUNK ((size_t)16 * 1024 * 1024) /* bytes of a file copied at once */
#define FLAGS (RTLD_NOW | RTLD_LOCAL)

/* Returns a descriptor, or -1. */
static int copy_to_memory(const char *path)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = memfd_create("sluice-plugin", MFD_CLOEXEC);
    ssize_t copied = -1;
    if (from >= 0 && to >= 0)
        while ((copied = sendfile(to, from, NULL, COPY_CHUNK)) > 0)
            continue;
    if (from >= 0)
        close(from);
    if (to >= 0 && copied != 0) {
        close(to);
        return -1;
    }
    return to;
}

static void copy_path(int copy, char path[64])
{
    snprintf(path, 64, "/proc/self/fd/%d", copy);
}

/* The loader tells objects apart by the path too, so the descriptor stays open, and its number in
 * use, as long as the object is loaded. */
static void *open_copy(int copy)
{
    char path[64];
    copy_path(copy, path);
    return dlopen(path, FLAGS);
}

/* Why the loader refuses a file, in its own words but with the file's name instead of the copy's.
 */
static const char *reason(const char *path)
{
    const char *words = dlerror();
    void *handle = dlopen(path, FLAGS);
    if (handle == NULL)
        return dlerror();
    dlclose(handle);
    return words != NULL ? words : "for an unknown reason";
}

const char *plugin_library_open(struct plugin_library *library, const char *path, bool in_place)
{
    library->copy = in_place ? -1 : copy_to_memory(path);
    /* Where there can be no copy, the file itself has to do. */
    library->handle = library->copy >= 0 ? open_copy(library->copy) : dlopen(path, FLAGS);
    if (library->handle != NULL)
        return NULL;
    if (library->copy >= 0)
        close(library->copy);
    library->copy = -1;
    return reason(path);
}

void plugin_library_close(struct plugin_library *library)
{
    char path[64];
    if (library->handle == NULL)
        return;
    dlclose(library->handle);
    library->handle = NULL;
    if (library->copy < 0)
        return;
    copy_path(library->copy, path);
    /* An object may refuse to go (unique C++ symbols, thread-local destructors). Then the number
     * must not be used again, or the next plugin would be taken for it. */
    void *stays = dlopen(path, RTLD_NOLOAD | RTLD_LAZY);
    if (stays != NULL)
        dlclose(stays);
    else
        close(library->copy);
    library->copy = -1;
}
