#include "captured_log.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char *logged(enum log_format format, const char *module, const char *text)
{
    log_configure(LOG_LEVEL_INFO, format);
    begin_capture();
    log_write(LOG_LEVEL_WARN, module, "%s", text);
    return end_capture();
}

static void text_line_has_time_level_module_and_message(void **state)
{
    (void)state;
    const char *line = logged(LOG_FORMAT_TEXT, "front", "hello");
    assert_one_line(line);
    assert_int_equal(strspn(line, "0123456789-:.TZ"), strlen("2026-01-01T00:00:00.000Z"));
    assert_string_equal(line + strlen("2026-01-01T00:00:00.000Z"), " warn  front: hello\n");
}

static void json_line_has_time_level_module_and_message(void **state)
{
    (void)state;
    cJSON *object = parse_line(logged(LOG_FORMAT_JSON, "front", "hello"));
    const char *time = cJSON_GetStringValue(cJSON_GetObjectItem(object, "time"));
    assert_int_equal(strspn(time, "0123456789-:.TZ"), strlen("2026-01-01T00:00:00.000Z"));
    assert_member(object, "level", "warn");
    assert_member(object, "module", "front");
    assert_member(object, "message", "hello");
    cJSON_Delete(object);
}

/* Names the capture in JOURNAL_STREAM, as systemd does for what it has made standard error. */
static void name_capture_as_journal(void)
{
    char stream[64];
    struct stat status;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
}

static void the_journal_gets_the_priority_of_each_text(void **state)
{
    (void)state;
    static const char *const begins[] = {"<3>2", "<4>2", "<6>2", "<7>2", "{\"time"};
    assert_int_equal(setenv("SLUICE_JOURNAL_SOCKET", "/nonexistent/socket", 1), 0);
    begin_capture();
    name_capture_as_journal();
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    log_error("test", "one");
    log_warn("test", "two");
    log_info("test", "three");
    log_debug("test", "four");
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    log_error("test", "five");
    const char *text = end_capture();
    unsetenv("JOURNAL_STREAM");
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        assert_memory_equal(text, begins[i], strlen(begins[i]));
        text = strchr(text, '\n') + 1;
    }
    assert_string_equal(text, "");
    assert_int_equal(*logged(LOG_FORMAT_TEXT, "test", "no journal"), '2');
}

static void a_journal_that_takes_datagrams_gets_what_a_line_says_in_fields(void **state)
{
    (void)state;
    char datagram[4096], folder[] = "/tmp/sluice-test-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct log_field items[] = {{.name = "event", .text = "x"},
                                      {.name = "code", .number = 7}};
    const struct log_fields fields = {items, 2};
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(journal, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setenv("SLUICE_JOURNAL_SOCKET", address.sun_path, 1), 0);
    begin_capture();
    name_capture_as_journal();
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    log_write_fields(LOG_LEVEL_WARN, "test", "so it is", &fields);
    ssize_t len = recv(journal, datagram, sizeof datagram - 1, 0);
    assert_true(len > 0);
    static const char message[] = "MESSAGE\n\x1d\0\0\0\0\0\0\0test: so it is event=x code=7\n";
    assert_memory_equal(datagram, message, 16);
    assert_non_null(memmem(datagram, (size_t)len, "test: so it is event=x code=7\nPRIORITY\n", 39));
    assert_non_null(memmem(datagram, (size_t)len,
                           "SLUICE_CODE\n\1\0\0\0\0\0\0\0"
                           "7\n",
                           22));
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON); /* JSON is what was asked for. */
    log_warn("test", "in JSON");
    assert_true(recv(journal, datagram, sizeof datagram, 0) < 0);
    const char *text = end_capture();
    assert_memory_equal(text, "{\"time\"", 7);
    unsetenv("JOURNAL_STREAM");
    unsetenv("SLUICE_JOURNAL_SOCKET");
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    close(journal);
    unlink(address.sun_path);
    rmdir(folder);
}

static void levels_below_the_threshold_are_silent(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    begin_capture();
    log_info("test", "not this");
    log_debug("test", "nor this");
    log_error("test", "but this");
    const char *text = end_capture();
    assert_one_line(text);
    assert_non_null(strstr(text, " error test: but this\n"));
    assert_true(log_enabled(LOG_LEVEL_WARN));
    assert_false(log_enabled(LOG_LEVEL_INFO));
}

static void client_cannot_forge_a_line_or_reach_the_terminal(void **state)
{
    (void)state;
    const char *line = logged(LOG_FORMAT_TEXT, "front", "a\r\n2026 error b\x1b[2J\x7f\t");
    assert_one_line(line);
    assert_non_null(strstr(line, "front: a\\x0d\\x0a2026 error b\\x1b[2J\\x7f\\x09\n"));
}

static void json_gives_every_byte_back(void **state)
{
    (void)state;
    char text[128];
    for (int i = 0; i < 127; i++)
        text[i] = (char)(i + 1);
    text[127] = '\0';
    cJSON *object = parse_line(logged(LOG_FORMAT_JSON, "a\"b\\c\n", text));
    assert_member(object, "module", "a\"b\\c\n");
    assert_member(object, "message", text);
    cJSON_Delete(object);
}

static void other_alphabets_stay_as_they_are(void **state)
{
    (void)state;
    cJSON *object = parse_line(logged(LOG_FORMAT_JSON, "front", "Gr\u00fc\u00dfe \u20ac"));
    assert_member(object, "message", "Gr\u00fc\u00dfe \u20ac");
    cJSON_Delete(object);
    assert_non_null(strstr(logged(LOG_FORMAT_TEXT, "front", "\u20ac"), ": \u20ac\n"));
}

static void assert_ends_with(const char *line, const char *end)
{
    assert_true(capture.len > strlen(end));
    assert_string_equal(line + capture.len - strlen(end), end);
}

static void long_text_is_cut_marked_and_counted_once(void **state)
{
    (void)state;
    char text[2 * LOG_LINE_MAX];
    unsigned long long before = log_truncated_lines();
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *line = logged(LOG_FORMAT_TEXT, "front", text);
    assert_one_line(line);
    assert_ends_with(line, "x...\n");
    assert_true(capture.len > LOG_LINE_MAX - 16);
    assert_int_equal(log_truncated_lines(), before + 1);
    line = logged(LOG_FORMAT_JSON, "front", text);
    assert_one_line(line);
    assert_ends_with(line, "x...\"}\n");
    assert_int_equal(log_truncated_lines(), before + 2);
}

/* Every length around the limit, so that the cut falls into each place of a character. */
static void cut_falls_between_characters(void **state)
{
    static const char *const characters[] = {"\u00e9", "\u20ac", "\U0001f600"};
    static const enum log_format formats[] = {LOG_FORMAT_TEXT, LOG_FORMAT_JSON};
    char text[2 * LOG_LINE_MAX];
    (void)state;
    for (size_t i = 0; i < 3 * 2 * 4; i++) {
        const char *character = characters[i % 3];
        size_t len = i / 6; /* 0 to 3 bytes in front */
        memset(text, 'x', len);
        for (; len + 5 < sizeof text; len += strlen(character))
            strcpy(text + len, character);
        const char *line = logged(formats[i / 3 % 2], "front", text);
        assert_one_line(line);
        assert_true(utf8_is_valid(line, capture.len));
        assert_non_null(strstr(line, "..."));
    }
}

static void bytes_that_are_no_utf8_show_as_question_marks(void **state)
{
    (void)state;
    const char *broken = "a\xff\xc3z\xe2\x82";
    assert_non_null(strstr(logged(LOG_FORMAT_TEXT, "front", broken), ": a??z??\n"));
    cJSON *object = parse_line(logged(LOG_FORMAT_JSON, "front", broken));
    assert_member(object, "message", "a??z??");
    cJSON_Delete(object);
}

static void c1_controls_are_escaped(void **state)
{
    (void)state;
    const char *text = "a\xc2\x9b"
                       "2J\xc2\x80\u00a0";
    assert_non_null(strstr(logged(LOG_FORMAT_TEXT, "front", text), ": a\\x9b2J\\x80\u00a0\n"));
    const char *line = logged(LOG_FORMAT_JSON, "front", text);
    assert_non_null(strstr(line, "a\\u009b2J\\u0080\u00a0"));
    cJSON *object = parse_line(line);
    assert_member(object, "message", text);
    cJSON_Delete(object);
}

static void line_that_fits_is_not_counted_as_cut(void **state)
{
    (void)state;
    unsigned long long before = log_truncated_lines();
    logged(LOG_FORMAT_TEXT, "front", "short");
    logged(LOG_FORMAT_JSON, "front", "short");
    assert_int_equal(log_truncated_lines(), before);
}

/* Every length around the limit, so that the cut falls into each place of an escape. */
static void json_stays_valid_wherever_it_is_cut(void **state)
{
    (void)state;
    static const char *const tails[] = {"\"\"\"\"\"\"\"\"\"\"", "\\\\\\\\\\\\\\\\",
                                        "\x01\x02\x03\x04\x05\x06\x07", "xxxxxxxxxxxxxxxxxxxx"};
    char text[LOG_LINE_MAX + 64];
    for (size_t tail = 0; tail < sizeof tails / sizeof tails[0]; tail++) {
        for (size_t len = LOG_LINE_MAX - 160; len < LOG_LINE_MAX; len++) {
            memset(text, 'x', len);
            strcpy(text + len, tails[tail]);
            cJSON *object = parse_line(logged(LOG_FORMAT_JSON, "front", text));
            const char *found = cJSON_GetStringValue(cJSON_GetObjectItem(object, "message"));
            assert_memory_equal(found, text, LOG_LINE_MAX - 160);
            cJSON_Delete(object);
        }
    }
}

/* -- fields -- */

static const char *logged_fields(enum log_format format, const char *text,
                                 const struct log_field *items, size_t count)
{
    log_configure(LOG_LEVEL_ERROR, format);
    begin_capture();
    log_write_fields(LOG_LEVEL_INFO, "client", text, &(struct log_fields){items, count});
    return end_capture();
}

static void text_line_has_fields_as_name_and_value(void **state)
{
    static const struct log_field items[] = {{.name = "event", .text = "closed"},
                                             {.name = "code", .number = UINT64_MAX},
                                             {.name = "reason", .text = "going \"away\""},
                                             {.name = "identity", .text = ""},
                                             {.name = "path", .text = "/ws=1"}};
    (void)state;
    const char *line = logged_fields(LOG_FORMAT_TEXT, "gone", items, 5);
    assert_one_line(line);
    assert_non_null(strstr(line, " info  client: gone event=closed code=18446744073709551615 "
                                 "reason=\"going \\\"away\\\"\" identity=\"\" path=\"/ws=1\"\n"));
}

static void json_line_has_fields_as_members(void **state)
{
    static const struct log_field items[] = {{.name = "event", .text = "closed"},
                                             {.name = "code", .number = 1001},
                                             {.name = "reason", .text = "a \"b\" \\ \x1b"}};
    (void)state;
    cJSON *object = parse_line(logged_fields(LOG_FORMAT_JSON, "gone", items, 3));
    assert_member(object, "message", "gone");
    assert_member(object, "event", "closed");
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(object, "code")), 1001);
    assert_member(object, "reason", "a \"b\" \\ \x1b");
    cJSON_Delete(object);
}

/* Neither another line nor another field. */
static void a_value_forges_nothing(void **state)
{
    static const struct log_field items[] = {
        {.name = "reason", .text = "\" by=peer\r\n\x7f\xff\\"}};
    (void)state;
    const char *line = logged_fields(LOG_FORMAT_TEXT, "gone", items, 1);
    assert_one_line(line);
    assert_non_null(strstr(line, "gone reason=\"\\\" by=peer\\x0d\\x0a\\x7f?\\\\\"\n"));
}

/* Every length around the limit; the field behind the one that does not fit is left out too. */
static void fields_that_do_not_fit_are_left_out_whole_and_that_is_said(void **state)
{
    char text[LOG_LINE_MAX + 64];
    const struct log_field items[] = {{.name = "first", .number = 1},
                                      {.name = "long", .text = text},
                                      {.name = "last", .number = 2}};
    (void)state;
    for (size_t len = LOG_LINE_MAX - 160; len < sizeof text; len++) {
        memset(text, 'x', len);
        text[len - 1] = '"';
        text[len] = '\0';
        unsigned long long before = log_truncated_lines();
        cJSON *object = parse_line(logged_fields(LOG_FORMAT_JSON, "gone", items, 3));
        bool is_cut = cJSON_IsTrue(cJSON_GetObjectItem(object, "cut"));
        assert_int_equal(log_truncated_lines(), before + is_cut);
        assert_non_null(cJSON_GetObjectItem(object, "first"));
        assert_true(is_cut == !cJSON_HasObjectItem(object, "last"));
        if (cJSON_HasObjectItem(object, "long"))
            assert_member(object, "long", text);
        cJSON_Delete(object);
        assert_one_line(logged_fields(LOG_FORMAT_TEXT, "gone", items, 3));
        if (strstr(capture.text, " last=2\n") == NULL)
            assert_non_null(strstr(capture.text, " cut=true\n"));
    }
}

static void behind_a_text_that_is_cut_there_are_no_fields(void **state)
{
    char text[LOG_LINE_MAX + 64];
    const struct log_field items[] = {{.name = "first", .number = 1}};
    (void)state;
    for (size_t len = LOG_LINE_MAX - 160; len < sizeof text - 1; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        cJSON_Delete(parse_line(logged_fields(LOG_FORMAT_JSON, text, items, 1)));
        assert_one_line(logged_fields(LOG_FORMAT_TEXT, text, items, 1));
        assert_true(strstr(capture.text, "...") == NULL || strstr(capture.text, "first") == NULL);
    }
}

static void a_line_for_a_descriptor_passes_level_and_sink(void **state)
{
    (void)state;
    char text[512];
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
    assert_true(log_is_json());
    log_write_to(ends[1], LOG_LEVEL_WARN, "serve", "said \"aside\"");
    ssize_t len = read(ends[0], text, sizeof text - 1);
    assert_true(len > 0);
    text[len] = '\0';
    cJSON *object = cJSON_Parse(text);
    assert_member(object, "level", "warn");
    assert_member(object, "message", "said \"aside\"");
    cJSON_Delete(object);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_false(log_is_json());
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_line_has_time_level_module_and_message),
        cmocka_unit_test(json_line_has_time_level_module_and_message),
        cmocka_unit_test(the_journal_gets_the_priority_of_each_text),
        cmocka_unit_test(a_journal_that_takes_datagrams_gets_what_a_line_says_in_fields),
        cmocka_unit_test(levels_below_the_threshold_are_silent),
        cmocka_unit_test(a_line_for_a_descriptor_passes_level_and_sink),
        cmocka_unit_test(client_cannot_forge_a_line_or_reach_the_terminal),
        cmocka_unit_test(json_gives_every_byte_back),
        cmocka_unit_test(other_alphabets_stay_as_they_are),
        cmocka_unit_test(long_text_is_cut_marked_and_counted_once),
        cmocka_unit_test(cut_falls_between_characters),
        cmocka_unit_test(bytes_that_are_no_utf8_show_as_question_marks),
        cmocka_unit_test(c1_controls_are_escaped),
        cmocka_unit_test(line_that_fits_is_not_counted_as_cut),
        cmocka_unit_test(json_stays_valid_wherever_it_is_cut),
        cmocka_unit_test(text_line_has_fields_as_name_and_value),
        cmocka_unit_test(json_line_has_fields_as_members),
        cmocka_unit_test(a_value_forges_nothing),
        cmocka_unit_test(fields_that_do_not_fit_are_left_out_whole_and_that_is_said),
        cmocka_unit_test(behind_a_text_that_is_cut_there_are_no_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
