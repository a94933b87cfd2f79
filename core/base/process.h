/*
 * What the kernel says of this process: memory, CPU, threads, file descriptors and its start.
 *
 * Any thread. Reads a few small files; nothing is kept.
 */
#ifndef SLUICE_BASE_PROCESS_H
#define SLUICE_BASE_PROCESS_H

#include "base/error.h"

#include <stdint.h>

struct process_usage {
    double start; /* seconds since 1970-01-01 UTC */
    double cpu;   /* seconds, user and system */
    uint64_t threads;
    uint64_t virtual_bytes;
    uint64_t resident_bytes;
    uint64_t open_descriptors;
    uint64_t max_descriptors; /* RLIMIT_NOFILE; UINT64_MAX: none */
};

/* Reads it from `proc`, which is "/proc". Returns 0, or ERR_SYSTEM if something is not there or
 * cannot be understood. */
MUST_CHECK int process_read(const char *proc, struct process_usage *out);

#endif
