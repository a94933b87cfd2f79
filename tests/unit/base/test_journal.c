/* core/base/journal.c with JOURNAL_STREAM set to a pipe, and a socket, of the test's own. */
#include "unit.h"

#include "base/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

/* -- the native protocol -- */

static char folder[] = "/tmp/sluice-test-XXXXXX";
static char path[64];
static int stream[2], journal = -1;

/* A journal whose stream is stream[1], and which listens at `path`. */
static int begin_journal(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    memset(folder + sizeof folder - 7, 'X', 6);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(journal, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setenv(JOURNAL_SOCKET_VARIABLE, path, 1), 0);
    assert_int_equal(pipe2(stream, O_CLOEXEC), 0);
    name_stream(stream[1], "%ju:%ju");
    journal_look(stream[1]);
    return 0;
}

static int end_journal(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    unsetenv(JOURNAL_SOCKET_VARIABLE);
    journal_look(stream[1]);
    close(stream[0]);
    close(stream[1]);
    close(journal);
    unlink(path);
    rmdir(folder);
    return 0;
}

static bool send_text(const char *text, const struct log_fields *fields)
{
    const struct journal_line line = {LOG_LEVEL_ERROR, "client", text, strlen(text), fields};
    return journal_send(&line);
}

/* Reads a datagram as the journal does: the value of each `NAME`, or fails. */
static size_t parse_datagram(const char *name, char *value, size_t size)
{
    static char bytes[65536];
    static size_t len;
    if (name == NULL) {
        ssize_t got = recv(journal, bytes, sizeof bytes, 0);
        assert_true(got > 0);
        len = (size_t)got;
        return len;
    }
    size_t found = 0;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(bytes + at, '\n', len - at);
        assert_non_null(end);
        size_t name_len = (size_t)(end - (bytes + at));
        uint64_t value_len = 0;
        assert_true(name_len > 0 && at + name_len + 10 <= len);
        for (size_t i = 0; i < 8; i++)
            value_len |= (uint64_t)(unsigned char)end[1 + i] << (8 * i);
        assert_true(at + name_len + 9 + value_len < len);
        assert_int_equal(end[9 + value_len], '\n');
        if (name_len == strlen(name) && memcmp(bytes + at, name, name_len) == 0) {
            assert_true(value_len < size);
            memcpy(value, end + 9, value_len);
            value[value_len] = '\0';
            found++;
        }
        at += name_len + 10 + value_len;
    }
    return found;
}

static void expect_field(const char *name, const char *expected)
{
    char value[16384];
    assert_int_equal(parse_datagram(name, value, sizeof value), 1);
    assert_string_equal(value, expected);
}

static void a_line_has_priority_module_and_fields(void **state)
{
    const struct log_field items[] = {{.name = "event", .text = "client_closed"},
                                      {.name = "request_id", .text = "a\nPRIORITY=0\nb"},
                                      {.name = "code", .number = 1013}};
    (void)state;
    assert_true(send_text("client: gone", &(const struct log_fields){items, 3}));
    parse_datagram(NULL, NULL, 0);
    expect_field("MESSAGE", "client: gone");
    expect_field("PRIORITY", "3");
    expect_field("SYSLOG_IDENTIFIER", "sluice");
    expect_field("SLUICE_MODULE", "client");
    expect_field("SLUICE_EVENT", "client_closed");
    expect_field("SLUICE_REQUEST_ID", "a\nPRIORITY=0\nb");
    expect_field("SLUICE_CODE", "1013");
}

static void whatever_is_too_long_is_left_out(void **state)
{
    static char text[20000];
    const struct log_field items[] = {{.name = "reason", .text = text},
                                      {.name = "code", .number = 7}};
    char value[8];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_true(send_text("line", &(const struct log_fields){items, 2}));
    assert_true(parse_datagram(NULL, NULL, 0) < 12288);
    expect_field("SLUICE_CODE", "7");
    assert_int_equal(parse_datagram("SLUICE_REASON", value, sizeof value), 0);
}

static void a_journal_that_reads_nothing_makes_nobody_wait(void **state)
{
    unsigned taken = 0;
    (void)state;
    while (send_text("line", NULL) && taken < 100000)
        taken++;
    assert_in_range(taken, 1, 99999);
    parse_datagram(NULL, NULL, 0);
    assert_true(send_text("line", NULL));
}

static void without_its_socket_the_journal_takes_nothing_until_it_is_back(void **state)
{
    (void)state;
    assert_int_equal(setenv(JOURNAL_SOCKET_VARIABLE, "/nonexistent/socket", 1), 0);
    assert_false(send_text("line", NULL));
    assert_string_equal(journal_prefix(LOG_LEVEL_WARN), "<4>");
    assert_int_equal(setenv(JOURNAL_SOCKET_VARIABLE, path, 1), 0);
    assert_true(send_text("line", NULL));
    close(journal); /* Killed; its socket's file is still there. */
    journal = -1;
    assert_false(send_text("line", NULL));
}

static void a_log_that_goes_elsewhere_sends_nothing(void **state)
{
    (void)state;
    journal_look(stream[0]); /* The same pipe, so it still is. */
    assert_true(send_text("line", NULL));
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    journal_look(null);
    close(null);
    assert_false(send_text("line", NULL));
    assert_string_equal(journal_prefix(LOG_LEVEL_WARN), "");
}

#define journal_test(test) cmocka_unit_test_setup_teardown(test, begin_journal, end_journal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_stream_that_is_named_is_the_journal),
        journal_test(a_line_has_priority_module_and_fields),
        journal_test(whatever_is_too_long_is_left_out),
        journal_test(a_journal_that_reads_nothing_makes_nobody_wait),
        journal_test(without_its_socket_the_journal_takes_nothing_until_it_is_back),
        journal_test(a_log_that_goes_elsewhere_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
