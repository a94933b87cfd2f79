/* core/connect/conversation.c: interim responses before the answer to the upgrade. */
#include "unit.h"

#include "connect/conversation.h"

#include <string.h>

/* The key of RFC 6455, section 1.3, and the answer to it. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define SWITCHED                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
#define HINTS "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 9\r\n\r\n"

static struct conversation conversation;
static unsigned messages;

static void take_message(void *context, enum opcode type, const uint8_t *data, size_t len)
{
    (void)context;
    (void)type;
    assert_int_equal(len, 2);
    assert_memory_equal(data, "hi", 2);
    messages++;
}

static int begin(void **state)
{
    static const struct client_request asked = {.host = "localhost", .target = "/ws"};
    (void)state;
    assert_int_equal(conversation_init(&conversation, &asked, 1000), OK);
    strcpy(conversation.request.key, KEY);
    conversation.on_message = take_message;
    messages = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    conversation_deinit(&conversation);
    return 0;
}

static void receive(const char *text)
{
    conversation_receive(&conversation, (const uint8_t *)text, strlen(text));
}

static void the_answer_comes_behind_them_in_one_piece(void **state)
{
    (void)state;
    receive("HTTP/1.1 100 Continue\r\n\r\n" HINTS SWITCHED "\x81\x02hi");
    assert_int_equal(conversation.state, CONVERSATION_OPEN);
    assert_int_equal(messages, 1);
}

static void and_in_any_two(void **state)
{
    static const char bytes[] = HINTS "HTTP/1.1 102 Processing\r\n\r\n" SWITCHED "\x81\x02hi";
    (void)state;
    for (size_t first = 0; first < sizeof bytes; first++) {
        conversation_receive(&conversation, (const uint8_t *)bytes, first);
        conversation_receive(&conversation, (const uint8_t *)bytes + first,
                             sizeof bytes - 1 - first);
        assert_int_equal(conversation.state, CONVERSATION_OPEN);
        assert_int_equal(messages, 1);
        end(NULL);
        begin(NULL);
    }
}

static void a_refusal_behind_them_is_one(void **state)
{
    (void)state;
    receive(HINTS);
    assert_int_equal(conversation.state, CONVERSATION_ASKING);
    receive("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    assert_int_equal(conversation.outcome, OUTCOME_REFUSED);
    assert_int_equal(conversation.response.status, 403);
    assert_int_equal(conversation.input.len, 2);
}

static void without_an_answer_behind_them_there_is_none(void **state)
{
    (void)state;
    receive(HINTS);
    conversation_end(&conversation, NULL);
    assert_int_equal(conversation.outcome, OUTCOME_NO_ANSWER);
}

static void a_row_without_end_ends_it(void **state)
{
    unsigned heads = 0;
    (void)state;
    for (; conversation.state == CONVERSATION_ASKING; heads++) {
        assert_true(heads * strlen(HINTS) <= CLIENT_RESPONSE_MAX);
        receive(HINTS);
    }
    assert_int_equal(conversation.outcome, OUTCOME_BROKEN);
    assert_string_equal(conversation.wrong, "the head of the answer is too long");
    assert_true(heads * strlen(HINTS) > CLIENT_RESPONSE_MAX);
}

static void their_heads_and_the_answers_count_together(void **state)
{
    static char heads[CLIENT_RESPONSE_MAX + sizeof HINTS];
    (void)state;
    for (int more = 0; more < 2; more++) { /* exactly what is allowed, and a byte more */
        static const char name[] = "HTTP/1.1 103 a\r\nX: ";
        size_t len = CLIENT_RESPONSE_MAX - strlen(SWITCHED) + (size_t)more;
        memset(heads, 'x', len);
        memcpy(heads, name, sizeof name - 1);
        memcpy(heads + len - 4, "\r\n\r\n" SWITCHED, 4 + sizeof SWITCHED);
        receive(heads);
        assert_int_equal(conversation.state, more ? CONVERSATION_OVER : CONVERSATION_OPEN);
        end(NULL);
        begin(NULL);
    }
}

int main(void)
{
#define WITH_ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WITH_ONE(the_answer_comes_behind_them_in_one_piece),
        WITH_ONE(and_in_any_two),
        WITH_ONE(a_refusal_behind_them_is_one),
        WITH_ONE(without_an_answer_behind_them_there_is_none),
        WITH_ONE(a_row_without_end_ends_it),
        WITH_ONE(their_heads_and_the_answers_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
