#include "base/process.h"

#include "base/file_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAT_MAX 1024
#define LINE_MAX_BYTES 256

static void join_path(char path[PATH_MAX], const char *proc, const char *name)
{
    snprintf(path, PATH_MAX, "%s/%s", proc, name);
}

/* The file's text with a zero at its end. */
static bool read_text(const char *proc, const char *name, char *text, size_t size)
{
    char path[PATH_MAX];
    join_path(path, proc, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = file_read(fd, text, size - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    return len > 0;
}

/* proc(5): fields 14 and 15 (CPU), 20 (threads), 22 (start), 23 and 24 (memory). The second field,
 * the program's name in brackets, may hold anything, so the fields are counted from its end. */
static bool read_stat(const char *proc, struct process_usage *out, uint64_t *start_ticks)
{
    char text[STAT_MAX];
    uint64_t user, system, pages;
    if (!read_text(proc, "self/stat", text, sizeof text))
        return false;
    const char *name_end = strrchr(text, ')');
    if (name_end == NULL ||
        sscanf(name_end + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
               " %*d %*d %*d %*d %" SCNu64 " %*d %" SCNu64 " %" SCNu64 " %" SCNu64,
               &user, &system, &out->threads, start_ticks, &out->virtual_bytes, &pages) != 6)
        return false;
    out->cpu = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    out->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

/* When the machine was booted, in seconds since 1970: as the kernel says it, so that the start of
 * the process is the same number each time. */
static bool read_boot_time(const char *proc, uint64_t *out)
{
    char path[PATH_MAX];
    char line[LINE_MAX_BYTES];
    bool is_found = false;
    join_path(path, proc, "stat");
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    /* Pieces of a longer line are taken for lines: they hold numbers only. */
    while (!is_found && fgets(line, sizeof line, file) != NULL)
        is_found = sscanf(line, "btime %" SCNu64, out) == 1;
    fclose(file);
    return is_found;
}

/* Kernels from 6.2 on say the number as the folder's size; before that its entries are counted,
 * less the one that does it. */
static bool count_descriptors(const char *proc, uint64_t *out)
{
    char path[PATH_MAX];
    struct stat status;
    join_path(path, proc, "self/fd");
    if (stat(path, &status) != 0)
        return false;
    *out = (uint64_t)status.st_size;
    if (status.st_size > 0)
        return true;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return false;
    uint64_t entries = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            entries++;
    closedir(folder);
    *out = entries > 0 ? entries - 1 : 0;
    return true;
}

static bool read_descriptor_limit(uint64_t *out)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    *out = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit.rlim_cur;
    return true;
}

int process_read(const char *proc, struct process_usage *out)
{
    uint64_t start_ticks, booted;
    if (!read_stat(proc, out, &start_ticks) || !read_boot_time(proc, &booted) ||
        !count_descriptors(proc, &out->open_descriptors) ||
        !read_descriptor_limit(&out->max_descriptors))
        return ERR_SYSTEM;
    out->start = (double)booted + (double)start_ticks / (double)sysconf(_SC_CLK_TCK);
    return OK;
}
