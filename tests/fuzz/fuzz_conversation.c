/*
 * What a server sends to `sluice connect`: the answer to the upgrade and frames, in any state. It
 * comes to the same in one piece and in many, and nothing is larger than its bound.
 */
#include "connect/conversation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)4096)

/* Everything that the messages said. */
struct heard {
    uint64_t sum;
    size_t count;
};

static void check(int holds)
{
    if (!holds)
        abort();
}

static void add(struct heard *heard, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        heard->sum = (heard->sum ^ data[i]) * UINT64_C(1099511628211);
}

static void on_message(void *context, enum opcode type, const uint8_t *data, size_t len)
{
    struct heard *heard = context;
    check(type == OPCODE_TEXT || type == OPCODE_BINARY);
    check(len <= MESSAGE_MAX);
    add(heard, (const uint8_t[]){(uint8_t)type, (uint8_t)(len >> 8), (uint8_t)len}, 3);
    add(heard, data, len);
    heard->count++;
}

/* Begins with a key that a seed can have the answer to: that of RFC 6455, section 1.3. */
static int begin(struct conversation *conversation, struct heard *heard)
{
    static const char *const subprotocols[] = {"chat.v1", "a"};
    const struct client_request request = {
        .host = "a.test", .target = "/", .subprotocols = subprotocols, .subprotocol_count = 2};
    int error = conversation_init(conversation, &request, MESSAGE_MAX);
    strcpy(conversation->request.key, "dGhlIHNhbXBsZSBub25jZQ==");
    conversation->on_message = on_message;
    conversation->context = heard;
    return error;
}

static void receive(struct conversation *conversation, const uint8_t *data, size_t size,
                    size_t piece)
{
    const uint8_t *output;
    for (size_t at = 0; at < size; at += piece) {
        conversation_receive(conversation, data + at, size - at < piece ? size - at : piece);
        conversation_sent(conversation, conversation_output(conversation, &output));
    }
    conversation_end(conversation, NULL);
}

static void check_same(const struct conversation *a, const struct conversation *b)
{
    check(a->outcome == b->outcome && a->state == CONVERSATION_OVER && a->state == b->state);
    check(a->code == b->code && strcmp(a->reason, b->reason) == 0);
    check((a->wrong == NULL) == (b->wrong == NULL));
    check(a->wrong == NULL || strcmp(a->wrong, b->wrong) == 0);
    check(a->response.status == b->response.status);
    check(strcmp(a->response.subprotocol, b->response.subprotocol) == 0);
    check(strcmp(a->response.location, b->response.location) == 0);
    if (a->outcome == OUTCOME_REFUSED)
        check(a->input.len == b->input.len && a->input.len <= CONVERSATION_BODY_MAX &&
              memcmp(a->input.data, b->input.data, a->input.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conversation whole, pieces;
    struct heard of_whole = {.count = 0}, of_pieces = {.count = 0};
    if (begin(&whole, &of_whole) == OK && begin(&pieces, &of_pieces) == OK) {
        receive(&whole, data, size, SIZE_MAX / 2);
        receive(&pieces, data, size, size > 0 && size < 2048 ? 1 + data[size - 1] % 3u : 97);
        if (whole.outcome != OUTCOME_NO_MEMORY && pieces.outcome != OUTCOME_NO_MEMORY) {
            check_same(&whole, &pieces);
            check(of_whole.count == of_pieces.count && of_whole.sum == of_pieces.sum);
        }
    }
    conversation_deinit(&whole);
    conversation_deinit(&pieces);
    return 0;
}
