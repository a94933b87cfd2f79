/*
 * The backtrace of another thread while it runs or waits.
 *
 * The thread is interrupted by a signal, whose handler takes the backtrace. A call that waits in
 * the kernel and may be interrupted (poll, nanosleep) then returns to it with EINTR, so this is for
 * threads that are stuck anyway. One thread at a time may ask.
 */
#ifndef SLUICE_BASE_THREAD_TRACE_H
#define SLUICE_BASE_THREAD_TRACE_H

#include <stddef.h>
#include <sys/types.h>

#define THREAD_TRACE_MAX 48 /* frames */

/* Installs the handler, unless somebody else has the signal already. Main thread, before others
 * start. */
void thread_trace_install(void);

/* Lets the calling thread answer, whatever signals it blocks. */
void thread_trace_allow(void);

/* Fills in the frames of the thread with that id, innermost first. Returns how many; 0: it did not
 * answer within a second. */
size_t thread_trace(pid_t thread, void *frames[THREAD_TRACE_MAX]);

/* Writes "FILE+0xOFFSET (SYMBOL)" for a frame; a plugin's private copy is named `plugin_file`. May
 * wait for a thread that is loading a library. */
void thread_trace_describe(void *frame, const char *plugin_file, char *text, size_t size);

#endif
