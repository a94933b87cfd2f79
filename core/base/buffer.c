#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN 256

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}

static int buffer_grow(struct buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity < BUFFER_MIN ? BUFFER_MIN : buffer->capacity;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > buffer->maximum)
        capacity = buffer->maximum;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return ERR_NO_MEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return OK;
}

int buffer_extend(struct buffer *buffer, size_t len, uint8_t **out)
{
    if (len > buffer->maximum - buffer->len)
        return ERR_LIMIT;
    if (len > buffer->capacity - buffer->len) {
        int error = buffer_grow(buffer, buffer->len + len);
        if (error != OK)
            return error;
    }
    *out = buffer->data + buffer->len;
    buffer->len += len;
    return OK;
}

int buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    uint8_t *to;
    if (len == 0)
        return OK;
    int error = buffer_extend(buffer, len, &to);
    if (error == OK)
        memcpy(to, data, len);
    return error;
}
