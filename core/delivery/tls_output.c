#include "delivery/tls_output.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void tls_output_deinit(struct tls_output *output)
{
    shared_bytes_unref(output->rest);
    output->rest = NULL;
}

static ssize_t refuse_for_now(void)
{
    errno = EAGAIN;
    return -1;
}

static ssize_t collect(struct tls_sink *sink, const void *bytes, size_t len)
{
    if (len > sink->capacity - sink->len)
        return refuse_for_now();
    memcpy(sink->bytes + sink->len, bytes, len);
    sink->len += len;
    return (ssize_t)len;
}

ssize_t tls_output_write(struct tls_output *output, int socket, const void *bytes, size_t len)
{
    if (output->sink != NULL)
        return collect(output->sink, bytes, len);
    if (output->rest != NULL) {
        if (tls_output_send_rest(output, socket) != OK)
            return -1;
        if (output->rest != NULL)
            return refuse_for_now();
    }
    return send(socket, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int tls_output_keep(struct tls_output *output, const void *bytes, size_t len,
                    struct memory_account *account)
{
    output->rest = shared_bytes_create(bytes, len, account);
    output->rest_sent = 0;
    return output->rest != NULL ? OK : ERR_NO_MEMORY;
}

int tls_output_send_rest(struct tls_output *output, int socket)
{
    size_t left = tls_output_rest(output);
    if (left == 0)
        return OK;
    ssize_t sent =
        send(socket, output->rest->data + output->rest_sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? OK : ERR_CLOSED;
    output->rest_sent += (size_t)sent;
    if (output->rest_sent == output->rest->len)
        tls_output_deinit(output);
    return OK;
}
