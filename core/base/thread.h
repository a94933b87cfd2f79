/*
 * Threads that signals to the process do not reach: those are the main thread's.
 */
#ifndef SLUICE_BASE_THREAD_H
#define SLUICE_BASE_THREAD_H

#include <pthread.h>

/* Begins a thread with a name of at most 15 bytes, to be joined by the caller. It gets no signals
 * but those of its own faults (SIGSEGV and the like), which the crash report needs: where they are
 * blocked, the kernel ends the process without a word. Returns 0 or the error of pthread_create.
 * Any thread. */
int thread_begin(pthread_t *thread, const char *name_cstr, void *(*run)(void *argument),
                 void *argument);

#endif
