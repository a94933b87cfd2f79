#include "prefix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE 256

static bool refuse(char *error, const char *path, const char *sentence)
{
    snprintf(error, PREFIX_FILE_ERROR_SIZE, "%s: %s", path, sentence);
    return false;
}

/* Without blocking, should somebody have put a FIFO there. */
static FILE *open_file(const char *path, char *error)
{
    struct stat status;
    const char *wrong = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        (void)refuse(error, path, strerror(errno));
        return NULL;
    }
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        wrong = "it is not a regular file";
    else if (status.st_mode & (S_IWGRP | S_IWOTH))
        wrong = "others may write to it, and so let anybody in: chmod go-w it";
    FILE *stream = wrong == NULL ? fdopen(file, "r") : NULL;
    if (stream != NULL)
        return stream;
    close(file);
    (void)refuse(error, path, wrong != NULL ? wrong : "there is no memory to read it");
    return NULL;
}

/* What is left of a line without its comment and the space around it. */
static struct sl_string entry_of(const char *line)
{
    size_t start = strspn(line, " \t\r\n");
    size_t len = strcspn(line + start, "#\r\n");
    while (len > 0 && strchr(" \t", line[start + len - 1]) != NULL)
        len--;
    return (struct sl_string){line + start, len};
}

bool prefix_file_read(struct prefix_set *set, const char *path, enum prefix_verdict verdict,
                      char error[PREFIX_FILE_ERROR_SIZE])
{
    char line[LINE_SIZE];
    char detail[PREFIX_ERROR_SIZE];
    const char *wrong = NULL;
    FILE *file = open_file(path, error);
    if (file == NULL)
        return false;
    for (size_t number = 1; wrong == NULL && fgets(line, sizeof line, file) != NULL; number++) {
        struct sl_string entry = entry_of(line);
        if (strchr(line, '\n') == NULL && !feof(file))
            wrong = "is longer than 254 bytes";
        else if (entry.len > 0)
            wrong = prefix_set_add(set, entry.data, entry.len, verdict, detail);
        if (wrong != NULL)
            snprintf(error, PREFIX_FILE_ERROR_SIZE, "%s:%zu: \"%.*s\" %s", path, number,
                     (int)entry.len, entry.data, wrong);
    }
    if (wrong == NULL && ferror(file))
        wrong = refuse(error, path, strerror(errno)) ? NULL : "";
    fclose(file);
    return wrong == NULL;
}
