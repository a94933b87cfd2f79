#include "prefix_file.h"

#include <sluice/file.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 256

static bool refuse_file(char *error, const char *path, const char *sentence)
{
    snprintf(error, PREFIX_FILE_ERROR_SIZE, "%s: %s", path, sentence);
    return false;
}

static FILE *open_file(const char *path, char *error)
{
    char why[PREFIX_FILE_ERROR_SIZE / 2];
    int file = sl_file_open(path, SL_FILE_READABLE, NULL, why, sizeof why);
    FILE *stream = file >= 0 ? fdopen(file, "r") : NULL;
    if (file >= 0 && stream == NULL) {
        snprintf(why, sizeof why, "there is no memory to read it");
        close(file);
    }
    if (stream == NULL)
        (void)refuse_file(error, path, why);
    return stream;
}

/* Returns the line without its comment and the space around it. */
static struct sl_string strip_line(const char *line)
{
    size_t start = strspn(line, " \t\r\n");
    size_t len = strcspn(line + start, "#\r\n");
    while (len > 0 && strchr(" \t", line[start + len - 1]) != NULL)
        len--;
    return (struct sl_string){line + start, len};
}

/* Reads one line. Returns its length, or 0 at the end of the file. A NUL byte does not end the
 * line; *has_nul tells of it. */
static size_t read_line(FILE *file, char line[LINE_SIZE], bool *has_nul)
{
    memset(line, '\n', LINE_SIZE); /* so that the last NUL byte is the one that fgets wrote */
    if (fgets(line, LINE_SIZE, file) == NULL)
        return 0;
    size_t len = (size_t)((char *)memrchr(line, '\0', LINE_SIZE) - line);
    *has_nul = memchr(line, '\0', len) != NULL;
    return len;
}

static const char *add_line(struct prefix_set *set, struct sl_string entry,
                            enum prefix_verdict verdict, bool has_nul, bool is_whole,
                            char detail[PREFIX_ERROR_SIZE])
{
    if (has_nul)
        return "has a NUL byte in it: this is no text file";
    if (!is_whole)
        return "is longer than 254 bytes";
    return entry.len > 0 ? prefix_set_add(set, entry.data, entry.len, verdict, detail) : NULL;
}

static bool read_lines(struct prefix_set *set, FILE *file, const char *path,
                       enum prefix_verdict verdict, char error[PREFIX_FILE_ERROR_SIZE])
{
    char line[LINE_SIZE];
    char detail[PREFIX_ERROR_SIZE];
    bool has_nul;
    size_t len;
    for (size_t number = 1; (len = read_line(file, line, &has_nul)) > 0; number++) {
        struct sl_string entry = strip_line(line);
        const char *wrong =
            add_line(set, entry, verdict, has_nul, line[len - 1] == '\n' || feof(file), detail);
        if (wrong != NULL) {
            snprintf(error, PREFIX_FILE_ERROR_SIZE, "%s:%zu: \"%.*s\" %s", path, number,
                     (int)entry.len, entry.data, wrong);
            return false;
        }
    }
    return ferror(file) ? refuse_file(error, path, strerror(errno)) : true;
}

bool prefix_file_read(struct prefix_set *set, const char *path, enum prefix_verdict verdict,
                      char error[PREFIX_FILE_ERROR_SIZE])
{
    FILE *file = open_file(path, error);
    if (file == NULL)
        return false;
    bool read = read_lines(set, file, path, verdict, error);
    fclose(file);
    return read;
}
