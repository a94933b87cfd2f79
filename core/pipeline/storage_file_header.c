#include "pipeline/storage_file_header.h"

#include "base/trusted_path.h"
#include "pipeline/storage_file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of SQLite's file format: where the header has what, numbers with the highest byte first. */
#define HEADER_SIZE 100
#define AT_VERSION 60
#define AT_APPLICATION 68

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int refuse(char *why, const char *text)
{
    snprintf(why, STORAGE_FILE_TEXT, "%s%s", text, STORAGE_FILE_REMEDY);
    return ERR_SYSTEM;
}

int storage_file_header_check(int file, char *why)
{
    static const char magic[16] = "SQLite format 3";
    unsigned char header[HEADER_SIZE];
    ssize_t len = pread(file, header, sizeof header, 0);
    if (len == 0)
        return OK;
    if (len < 0)
        return refuse(why, strerror(errno));
    if (len < HEADER_SIZE || memcmp(header, magic, sizeof magic) != 0)
        return refuse(why, "it is no SQLite database");
    if (number_at(header + AT_APPLICATION) != STORAGE_APPLICATION)
        return refuse(why, "it is another program's database");
    if (number_at(header + AT_VERSION) != STORAGE_VERSION)
        return refuse(why, "it was written by another version of the server");
    return OK;
}

int storage_file_name_check(int file, const char *path, char *why)
{
    struct stat ours, named;
    if (fstat(file, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
        ours.st_dev == named.st_dev)
        return OK;
    snprintf(why, STORAGE_FILE_TEXT,
             "it was moved or removed; put it back, or restart the server, which makes a new one");
    return ERR_SYSTEM;
}

int storage_file_check(const char *path, char *why)
{
    struct stat status;
    int file = trusted_path_open(path, &status, why, STORAGE_FILE_TEXT);
    if (file >= 0) {
        int error = storage_file_header_check(file, why);
        close(file);
        return error;
    }
    if (errno != ENOENT)
        return ERR_SYSTEM;
    const char *slash = strrchr(path, '/');
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
             slash != NULL ? path : ".");
    if (access(folder, X_OK) == 0)
        return OK;
    snprintf(why, STORAGE_FILE_TEXT, "its folder: %s", strerror(errno));
    return ERR_SYSTEM;
}
