/*
 * Where the plugin files lay that have been unloaded, so that a crash in code that is gone can be
 * told from any other: a thread, a callback or a pointer has outlived the plugin.
 *
 * The main thread notes files; any thread may ask, in a signal handler too. Of the many files of a
 * long life the last ones are remembered.
 */
#ifndef SLUICE_BASE_UNLOADED_H
#define SLUICE_BASE_UNLOADED_H

#include <stdbool.h>
#include <stdint.h>

#define UNLOADED_PATH_MAX 512
#define UNLOADED_KEPT 32

/* The addresses of a loaded file, from its first byte to behind its last. */
struct unloaded_range {
    uintptr_t begin, end;
    uintptr_t code_begin, code_end; /* what may be executed */
};

struct unloaded_file {
    struct unloaded_range range;
    uint64_t reload; /* how many reloads there had been; 0: none */
    bool at_end;     /* of the server */
    char path[UNLOADED_PATH_MAX];
};

/* From now on files are unloaded by that reload, or because the server ends. Main thread. */
void unloaded_by_reload(uint64_t number);
void unloaded_at_end(void);

/* Whether a reload unloads the files that go now. Main thread. */
bool unloaded_is_by_reload(void);

/* Reads where the object lies that dlopen returned. Returns whether it is known. */
bool unloaded_measure(void *handle, struct unloaded_range *range);

/* Notes that the file there is about to be unloaded: before it is, so that a thread which is still
 * in it finds the note however early it crashes. Main thread. */
void unloaded_note(const struct unloaded_range *range, const char *path);

/* Takes the last note back: the loader has kept the file. Main thread. */
void unloaded_take_back(void);

/* The file that was there last, or NULL if there was none, or something is loaded there now. Valid
 * until many more have been unloaded. */
const struct unloaded_file *unloaded_find(const void *address);

/* Whether its code was there, not its data. */
bool unloaded_is_code(const struct unloaded_file *file, const void *address);

#endif
