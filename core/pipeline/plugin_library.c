#include "pipeline/plugin_library.h"

#include "base/crash.h"
#include "base/trusted_path.h"
#include "base/unloaded.h"
#include "base/watched.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_CHUNK ((size_t)16 * 1024 * 1024) /* bytes of a file copied at once */
#define FLAGS (RTLD_NOW | RTLD_LOCAL)

static int refuse_file(char reason[PLUGIN_LIBRARY_TEXT_MAX], const char *path, const char *words)
{
    snprintf(reason, PLUGIN_LIBRARY_TEXT_MAX, "%s: %s", path, words);
    return ERR_PLUGIN;
}

/* -- the private copy -- */

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Copies to the end of the file. What was written to meanwhile is neither the old nor the new
 * file. */
static int copy_bytes(int from, const struct stat *before, int to, const char *path,
                      char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    struct stat after;
    ssize_t copied;
    while ((copied = sendfile(to, from, NULL, COPY_CHUNK)) > 0)
        continue;
    if (copied < 0 || fstat(from, &after) != 0)
        return refuse_file(reason, path, strerror(errno));
    if (!is_unchanged(before, &after))
        return refuse_file(reason, path,
                           "the file changed while it was read; perhaps it is still being copied");
    return OK;
}

/* A regular file, whoever may write to it; without waiting for a FIFO's other end. Returns a
 * descriptor, or -1 with the reason. */
static int open_trusted(const char *path, struct stat *status, char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0 && fstat(file, status) == 0 && S_ISREG(status->st_mode))
        return file;
    (void)refuse_file(reason, path, file < 0 ? strerror(errno) : "it is not a regular file");
    if (file >= 0)
        close(file);
    return -1;
}

/* Returns a descriptor, or a negative code with the reason. */
static int copy_to_memory(const char *path, bool is_trusted, char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    struct stat before;
    int from = is_trusted ? open_trusted(path, &before, reason)
                          : trusted_path_open(path, &before, reason, PLUGIN_LIBRARY_TEXT_MAX);
    if (from < 0)
        return ERR_PLUGIN;
    int to = memfd_create("sluice-plugin", MFD_CLOEXEC);
    int error = to >= 0 ? copy_bytes(from, &before, to, path, reason)
                        : refuse_file(reason, path, "there is no memory for a copy");
    close(from);
    if (error == OK)
        return to;
    if (to >= 0)
        close(to);
    return error;
}

static void note_hash(struct plugin_library *library, const void *data, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(data, size, digest, &len, EVP_sha256(), NULL) != 1)
        len = 0;
    for (unsigned i = 0; i < len; i++)
        snprintf(library->hash + 2 * (size_t)i, 3, "%02x", digest[i]);
}

/* In the copy, which nobody can cut short while it is looked at. */
static int check_copy(struct plugin_library *library, int copy, const char *path,
                      char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    char words[PLUGIN_LIBRARY_TEXT_MAX / 2];
    struct stat status;
    if (fstat(copy, &status) != 0)
        return refuse_file(reason, path, strerror(errno));
    if (status.st_size == 0)
        return refuse_file(reason, path, "the file is empty; perhaps it is still being copied");
    size_t size = (size_t)status.st_size;
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, copy, 0);
    if (data == MAP_FAILED)
        return refuse_file(reason, path, strerror(errno));
    int error = elf_file_check(data, size, words, sizeof words);
    note_hash(library, data, size);
    library->stay = error == OK ? elf_file_stay(data, size) : ELF_STAY_NONE;
    munmap(data, size);
    return error != OK ? refuse_file(reason, path, words) : OK;
}

/* -- loading -- */

/* The loader runs the file's constructors, and believes what the file says. */
static void *load_library(const char *name, const char *path)
{
    crash_load(path);
    void *handle = dlopen(name, FLAGS);
    crash_load(NULL);
    watched_forget(); /* The watchdog may be about to name the file. */
    return handle;
}

static void copy_path(int copy, char path[64])
{
    snprintf(path, 64, "/proc/self/fd/%d", copy);
}

/* Why the loader refuses a file: in its own words, but with the file's name instead of the copy's.
 */
static int explain(const char *name, const char *path, char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    const char *words = dlerror();
    size_t len = strlen(name);
    if (words == NULL)
        words = "the loader does not say why";
    if (strncmp(words, name, len) == 0 && strncmp(words + len, ": ", 2) == 0)
        words += len + 2;
    return refuse_file(reason, path, words);
}

/* The loader tells objects apart by the path too, so the descriptor stays open, and its number in
 * use, as long as the object is loaded. */
static int load_copy(struct plugin_library *library, int copy, const char *path,
                     char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    char name[64];
    copy_path(copy, name);
    library->handle = load_library(name, path);
    if (library->handle == NULL)
        return explain(name, path, reason);
    library->copy = copy;
    return OK;
}

static int load_in_place(struct plugin_library *library, const char *path,
                         char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    library->handle = load_library(path, path);
    return library->handle != NULL ? OK : explain(path, path, reason);
}

int plugin_library_open(struct plugin_library *library, const char *path, bool in_place,
                        bool is_trusted, char reason[PLUGIN_LIBRARY_TEXT_MAX])
{
    *library = (struct plugin_library){.copy = -1};
    int copy = copy_to_memory(path, is_trusted, reason);
    if (copy < 0)
        return copy;
    int error = check_copy(library, copy, path, reason);
    if (error == OK)
        error = in_place ? load_in_place(library, path, reason)
                         : load_copy(library, copy, path, reason);
    if (library->copy != copy)
        close(copy);
    return error;
}

/* Whether the loader still has the object: one may refuse to go (unique C++ symbols, thread-local
 * destructors). */
static bool is_still_loaded(const char *name)
{
    void *stays = dlopen(name, RTLD_NOLOAD | RTLD_LAZY);
    if (stays != NULL)
        dlclose(stays);
    return stays != NULL;
}

static const char *why_it_stays(enum elf_stay stay)
{
    switch (stay) {
    case ELF_STAY_FLAG:
        return "it is marked never to be unloaded (-z nodelete), as files with Go's runtime have "
               "to be";
    case ELF_STAY_UNIQUE:
        return "it exports C++ symbols of which a process has only one (STB_GNU_UNIQUE); build it "
               "with sluice_add_plugin, or link it with the flags of pkg-config "
               "--variable=plugin_ldflags sluice";
    case ELF_STAY_NONE:
        break;
    }
    return "a thread that goes on has a thread-local object of it with a destructor, or another "
           "file needs it; use the client's and the instance's state instead of thread_local";
}

const char *plugin_library_close(struct plugin_library *library, const char *path)
{
    struct unloaded_range range;
    char name[64];
    if (library->handle == NULL)
        return NULL;
    bool is_measured = unloaded_measure(library->handle, &range);
    if (is_measured)
        unloaded_note(&range, path);
    dlclose(library->handle);
    library->handle = NULL;
    copy_path(library->copy, name);
    bool stays = is_still_loaded(library->copy >= 0 ? name : path);
    if (is_measured && stays)
        unloaded_take_back();
    if (library->copy >= 0 && !stays) /* Else the next plugin would be taken for it. */
        close(library->copy);
    library->copy = -1;
    return stays ? why_it_stays(library->stay) : NULL;
}
