#include "pipeline/message.h"
#include "unit.h"

#include <string.h>

#define MAX_SIZE 16

static struct message begin(enum opcode opcode, const char *text)
{
    struct message message;
    message_init(&message, MAX_SIZE, opcode, (const uint8_t *)text, strlen(text));
    return message;
}

static void assert_payload(const struct message *message, const char *expected)
{
    assert_int_equal(message->seen.len, strlen(expected));
    assert_memory_equal(message->seen.data, expected, message->seen.len);
}

static void shows_type_and_payload(void **state)
{
    (void)state;
    struct message text = begin(OPCODE_TEXT, "text");
    struct message binary = begin(OPCODE_BINARY, "\xff");
    assert_int_equal(text.seen.struct_size, sizeof(struct sl_message));
    assert_int_equal(text.seen.type, SL_TEXT);
    assert_int_equal(message_opcode(&text), OPCODE_TEXT);
    assert_payload(&text, "text");
    assert_int_equal(binary.seen.type, SL_BINARY);
    assert_int_equal(message_opcode(&binary), OPCODE_BINARY);
}

static void empty_payload_is_never_null(void **state)
{
    struct message message;
    (void)state;
    message_init(&message, MAX_SIZE, OPCODE_TEXT, NULL, 0);
    assert_non_null(message.seen.data);
    assert_int_equal(message.seen.len, 0);
}

static void closes_for_policy_unless_told_otherwise(void **state)
{
    (void)state;
    struct message message = begin(OPCODE_TEXT, "text");
    assert_int_equal(message.close.code, CLOSE_POLICY);
    assert_string_equal(message.close.reason, "");
}

static void replaces_with_a_copy(void **state)
{
    (void)state;
    char mine[] = "mine";
    struct message message = begin(OPCODE_TEXT, "text");
    assert_int_equal(message_replace(&message, message.seen.type, mine, 4), OK);
    mine[0] = '!';
    assert_payload(&message, "mine");
    message_deinit(&message);
}

static void replaces_a_replacement_with_part_of_itself(void **state)
{
    (void)state;
    struct message message = begin(OPCODE_TEXT, "text");
    assert_int_equal(message_replace(&message, message.seen.type, "one two", 7), OK);
    assert_int_equal(message_replace(&message, message.seen.type, message.seen.data + 4, 3), OK);
    assert_payload(&message, "two");
    message_deinit(&message);
}

static void replaces_with_nothing(void **state)
{
    (void)state;
    struct message message = begin(OPCODE_TEXT, "text");
    assert_int_equal(message_replace(&message, message.seen.type, NULL, 0), OK);
    assert_payload(&message, "");
    assert_non_null(message.seen.data);
    message_deinit(&message);
}

static void refuses_what_the_endpoint_would_not_take(void **state)
{
    (void)state;
    struct message message = begin(OPCODE_TEXT, "text");
    assert_int_equal(message_replace(&message, message.seen.type, "sixteen is right", 16), OK);
    assert_int_equal(message_replace(&message, message.seen.type, "seventeen is more", 17),
                     ERR_LIMIT);
    assert_payload(&message, "sixteen is right");
    message_deinit(&message);
}

static void text_stays_utf8_and_binary_may_be_anything(void **state)
{
    (void)state;
    struct message text = begin(OPCODE_TEXT, "text");
    struct message binary = begin(OPCODE_BINARY, "binary");
    assert_int_equal(message_replace(&text, SL_TEXT, "\xc3", 1), ERR_INVALID);
    assert_payload(&text, "text");
    assert_int_equal(message_replace(&binary, SL_BINARY, "\xc3", 1), OK);
    assert_payload(&binary, "\xc3");
    message_deinit(&text);
    message_deinit(&binary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_type_and_payload),
        cmocka_unit_test(empty_payload_is_never_null),
        cmocka_unit_test(closes_for_policy_unless_told_otherwise),
        cmocka_unit_test(replaces_with_a_copy),
        cmocka_unit_test(replaces_a_replacement_with_part_of_itself),
        cmocka_unit_test(replaces_with_nothing),
        cmocka_unit_test(refuses_what_the_endpoint_would_not_take),
        cmocka_unit_test(text_stays_utf8_and_binary_may_be_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
