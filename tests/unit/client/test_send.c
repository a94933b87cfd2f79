/*
 * Each allocation on the write path fails once, in turn: what a client then gets is whole frames up
 * to the last one, or whole frames and the end of its connection. It never waits for the rest of a
 * frame.
 *
 * The linker puts the allocator below between the server and the C library (tests/unit/CMakeLists).
 */
#include "hub/serving.h"

#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "delivery/topic.h"
#include "delivery/topic_publishing.h"

#include <stdatomic.h>
#include <string.h>

#define SMALL 100     /* bytes of a message that is copied where little is left */
#define LARGE 3000    /* bytes; the socket's buffer is full after a few */
#define ROUNDS 4      /* iterations of the loop with something to send */
#define PER_ROUND 6   /* messages of each kind */
#define TRIES_MAX 500 /* more allocations than a round can have */
#define FILLING 'x'   /* of all messages but the last one */
#define TOPIC "news"
#define LAST "the last one"

#define TWO_LOOPS "loops: 2\nendpoints: [{path: /ws, queue: {bytes: 1MiB}}]\n"
#define SHORT_QUEUE                                                                                \
    "loops: 1\nendpoints: [{path: /ws, message: {max_size: 4KiB}, queue: {bytes: 16KiB}}]\n"

/* -- the allocator -- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static atomic_int until_failure; /* allocations on loops; the one that makes it 0 fails */

static bool must_fail(void)
{
    return loop_current() != NULL && atomic_fetch_sub(&until_failure, 1) == 1;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

/* -- on the loops -- */

/* Each loop ends the iteration that it is in; the first may have posted to the others in its. */
static void settle_loops(struct hub *hub)
{
    for (unsigned i = 0; i < hub->set.count; i++) {
        run_on(&hub->set.shards[i], NULL);
        run_on(&hub->set.shards[i], NULL);
    }
}

static struct audience *audience_of(struct shard *shard)
{
    return &hub_of_shard(shard)->endpoints[0]->fanout.audiences[shard->loop.index];
}

/* Topics, and sockets that are soon full. */
static void prepare_clients(struct shard *shard)
{
    struct audience *audience = audience_of(shard);
    int size = 1; /* The kernel has a minimum. */
    for (uint32_t i = 0; i < audience->count; i++) {
        struct receiver *receiver = audience->members[i];
        assert_int_equal(topic_subscribe(receiver, TOPIC, strlen(TOPIC)), OK);
        assert_int_equal(setsockopt(receiver->socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size),
                         0);
    }
}

/* Everything that ends in a client's socket: to all, to one, to a topic; much and little. An error
 * is an answer, as it is to a plugin. */
static void send_everything(struct shard *shard)
{
    char text[LARGE];
    struct audience *audience = audience_of(shard);
    int error = OK;
    memset(text, FILLING, sizeof text);
    for (unsigned i = 0; i < PER_ROUND; i++) {
        size_t len = i % 2 == 0 ? LARGE : SMALL;
        error |= audience_publish(audience, OPCODE_BINARY, text, len, NULL);
        error |= topic_publish(audience->fanout, TOPIC_NAMED, TOPIC, strlen(TOPIC), OPCODE_BINARY,
                               text, SMALL);
        for (uint32_t j = 0; j < audience->count; j++)
            error |= receiver_send(audience->members[j], OPCODE_PING, text, SMALL);
    }
    (void)error;
}

static void send_last(struct shard *shard)
{
    struct audience *audience = audience_of(shard);
    for (uint32_t i = 0; i < audience->count; i++) {
        struct client *client = (struct client *)audience->members[i];
        int error = client_send(client, OPCODE_TEXT, LAST, strlen(LAST));
        assert_true(error == OK || client->state != CLIENT_OPEN);
    }
}

/* -- a client that does not read, and then does -- */

/* Reads up to `len` bytes. Returns fewer if the connection ends before; a wait without end fails
 * the test. */
static size_t read_up_to(int client, uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len) {
        ssize_t got = recv(client, data + at, len - at, 0);
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            break;
        if (got < 0)
            fail_msg("the rest of a frame does not come: %s", strerror(errno));
        at += (size_t)got;
    }
    return at;
}

static bool read_whole(int client, uint8_t *data, size_t len)
{
    return read_up_to(client, data, len) == len;
}

/* Reads a message; no other frame may begin inside it, whole or not. */
static bool read_filling(int client, size_t len)
{
    uint8_t payload[LARGE];
    assert_true(len == SMALL || len == LARGE);
    size_t got = read_up_to(client, payload, len);
    for (size_t i = 0; i < got; i++)
        assert_int_equal(payload[i], FILLING);
    return got == len;
}

/* Reads frames up to the last one, a close frame or the end. Returns the last opcode, or
 * OPCODE_CONTINUATION if the connection ended without any of these. */
static enum opcode read_all(int client)
{
    uint8_t head[4];
    while (read_whole(client, head, 2)) {
        enum opcode opcode = head[0] & 0x0f;
        size_t len = head[1];
        assert_int_equal(head[0] & 0xf0, 0x80);
        if (opcode == OPCODE_TEXT || opcode == OPCODE_CLOSE)
            return opcode;
        if (len == 126 && !read_whole(client, head + 2, 2))
            break;
        if (len == 126)
            len = (size_t)head[2] << 8 | head[3];
        if (!read_filling(client, len))
            break;
    }
    return OPCODE_CONTINUATION;
}

/* -- the tries -- */

struct outcome {
    unsigned whole;    /* clients that got the last frame */
    unsigned told;     /* that got a close frame */
    unsigned cut;      /* whose connection was ended */
    unsigned failures; /* allocations that failed */
};

static void note(struct outcome *outcome, enum opcode last)
{
    if (last == OPCODE_TEXT)
        outcome->whole++;
    else if (last == OPCODE_CLOSE)
        outcome->told++;
    else
        outcome->cut++;
}

/* One server, one failure. Returns false if there are fewer allocations than `number`. */
static bool try_with_failure(const char *yaml, int number, struct outcome *outcome)
{
    struct serving serving = serve(yaml);
    struct hub *hub = serving.hub;
    int clients[2] = {join(hub, "/ws"), join(hub, "/ws")};
    wait_for_clients(hub, NULL, 2);
    for (unsigned i = 0; i < hub->set.count; i++)
        run_on(&hub->set.shards[i], prepare_clients);
    settle_loops(hub);

    atomic_store(&until_failure, number);
    for (unsigned round = 0; round < ROUNDS; round++) {
        run_on(&hub->set.shards[0], send_everything);
        settle_loops(hub);
    }
    bool has_failed = atomic_exchange(&until_failure, 0) <= 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        run_on(&hub->set.shards[i], send_last);
    for (unsigned i = 0; i < 2; i++) {
        note(outcome, read_all(clients[i]));
        close(clients[i]);
    }
    outcome->failures += has_failed;
    end_serving(&serving);
    return has_failed;
}

static struct outcome try_all(const char *yaml)
{
    struct outcome outcome = {0};
    int number = 1;
    while (number < TRIES_MAX && try_with_failure(yaml, number, &outcome))
        number++;
    assert_true(number < TRIES_MAX);
    return outcome;
}

static void no_failed_allocation_leaves_half_a_frame(void **state)
{
    (void)state;
    struct outcome outcome = try_all(TWO_LOOPS);
    assert_true(outcome.failures > 20);
    assert_true(outcome.whole > 2); /* Whoever is not concerned goes on. */
    assert_true(outcome.cut > 0);   /* What cannot be kept ends its client. */
    assert_true(outcome.told > 0);  /* Whoever misses a message is closed with 1013. */
}

static void no_failed_allocation_leaves_an_overflowing_client_half_a_frame(void **state)
{
    (void)state;
    struct outcome outcome = try_all(SHORT_QUEUE);
    assert_true(outcome.failures > 5);
    assert_true(outcome.told > 2); /* 1013 */
    assert_true(outcome.cut > 0);
    assert_int_equal(outcome.whole, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failed_allocation_leaves_half_a_frame),
        cmocka_unit_test(no_failed_allocation_leaves_an_overflowing_client_half_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
