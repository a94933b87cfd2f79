#include "admin/token_file.h"

#include <openssl/crypto.h>
#include <sluice/file.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static FILE *open_tokens(const char *path, struct stat *status, char *why, size_t why_size)
{
    int fd = sl_file_open(path, SL_FILE_READABLE, status, why, why_size);
    if (fd < 0)
        return NULL;
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        snprintf(why, why_size, "there is no memory to read it");
        close(fd);
    }
    return file;
}

/* Reads the next line that is not empty, or as much of it as fits, without its end. Returns false
 * at the end of the file. */
static bool next_token(FILE *file, char *token, size_t size)
{
    token[0] = '\0';
    while (token[0] == '\0')
        if (fgets(token, (int)size, file) == NULL)
            return false;
        else
            token[strcspn(token, "\r\n")] = '\0';
    return true;
}

ssize_t token_file_read_line(const char *path, char *token, size_t size, struct stat *status,
                             char *why, size_t why_size)
{
    FILE *file = open_tokens(path, status, why, why_size);
    if (file == NULL)
        return -1;
    if (!next_token(file, token, size))
        token[0] = '\0';
    fclose(file);
    return (ssize_t)strlen(token);
}

int token_file_read_lines(const char *path, struct token_lines *out, struct stat *status, char *why,
                          size_t why_size)
{
    char line[TOKEN_FILE_LINE_MAX];
    const char *fault = NULL;
    out->count = 0;
    FILE *file = open_tokens(path, status, why, why_size);
    if (file == NULL)
        return -1;
    while (fault == NULL && next_token(file, line, sizeof line)) {
        if (strlen(line) == sizeof line - 1)
            fault = "a line is longer than any token";
        else if (out->count == TOKEN_FILE_LINES)
            fault = "there are more than two lines, for the old and the new token";
        else
            memcpy(out->lines[out->count++], line, sizeof line);
    }
    fclose(file);
    OPENSSL_cleanse(line, sizeof line);
    if (fault == NULL)
        return 0;
    snprintf(why, why_size, "%s", fault);
    return -1;
}
