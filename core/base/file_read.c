#include "base/file_read.h"

#include <errno.h>
#include <unistd.h>

ssize_t file_read(int fd, char *data, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, data + len, size - len);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0)
            len += (size_t)n;
    }
    return (ssize_t)len;
}
