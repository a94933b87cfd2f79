/* A whole message inflated at once, for tests. */
#ifndef SLUICE_TESTS_INFLATE_MESSAGE_H
#define SLUICE_TESTS_INFLATE_MESSAGE_H

#include "ws/inflater.h"

/* Into `out`, which is emptied first. Errors as inflater_step. */
static inline int inflate_message(struct inflater *inflater, const uint8_t *data, size_t len,
                                  size_t maximum, struct buffer *out)
{
    bool is_done = false;
    int error = OK;
    out->len = 0;
    inflater_begin(inflater);
    while (error == OK && !is_done)
        error = inflater_step(inflater, data, len, maximum, out, &is_done);
    return error;
}

#endif
