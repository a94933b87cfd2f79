/*
 * A socket that takes as much as the test says, for programs whose send and sendmsg the linker
 * replaces (tests/unit/CMakeLists.txt). One source of a program includes it.
 */
#ifndef SLUICE_TESTS_DELIVERY_CHOOSY_SOCKET_H
#define SLUICE_TESTS_DELIVERY_CHOOSY_SOCKET_H

#include "delivery/transport.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

static size_t socket_takes = SIZE_MAX; /* bytes, of each write */
static bool socket_is_broken;

ssize_t __real_sendmsg(int socket, const struct msghdr *message, int flags);
ssize_t __wrap_send(int socket, const void *data, size_t len, int flags);
ssize_t __wrap_sendmsg(int socket, const struct msghdr *message, int flags);

static ssize_t refuse(int error)
{
    errno = error;
    return -1;
}

ssize_t __wrap_sendmsg(int socket, const struct msghdr *message, int flags)
{
    struct iovec pieces[TRANSPORT_PIECES_MAX];
    struct msghdr cut = {.msg_iov = pieces};
    size_t left = socket_takes;
    if (socket_is_broken)
        return refuse(EPIPE);
    for (; cut.msg_iovlen < message->msg_iovlen && left > 0; cut.msg_iovlen++) {
        struct iovec *piece = &pieces[cut.msg_iovlen];
        *piece = message->msg_iov[cut.msg_iovlen];
        if (piece->iov_len > left)
            piece->iov_len = left;
        left -= piece->iov_len;
    }
    return cut.msg_iovlen > 0 ? __real_sendmsg(socket, &cut, flags) : refuse(EAGAIN);
}

ssize_t __wrap_send(int socket, const void *data, size_t len, int flags)
{
    struct iovec piece = {.iov_base = (void *)data, .iov_len = len};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return __wrap_sendmsg(socket, &message, flags);
}

#endif
