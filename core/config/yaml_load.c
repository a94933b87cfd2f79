#include "base/file_read.h"
#include "config/yaml.h"

#include <errno.h>
#include <sluice/file.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_file(const char *file, struct diagnostics *diagnostics)
{
    char why[512];
    int fd = sl_file_open(file, SL_FILE_READABLE, NULL, why, sizeof why);
    if (fd < 0)
        diagnostics_add(diagnostics, (struct position){.file = file}, "%s", why);
    return fd;
}

int yaml_load(const char *file, struct diagnostics *diagnostics, struct yaml_node **out)
{
    int error = ERR_CONFIG;
    char *data = malloc(YAML_MAX_FILE + 1); /* one more byte shows that a file is too large */
    if (data == NULL)
        return ERR_NO_MEMORY;
    int fd = open_file(file, diagnostics);
    if (fd < 0)
        goto free_data;
    ssize_t len = file_read(fd, data, YAML_MAX_FILE + 1);
    if (len < 0) {
        diagnostics_add(diagnostics, (struct position){.file = file}, "cannot be read: %s",
                        strerror(errno));
        goto close_file;
    }
    struct yaml_source source = {.file = file, .data = data, .len = (size_t)len};
    error = yaml_parse(&source, diagnostics, out);
close_file:
    close(fd);
free_data:
    free(data);
    return error;
}
