#include "config/paths.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *path_folder(const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL)
        return strdup(".");
    return slash == file ? strdup("/") : strndup(file, (size_t)(slash - file));
}

static char *join(const char *folder, const char *path)
{
    char *joined;
    if (strcmp(folder, ".") == 0)
        return strdup(path);
    const char *between = strcmp(folder, "/") == 0 ? "" : "/";
    return asprintf(&joined, "%s%s%s", folder, between, path) >= 0 ? joined : NULL;
}

char *path_resolve(const char *folder, const char *path)
{
    if (path[0] == '/')
        return strdup(path);
    char *beside = join(folder, path);
    if (beside == NULL || access(beside, F_OK) == 0 || access(path, F_OK) != 0)
        return beside;
    free(beside);
    return strdup(path);
}

char *path_absolute(const char *path)
{
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    char *folder = path[0] != '/' ? getcwd(NULL, 0) : NULL;
    char *absolute = folder != NULL ? join(folder, path) : strdup(path);
    free(folder);
    return absolute;
}

static char *binary_folder(void)
{
    char binary[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", binary, sizeof binary - 1);
    if (len <= 0)
        return NULL;
    binary[len] = '\0';
    return path_folder(binary);
}

static char *join_and_free(char *folder, const char *name)
{
    char *path = folder != NULL ? join(folder, name) : NULL;
    free(folder);
    return path;
}

char *path_beside_binary(const char *name)
{
    return join_and_free(binary_folder(), name);
}

char *path_in_prefix(const char *name)
{
    char *folder = binary_folder();
    char *prefix = folder != NULL ? path_folder(folder) : NULL;
    free(folder);
    return join_and_free(prefix, name);
}
