/* core/base/journal.c with JOURNAL_STREAM set to a pipe of the test's own. */
#include "unit.h"

#include "base/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void name_stream(int fd, const char *format)
{
    char text[64];
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    snprintf(text, sizeof text, format, (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
}

static void only_the_stream_that_is_named_is_the_journal(void **state)
{
    (void)state;
    int named[2], other[2];
    assert_int_equal(pipe2(named, O_CLOEXEC), 0);
    assert_int_equal(pipe2(other, O_CLOEXEC), 0);
    assert_false(journal_is_at(named[1]));
    name_stream(named[1], "%ju:%ju");
    assert_true(journal_is_at(named[1]));
    assert_false(journal_is_at(other[1]));
    int again = fcntl(named[1], F_DUPFD_CLOEXEC, 0);
    assert_true(journal_is_at(again));
    close(again);
    assert_false(journal_is_at(again));
    name_stream(named[1], "%ju:%ju0");
    assert_false(journal_is_at(named[1]));
    name_stream(named[1], "%ju:%ju ");
    assert_false(journal_is_at(named[1]));
    assert_int_equal(setenv("JOURNAL_STREAM", "", 1), 0);
    assert_false(journal_is_at(named[1]));
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    for (int i = 0; i < 2; i++) {
        close(named[i]);
        close(other[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_stream_that_is_named_is_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
