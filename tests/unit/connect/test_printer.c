#include "connect/printer.h"

#include "printing.h"

#include <string.h>

static void assert_printed(struct printer printer, enum opcode type, const char *data, size_t len,
                           const char *expected)
{
    struct printed printed;
    struct printing printing = printing_begin();
    printer_print(&printer, type, (const uint8_t *)data, len);
    printing_end(&printing, &printed);
    assert_string_equal(printed.out, expected);
}

#define TEXT(how, text, expected)                                                                  \
    assert_printed((struct printer)how, OPCODE_TEXT, text, sizeof text - 1, expected)
#define BINARY(how, text, expected)                                                                \
    assert_printed((struct printer)how, OPCODE_BINARY, text, sizeof text - 1, expected)
#define WITH(...) {__VA_ARGS__}

static void text_is_a_line(void **state)
{
    (void)state;
    TEXT(WITH(0), "a\xc3\xa4\x1b[1m", "a\xc3\xa4\x1b[1m\n");
    TEXT(WITH(0), "", "\n");
    assert_printed((struct printer){0}, OPCODE_TEXT, NULL, 0, "\n");
}

static void a_terminal_is_sent_no_control_characters(void **state)
{
    (void)state;
    TEXT(WITH(.is_terminal = true), "a\tb\n\r\x1b\x7f\xc2\x9b\xc3\xa4",
         "< a\tb\\n\\r\\x1b\\x7f\\xc2\\x9b\xc3\xa4\n");
    TEXT(WITH(.is_terminal = true), "cut \xc2", "< cut \\xc2\n");
    BINARY(WITH(.is_terminal = true), "\x00\x1b", "< 001b\n");
}

static void binary_has_three_forms(void **state)
{
    enum printer_binary form;
    (void)state;
    BINARY(WITH(.binary = PRINTER_HEX), "\x00\xff\x10", "00ff10\n");
    BINARY(WITH(.binary = PRINTER_BASE64), "\x00\xff\x10z", "AP8Qeg==\n");
    BINARY(WITH(.binary = PRINTER_RAW), "a\nb", "a\nb");
    assert_printed((struct printer){.binary = PRINTER_RAW}, OPCODE_BINARY, NULL, 0, "");
    assert_true(printer_read_binary("raw", &form) && form == PRINTER_RAW);
    assert_true(printer_read_binary("base64", &form) && form == PRINTER_BASE64);
    assert_true(printer_read_binary("hex", &form) && form == PRINTER_HEX);
    assert_false(printer_read_binary("octal", &form));
}

static void long_base64_is_one_text(void **state)
{
    static char data[6000];
    struct printed printed;
    struct printing printing = printing_begin();
    (void)state;
    printer_print(&(struct printer){.binary = PRINTER_BASE64}, OPCODE_BINARY, (uint8_t *)data,
                  6000);
    printing_end(&printing, &printed);
    assert_int_equal(strlen(printed.out), 8001);
    assert_int_equal(strspn(printed.out, "A"), 8000);
}

static void json_tells_messages_apart(void **state)
{
    (void)state;
    TEXT(WITH(.json = true), "a\nb\"",
         "{\"event\":\"message\",\"type\":\"text\",\"text\":\"a\\nb\\\"\"}\n");
    TEXT(WITH(.json = true), "a\0b",
         "{\"event\":\"message\",\"type\":\"text\",\"base64\":\"YQBi\"}\n");
    BINARY(WITH(.json = true), "\xff",
           "{\"event\":\"message\",\"type\":\"binary\",\"base64\":\"/w==\"}\n");
    assert_printed((struct printer){.json = true}, OPCODE_TEXT, NULL, 0,
                   "{\"event\":\"message\",\"type\":\"text\",\"text\":\"\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_a_line),
        cmocka_unit_test(a_terminal_is_sent_no_control_characters),
        cmocka_unit_test(binary_has_three_forms),
        cmocka_unit_test(long_base64_is_one_text),
        cmocka_unit_test(json_tells_messages_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
