/*
 * Threads that plugins have begun and not ended: the server unloads a plugin's file when its last
 * instance is gone, and a thread in it then crashes.
 */
#include "workbench/fake_internal.h"

#include "base/clock.h"
#include "base/thread_trace.h"

#include <dirent.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#define THREADS_MAX 256
#define LOOK_TIME 1000000000 /* ns */
#define LOOK_PAUSE 20000000  /* ns */
#define IS_ENDING 0x4ul      /* PF_EXITING of the kernel: the thread runs no code of a program's */

static pid_t known[THREADS_MAX];
static size_t known_count;

static bool is_known(pid_t thread)
{
    for (size_t i = 0; i < known_count; i++)
        if (known[i] == thread)
            return true;
    return false;
}

/* A file of the thread, its first bytes as text. */
static bool read_about(pid_t thread, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)thread, file);
    FILE *from = fopen(path, "re");
    if (from == NULL)
        return false;
    size_t len = fread(text, 1, size - 1, from);
    fclose(from);
    text[len] = '\0';
    return len > 0;
}

/* A thread that has been joined may still be listed. */
static bool is_running(pid_t thread)
{
    char text[512];
    char state = 'X';
    unsigned long flags = IS_ENDING;
    if (!read_about(thread, "stat", text, sizeof text))
        return false;
    const char *behind_name = strrchr(text, ')');
    if (behind_name == NULL ||
        sscanf(behind_name, ") %c %*d %*d %*d %*d %*d %lu", &state, &flags) != 2)
        return false;
    return state != 'X' && state != 'Z' && (flags & IS_ENDING) == 0;
}

/* Calls `visit` for each thread of the process until it returns false. */
static void for_each_thread(bool (*visit)(pid_t thread))
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        if (thread > 0 && !visit(thread))
            break;
    }
    if (tasks != NULL)
        closedir(tasks);
}

static bool note_thread(pid_t thread)
{
    known[known_count++] = thread;
    return known_count < THREADS_MAX;
}

static void *end_at_once(void *nothing)
{
    return nothing;
}

/* The thread sanitizer keeps a thread of its own from a process's first thread on. */
static void have_had_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
        pthread_join(thread, NULL);
}

void fake_threads_note(void)
{
    known_count = 0;
    if (!fake_is_strict())
        return;
    have_had_a_thread();
    for_each_thread(note_thread);
}

/* -- who is left -- */

static pid_t left;

static bool find_left(pid_t thread)
{
    if (is_known(thread) || !is_running(thread))
        return true;
    left = thread;
    return false;
}

/* Where the thread is: in the plugin's own code if it is there, else in what that has called.
 * Returns whether the plugin's code is among it. */
static bool describe_place(pid_t thread, const char *plugin_file, char *text, size_t size)
{
    void *frames[THREAD_TRACE_MAX];
    const char *slash = strrchr(plugin_file, '/');
    const char *name = slash != NULL ? slash + 1 : plugin_file;
    size_t count = thread_trace(thread, frames);
    for (size_t i = 0; i < count; i++) {
        thread_trace_describe(frames[i], plugin_file, text, size);
        if (strstr(text, name) != NULL)
            return true;
    }
    return false;
}

/* A thread that has only just begun is not in the plugin's code yet. */
static void await_place(pid_t thread, char *text, size_t size)
{
    const struct timespec pause = {.tv_nsec = LOOK_PAUSE};
    int64_t until = clock_monotonic() + LOOK_TIME;
    snprintf(text, size, "%s", "somewhere");
    while (clock_monotonic() < until && is_running(thread)) {
        if (describe_place(thread, fake_plugin_file(), text, size))
            return;
        nanosleep(&pause, NULL);
    }
}

bool fake_threads_any(void)
{
    left = 0;
    if (fake_is_strict())
        for_each_thread(find_left);
    return left != 0;
}

static bool is_told, is_ignored;

bool fake_has_left_thread(void)
{
    return is_told;
}

void fake_ignore_threads(void)
{
    is_ignored = true;
}

/* The threads of a runtime that is never unloaded may run on. */
bool fake_is_left_running(void)
{
    return !fake_plugin_is_kept() && fake_threads_any();
}

void fake_threads_check(const char *after)
{
    char name[64], place[512];
    if (is_ignored || !fake_is_left_running())
        return;
    is_told = true;
    await_place(left, place, sizeof place);
    if (!read_about(left, "comm", name, sizeof name))
        snprintf(name, sizeof name, "%s", "?");
    name[strcspn(name, "\n")] = '\0';
    fake_fail("a thread of the plugin is still running when %s (thread %d '%s', in %s): end and "
              "pthread_join it in destroy, and before create returns SL_ERROR; the server unloads "
              "the plugin's file, and the thread would crash the server",
              after, (int)left, name, place);
}
