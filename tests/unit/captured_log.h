/*
 * What the code under test writes to the log, caught in a pipe in the place of standard error.
 */
#ifndef SLUICE_TESTS_CAPTURED_LOG_H
#define SLUICE_TESTS_CAPTURED_LOG_H

#include "unit.h"

#include "base/log.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct capture {
    int standard_error;
    int read_end;
    char text[4 * LOG_LINE_MAX];
    size_t len;
};

static struct capture capture;

static inline void begin_capture(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    capture.standard_error = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    capture.read_end = ends[0];
}

static inline const char *end_capture(void)
{
    dup2(capture.standard_error, STDERR_FILENO);
    close(capture.standard_error);
    ssize_t got = read(capture.read_end, capture.text, sizeof capture.text - 1);
    close(capture.read_end);
    capture.len = got > 0 ? (size_t)got : 0;
    capture.text[capture.len] = '\0';
    return capture.text;
}

/* Checks that the captured text is one line. */
static inline void assert_one_line(const char *text)
{
    assert_true(capture.len > 0 && capture.len <= LOG_LINE_MAX);
    assert_ptr_equal(strchr(text, '\n'), text + capture.len - 1);
}

/* Parses a captured line; what it holds under `name`, as cJSON's own memory. */
static inline cJSON *parse_line(const char *text)
{
    assert_one_line(text);
    cJSON *object = cJSON_Parse(text);
    assert_non_null(object);
    return object;
}

static inline void assert_member(const cJSON *object, const char *name, const char *expected)
{
    const char *found = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
    assert_non_null(found);
    assert_string_equal(found, expected);
}

#endif
