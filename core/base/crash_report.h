/*
 * What is written when the process dies: in whose code, and how it got there. In text several lines
 * for people; where the log is JSON, the lines `crash` and `crash_backtrace` with members of their
 * own.
 *
 * Everything here is safe in a signal handler. Any thread; it tells of the one that calls.
 */
#ifndef SLUICE_BASE_CRASH_REPORT_H
#define SLUICE_BASE_CRASH_REPORT_H

/* Why the process ends. */
struct crash_cause {
    int signal;          /* 0: exit() was called */
    const void *address; /* that a fault is about */
};

/* Writes the report to standard error, and to the log if that is another file. */
void crash_report_write(const struct crash_cause *cause);

#endif
