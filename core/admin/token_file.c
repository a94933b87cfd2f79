#include "admin/token_file.h"

#include <sluice/file.h>
#include <stdio.h>
#include <string.h>

ssize_t token_file_read_line(const char *path, char *token, size_t size, struct stat *status,
                             char *why, size_t why_size)
{
    int fd = sl_file_open(path, SL_FILE_READABLE, status, why, why_size);
    if (fd < 0)
        return -1;
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        snprintf(why, why_size, "there is no memory to read it");
        close(fd);
        return -1;
    }
    bool has_line = fgets(token, (int)size, file) != NULL;
    fclose(file);
    token[has_line ? strcspn(token, "\r\n") : 0] = '\0';
    return (ssize_t)strlen(token);
}
