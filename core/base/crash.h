/*
 * The crash report: when the process dies of a signal, standard error says in whose code.
 *
 * Each thread notes whose code it is about to run, which costs two stores; the handler reads the
 * note of the thread that crashed. Everything in the handler is safe in a signal handler.
 */
#ifndef SLUICE_BASE_CRASH_H
#define SLUICE_BASE_CRASH_H

#include <stdint.h>

/* Somebody's code: an instance of a plugin. The strings live as long as it may run. */
struct crash_subject {
    const char *plugin;
    const char *version;
    const char *file;
    const char *instance;
    const char *endpoint;
};

/* What runs on this thread. */
struct crash_running {
    const struct crash_subject *subject; /* NULL: nobody's code but our own */
    const char *hook;                    /* static storage */
    uint64_t client_id;                  /* 0: none */
    const void *stage; /* the pipeline's struct stage that is asked, or NULL; not for the report */
};
extern _Thread_local struct crash_running crash_running;

/* The plugin file that this thread is loading, or NULL. The loader runs code of the file's, and its
 * own code dies of a broken file. */
extern _Thread_local const char *crash_loading;

/* Installs the handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT. After the report the
 * signal goes its usual way: to a sanitizer, or to the end of the process with a core dump. Main
 * thread. */
void crash_install(void);

/* Gives the calling thread a stack for the report, since its own may be what is used up; and takes
 * it away before the thread ends. Without memory it goes on without. */
void crash_prepare_thread(void);
void crash_release_thread(void);

#endif
