#include "connect/conversation.h"

#include <openssl/rand.h>
#include <string.h>

#define FRAGMENTS_MAX 65536
#define OUTPUT_SLACK ((size_t)64 * 1024) /* the request, pongs and a close frame */
#define INPUT_MAX ((size_t)CLIENT_RESPONSE_MAX + 65536)
#define MASK_SIZE 4u                /* bytes, of a frame */
#define RECEIVE_MAX ((size_t)32768) /* bytes that are looked at in one go */

static void end_with(struct conversation *conversation, enum conversation_outcome outcome)
{
    conversation->state = CONVERSATION_OVER;
    conversation->outcome = outcome;
}

static void end_broken(struct conversation *conversation, uint16_t code, const char *wrong)
{
    conversation->code = code;
    conversation->wrong = wrong;
    end_with(conversation, OUTCOME_BROKEN);
}

int conversation_init(struct conversation *conversation, const struct client_request *request,
                      size_t message_max)
{
    uint8_t key[CLIENT_KEY_BYTES];
    memset(conversation, 0, sizeof *conversation);
    conversation->request = *request;
    conversation->decoder.from_server = true;
    conversation->limits = (struct frame_limits){.message_max = (unsigned)message_max,
                                                 .fragments_max = FRAGMENTS_MAX,
                                                 .text = true,
                                                 .binary = true};
    buffer_init(&conversation->input, INPUT_MAX);
    buffer_init(&conversation->message, message_max);
    buffer_init(&conversation->output, CONVERSATION_OUTPUT_HIGH + message_max + OUTPUT_SLACK);
    if (RAND_bytes(key, sizeof key) != 1)
        return ERR_NO_MEMORY;
    client_key_encode(key, conversation->request.key);
    return client_request_append(&conversation->output, &conversation->request);
}

void conversation_deinit(struct conversation *conversation)
{
    buffer_release(&conversation->input);
    buffer_release(&conversation->message);
    buffer_release(&conversation->output);
}

/* -- sending -- */

size_t conversation_output(const struct conversation *conversation, const uint8_t **data)
{
    *data = conversation->output.data + conversation->sent;
    return conversation->output.len - conversation->sent;
}

void conversation_sent(struct conversation *conversation, size_t len)
{
    struct buffer *output = &conversation->output;
    conversation->sent += len;
    if (conversation->sent == output->len) {
        output->len = 0;
        conversation->sent = 0;
    }
}

/* Moves what is left to send to the front once most of the buffer is behind it, or a frame with
 * `len` bytes would not fit behind it. */
static void compact_output(struct conversation *conversation, size_t len)
{
    struct buffer *output = &conversation->output;
    bool fits = len + FRAME_HEADER_MAX + MASK_SIZE <= output->maximum - output->len;
    if (conversation->sent == 0 || (fits && conversation->sent <= output->len / 2))
        return;
    memmove(output->data, output->data + conversation->sent, output->len - conversation->sent);
    output->len -= conversation->sent;
    conversation->sent = 0;
}

/* A mask has to be one that nobody can foresee (10.3). */
static int append_frame(struct conversation *conversation, enum opcode opcode, const void *data,
                        size_t len)
{
    uint8_t mask[MASK_SIZE];
    compact_output(conversation, len);
    if (RAND_bytes(mask, sizeof mask) != 1)
        return ERR_NO_MEMORY;
    return client_frame_append(&conversation->output, opcode, data, len, mask);
}

/* It is sent if there is memory for it: whoever is told so has to be ready for its absence. */
static void append_close(struct conversation *conversation, uint16_t code)
{
    uint8_t mask[MASK_SIZE];
    compact_output(conversation, sizeof code);
    if (RAND_bytes(mask, sizeof mask) != 1 ||
        client_close_append(&conversation->output, code, mask) != OK)
        end_with(conversation, OUTCOME_NO_MEMORY);
}

int conversation_send(struct conversation *conversation, const void *text, size_t len)
{
    return append_frame(conversation, OPCODE_TEXT, text, len);
}

void conversation_close(struct conversation *conversation)
{
    if (conversation->state != CONVERSATION_OPEN)
        return;
    conversation->state = CONVERSATION_CLOSING;
    append_close(conversation, CLOSE_NORMAL);
}

/* -- what has been received -- */

/* Of pings that come faster than the server reads, those are answered that fit (5.5.3). */
static void take_ping(struct conversation *conversation, const struct frame_event *event)
{
    const uint8_t *data;
    if (conversation->state != CONVERSATION_OPEN ||
        conversation_output(conversation, &data) >= CONVERSATION_OUTPUT_HIGH)
        return;
    if (append_frame(conversation, OPCODE_PONG, event->data, event->len) != OK)
        end_with(conversation, OUTCOME_NO_MEMORY);
}

static void take_close(struct conversation *conversation, const struct frame_event *event)
{
    conversation->code = event->close_code;
    memcpy(conversation->reason, event->data, event->len);
    conversation->reason[event->len] = '\0';
    /* One with another code is not the answer to ours: both were under way at once. */
    bool is_answer = conversation->state == CONVERSATION_CLOSING &&
                     (event->close_code == CLOSE_NORMAL || event->close_code == CLOSE_NO_STATUS);
    bool was_open = conversation->state == CONVERSATION_OPEN;
    end_with(conversation, is_answer ? OUTCOME_ENDED : OUTCOME_CLOSED);
    if (was_open)
        append_close(conversation, event->close_code);
}

static void take_piece(struct conversation *conversation, const struct frame_event *event)
{
    struct buffer *message = &conversation->message;
    bool is_whole = event->message_end && message->len == 0;
    if (is_whole) {
        conversation->on_message(conversation->context, event->message_type, event->data,
                                 event->len);
        return;
    }
    if (event->len > 0 && buffer_append(message, event->data, event->len) != OK) {
        end_with(conversation, OUTCOME_NO_MEMORY);
        return;
    }
    if (event->message_end) {
        conversation->on_message(conversation->context, event->message_type, message->data,
                                 message->len);
        message->len = 0;
    }
}

static void take_event(struct conversation *conversation, const struct frame_event *event)
{
    switch (event->type) {
    case FRAME_DATA:
        take_piece(conversation, event);
        break;
    case FRAME_PING:
        take_ping(conversation, event);
        break;
    case FRAME_CLOSE:
        take_close(conversation, event);
        break;
    case FRAME_ERROR:
        if (conversation->state == CONVERSATION_OPEN)
            append_close(conversation, event->close_code);
        end_broken(conversation, event->close_code, event->error);
        break;
    case FRAME_NEED_MORE:
    case FRAME_PONG:
        break;
    }
}

static bool takes_frames(const struct conversation *conversation)
{
    return conversation->state == CONVERSATION_OPEN || conversation->state == CONVERSATION_CLOSING;
}

/* Takes the frames at the front of the input. Returns how many bytes they had. */
static size_t take_frames(struct conversation *conversation)
{
    struct frame_event event = {.type = FRAME_PONG};
    size_t used = 0;
    while (takes_frames(conversation) && event.type != FRAME_NEED_MORE) {
        used +=
            frame_decode(&conversation->decoder, &conversation->limits,
                         conversation->input.data + used, conversation->input.len - used, &event);
        take_event(conversation, &event);
    }
    return used;
}

static void drop_input(struct conversation *conversation, size_t len)
{
    struct buffer *input = &conversation->input;
    if (len > 0)
        memmove(input->data, input->data + len, input->len - len);
    input->len -= len;
}

/* Takes a head of the answer. Returns whether one more has to come behind it. */
static bool take_head(struct conversation *conversation)
{
    struct client_response *response = &conversation->response;
    int result = client_response_read(
        &conversation->request, (const char *)conversation->input.data, conversation->input.len,
        CLIENT_RESPONSE_MAX - conversation->interim, response);
    if (result == ERR_INVALID)
        end_broken(conversation, 0, "its answer is not HTTP (with TLS the URL is wss://)");
    else if (result == ERR_LIMIT)
        end_broken(conversation, 0, "the head of the answer is too long");
    else if (result == ERR_NO_MEMORY)
        end_with(conversation, OUTCOME_NO_MEMORY);
    if (result != 1)
        return false;
    drop_input(conversation, response->head_len);
    if (client_response_is_interim(response)) {
        conversation->interim += response->head_len;
        return true;
    }
    if (response->wrong != NULL)
        end_broken(conversation, 0, response->wrong);
    else
        conversation->state = response->status == 101 ? CONVERSATION_OPEN : CONVERSATION_REFUSED;
    return false;
}

/* Whether the body of a refusal, or as much as is wanted of it, is there. */
static void take_body(struct conversation *conversation)
{
    size_t wanted = conversation->response.body_len;
    if (conversation->response.has_coding || wanted > CONVERSATION_BODY_MAX)
        wanted = CONVERSATION_BODY_MAX;
    if (conversation->input.len < wanted)
        return;
    conversation->input.len = wanted;
    end_with(conversation, OUTCOME_REFUSED);
}

static void receive_some(struct conversation *conversation, const uint8_t *data, size_t len)
{
    if (buffer_append(&conversation->input, data, len) != OK) {
        end_with(conversation, OUTCOME_NO_MEMORY);
        return;
    }
    while (conversation->state == CONVERSATION_ASKING && take_head(conversation))
        continue;
    if (conversation->state == CONVERSATION_REFUSED)
        take_body(conversation);
    if (takes_frames(conversation))
        drop_input(conversation, take_frames(conversation));
}

void conversation_receive(struct conversation *conversation, const uint8_t *data, size_t len)
{
    while (len > 0 && conversation->state != CONVERSATION_OVER) {
        size_t some = len < RECEIVE_MAX ? len : RECEIVE_MAX;
        receive_some(conversation, data, some);
        data += some;
        len -= some;
    }
}

void conversation_end(struct conversation *conversation, const char *why)
{
    static const enum conversation_outcome outcomes[] = {
        [CONVERSATION_ASKING] = OUTCOME_NO_ANSWER,
        [CONVERSATION_REFUSED] = OUTCOME_REFUSED,
        [CONVERSATION_OPEN] = OUTCOME_LOST,
        [CONVERSATION_CLOSING] = OUTCOME_LOST,
    };
    if (conversation->state == CONVERSATION_OVER)
        return;
    conversation->wrong = why;
    end_with(conversation, outcomes[conversation->state]);
}
