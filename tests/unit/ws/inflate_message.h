/* An inflater for the tests of a program, and a whole message inflated at once. */
#ifndef SLUICE_TESTS_INFLATE_MESSAGE_H
#define SLUICE_TESTS_INFLATE_MESSAGE_H

#include "ws/inflater.h"

static struct inflater *inflater;

static inline int open_inflater(void **state)
{
    (void)state;
    return inflater_create(&inflater);
}

static inline int close_inflater(void **state)
{
    (void)state;
    inflater_destroy(inflater);
    return 0;
}

/* Into `out`, which is emptied first. Errors as inflater_step. */
static inline int inflate_message(struct inflater *with, const uint8_t *data, size_t len,
                                  size_t maximum, struct buffer *out)
{
    bool is_done = false;
    int error = OK;
    out->len = 0;
    inflater_begin(with);
    while (error == OK && !is_done)
        error = inflater_step(with, data, len, maximum, out, &is_done);
    return error;
}

#endif
