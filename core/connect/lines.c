#include "connect/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX 16384

void lines_init(struct lines *lines, int fd, size_t max)
{
    *lines = (struct lines){.fd = fd};
    buffer_init(&lines->buffer, max + READ_MAX);
}

void lines_deinit(struct lines *lines)
{
    buffer_release(&lines->buffer);
}

static void drop_taken(struct lines *lines)
{
    struct buffer *buffer = &lines->buffer;
    if (lines->taken == 0)
        return;
    memmove(buffer->data, buffer->data + lines->taken, buffer->len - lines->taken);
    buffer->len -= lines->taken;
    lines->searched -= lines->searched < lines->taken ? lines->searched : lines->taken;
    lines->taken = 0;
}

void lines_read(struct lines *lines)
{
    char piece[READ_MAX];
    if (lines->has_ended)
        return;
    ssize_t got = read(lines->fd, piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    drop_taken(lines);
    if (got <= 0)
        lines->has_ended = true;
    else if (lines->buffer.len + READ_MAX > lines->buffer.maximum ||
             buffer_append(&lines->buffer, piece, (size_t)got) != OK)
        lines->is_too_long = true;
}

/* Returns where the next line ends, or NULL: it is not there yet. */
static const char *next_line_end(const struct lines *lines)
{
    const struct buffer *buffer = &lines->buffer;
    size_t from = lines->searched > lines->taken ? lines->searched : lines->taken;
    return from < buffer->len ? memchr(buffer->data + from, '\n', buffer->len - from) : NULL;
}

bool lines_have_one(const struct lines *lines)
{
    return lines->has_ended ? lines->taken < lines->buffer.len : next_line_end(lines) != NULL;
}

bool lines_next(struct lines *lines, const char **text, size_t *len)
{
    const struct buffer *buffer = &lines->buffer;
    size_t left = buffer->len - lines->taken;
    if (left == 0)
        return false;
    const char *begin = (const char *)buffer->data + lines->taken;
    const char *end = next_line_end(lines);
    if (end == NULL && !lines->has_ended) {
        lines->searched = buffer->len;
        return false;
    }
    *text = begin;
    *len = end != NULL ? (size_t)(end - begin) : left;
    lines->taken += *len + (end != NULL);
    return true;
}

bool lines_are_over(const struct lines *lines)
{
    return lines->has_ended && lines->taken == lines->buffer.len;
}
