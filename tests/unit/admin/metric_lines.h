/* A part of the metrics page, and the lines that have to be in it. */
#ifndef SLUICE_TESTS_METRIC_LINES_H
#define SLUICE_TESTS_METRIC_LINES_H

#include "hub/serving.h"

#include "admin/metrics_writer.h"

#include <string.h>

static inline void expect_metric_lines(struct serving *serving,
                                       void (*write)(struct metrics_writer *, struct hub *),
                                       const char *const *lines, size_t count)
{
    struct buffer text;
    struct metrics_writer writer = {.out = &text};
    buffer_init(&text, 1 << 20);
    write(&writer, serving->hub);
    assert_int_equal(writer.error, OK);
    assert_int_equal(buffer_append(&text, "", 1), OK);
    for (size_t i = 0; i < count; i++) {
        if (strstr((const char *)text.data, lines[i]) == NULL)
            fail_msg("there is no line: %s", lines[i]);
    }
    buffer_release(&text);
}

#endif
