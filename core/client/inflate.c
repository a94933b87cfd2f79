#include "client/inflate.h"

#include "base/clock.h"
#include "base/memory_cost.h"
#include "base/utf8.h"
#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "pipeline/message.h"
#include "ws/inflater.h"

#include <stdlib.h>

/* What the loop keeps for the next message. */
#define INFLATED_KEEP (256u * 1024)

/* How long a message may hold up the others. */
#define TURN_NS (2 * NS_PER_MS)

/* What zlib takes for an inflater with the largest window. */
#define INFLATER_COST (41u * 1024)

/* -- an inflation -- */

static struct inflation *inflation_create(void)
{
    struct inflation *inflation = calloc(1, sizeof *inflation);
    if (inflation == NULL)
        return NULL;
    if (inflater_create(&inflation->inflater) == OK)
        return inflation;
    free(inflation);
    return NULL;
}

void inflation_destroy(struct inflation *inflation)
{
    if (inflation == NULL)
        return;
    inflater_destroy(inflation->inflater);
    buffer_release(&inflation->packed);
    buffer_release(&inflation->out);
    free(inflation);
}

size_t inflation_cost(const struct inflation *inflation)
{
    return memory_cost(sizeof *inflation) + INFLATER_COST +
           memory_cost_if_any(inflation->packed.capacity) +
           memory_cost_if_any(inflation->out.capacity);
}

/* The loop's inflation, made when it is first needed. NULL: no memory. */
static struct inflation *need_inflation(struct shard *shard)
{
    if (shard->inflation == NULL)
        shard->inflation = inflation_create();
    return shard->inflation;
}

/* -- who has it -- */

/* The message goes on in another turn: the client takes the inflation, and the payload with it. */
static bool hand_to_client(struct held_input *held, struct inflation **inflation,
                           const uint8_t *data, size_t len)
{
    struct buffer *packed = &(*inflation)->packed;
    if (data == held->message.data) {
        *packed = held->message;
        buffer_init(&held->message, 0);
    } else {
        packed->maximum = len;
        if (buffer_append(packed, data, len) != OK)
            return false;
    }
    held->inflation = *inflation;
    *inflation = NULL;
    return true;
}

/* The loop has its inflation back, if the client has it. */
static void take_back(struct client *client)
{
    struct held_input *held = client->held;
    struct shard *shard = client_shard(client);
    if (held == NULL || held->inflation == NULL)
        return;
    inflation_destroy(shard->inflation);
    shard->inflation = held->inflation;
    held->inflation = NULL;
    buffer_release(&shard->inflation->packed);
    client_note_input(client);
}

/* Without memory for that the client is lost. */
static void wait_for_turn(struct client *client, const uint8_t *data, size_t len)
{
    struct shard *shard = client_shard(client);
    struct held_input *held = client_need_held(client);
    if (held == NULL)
        return;
    bool is_held = held->inflation != NULL || hand_to_client(held, &shard->inflation, data, len);
    client_note_input(client);
    if (is_held)
        client_wait_for_turn(client);
    if (!client->is_waiting)
        client_lose_for_memory(client);
}

/* -- inflating -- */

static int take_step(struct inflation *inflation, const uint8_t *data, size_t len, size_t max,
                     bool *is_done)
{
    struct buffer *out = &inflation->out;
    size_t before = out->len;
    int error = inflater_step(inflation->inflater, data, len, max, out, is_done);
    if (error == OK && inflation->type == OPCODE_TEXT)
        inflation->utf8 = utf8_check(inflation->utf8, out->data + before, out->len - before);
    return error;
}

/* As many steps as a turn has time for. A message of one step does not look at the clock. */
static int take_turn(struct inflation *inflation, const uint8_t *data, size_t len, size_t max,
                     bool *is_done)
{
    int error = take_step(inflation, data, len, max, is_done);
    if (error != OK || *is_done)
        return error;
    int64_t until = clock_monotonic() + TURN_NS;
    while (error == OK && !*is_done && inflation->utf8 != UTF8_INVALID && clock_monotonic() < until)
        error = take_step(inflation, data, len, max, is_done);
    return error;
}

static void note_inflated(struct shard *shard, size_t len, size_t made)
{
    counter_add(&shard->stats.inflated_messages, 1);
    counter_add(&shard->stats.inflated_bytes_in, len);
    counter_add(&shard->stats.inflated_bytes_out, made);
}

/* Ends the client for what is wrong with its message; without an error that is its text. */
static void fail_for_message(struct client *client, int error)
{
    if (error == ERR_NO_MEMORY)
        client_lose_for_memory(client);
    else if (error == ERR_LIMIT)
        client_fail(client, CLOSE_TOO_BIG, "message is too big");
    else if (error != OK)
        client_fail(client, CLOSE_BAD_DATA, "compressed message is corrupt");
    else
        client_fail(client, CLOSE_BAD_DATA, "text is not UTF-8");
}

/* One turn of a message, whose payload is `data`. */
static bool go_on(struct client *client, struct inflation *inflation, const uint8_t *data,
                  size_t len, struct message *message)
{
    size_t max = (size_t)client_setup(client)->limits.message_max;
    const struct buffer *out = &inflation->out;
    bool is_done = false;
    int error = take_turn(inflation, data, len, max, &is_done);
    bool is_text = inflation->utf8 != UTF8_INVALID && (!is_done || inflation->utf8 == UTF8_START);
    if (error == OK && is_text && !is_done) {
        wait_for_turn(client, data, len);
        return false;
    }
    note_inflated(client_shard(client), len, out->len);
    take_back(client);
    if (error != OK || !is_text)
        fail_for_message(client, error);
    else
        message_init(message, max, (enum opcode)inflation->type, out->data, out->len);
    return error == OK && is_text;
}

bool client_inflate(struct client *client, enum opcode type, const uint8_t *data, size_t len,
                    struct message *message)
{
    struct inflation *inflation = need_inflation(client_shard(client));
    if (inflation == NULL) {
        client_lose_for_memory(client);
        return false;
    }
    inflater_begin(inflation->inflater);
    inflation->out.len = 0;
    inflation->type = (uint8_t)type;
    inflation->utf8 = UTF8_START;
    return go_on(client, inflation, data, len, message);
}

bool client_inflate_rest(struct client *client, struct message *message)
{
    struct inflation *inflation = client->held != NULL ? client->held->inflation : NULL;
    if (inflation == NULL)
        return false;
    if (client->state == CLIENT_OPEN)
        return go_on(client, inflation, inflation->packed.data, inflation->packed.len, message);
    client_forget_inflation(client);
    return false;
}

/* -- forgetting -- */

void client_forget_inflation(struct client *client)
{
    take_back(client);
    client_forget_inflated(client);
}

void client_forget_inflated(struct client *client)
{
    struct inflation *inflation = client_shard(client)->inflation;
    if (inflation != NULL && inflation->out.capacity > INFLATED_KEEP)
        buffer_release(&inflation->out);
}
