/* core/delivery/topic_batch.c and outgoing.c against a model of who has to be sent what, in which
 * order: topics with few and with many subscribers, the endpoint, single receivers, compressed and
 * plain, at once and after waiting for more, with sockets that take little. */
#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "ws/inflate_message.h"

#include <stdio.h>
#include <stdlib.h>

#define MS INT64_C(1000000)
#define PEERS 14u
#define TOPICS 5u
#define ROUNDS 60u
#define SEEDS 120u
#define MESSAGE_MAX 700u
#define EXPECTED_MAX 20000u

/* A receiver, and the numbers of the messages that it has to be sent. */
struct tracked {
    struct peer peer; /* first */
    bool in[TOPICS];
    uint32_t expected[EXPECTED_MAX];
    size_t count;
};

static struct tracked tracked[PEERS];
static uint32_t next_number;
static uint64_t published; /* deliveries of messages */
static bool may_close;     /* what whoever is closed gets of the endpoint's is not counted */
static unsigned short seed[3];

static unsigned random_below(unsigned bound)
{
    return (unsigned)nrand48(seed) % bound;
}

static struct tracked *random_peer(void)
{
    return &tracked[random_below(PEERS)];
}

/* -- messages -- */

static const char *topic_name(unsigned topic)
{
    static const char *const names[TOPICS] = {"t0", "t1", "t2", "t3", "t4"};
    return names[topic];
}

/* Its number, and a letter again and again: many lengths, some of which are compressed. */
static size_t message_of(char text[MESSAGE_MAX], uint32_t number)
{
    size_t len = number % 7 == 0 ? 200 + number % 400 : 6 + number % 60;
    char digits[16];
    snprintf(digits, sizeof digits, "%06u", (unsigned)number);
    memset(text, 'a' + (char)(number % 26), len);
    memcpy(text, digits, 6);
    return len;
}

static void expect(struct tracked *to)
{
    assert_true(to->count < EXPECTED_MAX);
    to->expected[to->count++] = next_number;
}

static void expect_published(struct tracked *to)
{
    if (!to->peer.receiver.is_open)
        return;
    expect(to);
    published++;
}

/* -- what is done -- */

static void publish_to_all(struct tracked *except)
{
    char text[MESSAGE_MAX];
    size_t len = message_of(text, next_number);
    struct receiver *receiver = except != NULL ? &except->peer.receiver : NULL;
    struct audience *audience = tracked[0].peer.receiver.audience;
    assert_int_equal(audience_publish(audience, OPCODE_TEXT, text, len, receiver), OK);
    for (unsigned i = 0; i < PEERS; i++)
        if (&tracked[i] != except)
            expect_published(&tracked[i]);
    next_number++;
}

static void publish_to_one_topic(unsigned topic, struct tracked *except)
{
    char text[MESSAGE_MAX];
    size_t len = message_of(text, next_number);
    assert_int_equal(topic_publish_from(&random_peer()->peer.receiver, topic_name(topic),
                                        OPCODE_TEXT, text, len,
                                        except != NULL ? &except->peer.receiver : NULL),
                     OK);
    for (unsigned i = 0; i < PEERS; i++)
        if (&tracked[i] != except && tracked[i].in[topic])
            expect_published(&tracked[i]);
    next_number++;
}

static void send_to_one(struct tracked *to)
{
    char text[MESSAGE_MAX];
    size_t len = message_of(text, next_number);
    if (!to->peer.receiver.is_open)
        return;
    assert_int_equal(receiver_send(&to->peer.receiver, OPCODE_TEXT, text, len), OK);
    expect_published(to);
    next_number++;
}

static void change_subscription(struct tracked *of, unsigned topic)
{
    const char *name = topic_name(topic);
    if (!of->peer.receiver.is_open)
        return;
    if (of->in[topic])
        topic_unsubscribe(&of->peer.receiver, name, strlen(name));
    else
        subscribe(&of->peer, name);
    of->in[topic] = !of->in[topic];
}

/* As a client is told to close: what comes last is its own. */
static void begin_to_close(struct tracked *one)
{
    if (!one->peer.receiver.is_open)
        return;
    assert_int_equal(topic_batches_catch_up(&one->peer.receiver), OK);
    send_to_one(one);
    audience_set_open(&one->peer.receiver, false);
}

static void act_at_random(void)
{
    unsigned topic = random_below(TOPICS);
    struct tracked *except = random_below(4) == 0 ? random_peer() : NULL;
    switch (random_below(16)) {
    case 0:
    case 1:
    case 2:
        send_to_one(random_peer());
        break;
    case 3:
    case 4:
        change_subscription(random_peer(), topic);
        break;
    case 5:
        if (may_close && random_below(30) == 0)
            begin_to_close(random_peer());
        break;
    case 6:
    case 7:
        publish_to_all(except);
        break;
    default:
        for (unsigned burst = 1 + random_below(4); burst > 0; burst--)
            publish_to_one_topic(topic, except);
    }
}

/* -- what has arrived -- */

static uint32_t read_number(const uint8_t *frame, const struct frame_view *view)
{
    static struct buffer inflated;
    char text[MESSAGE_MAX];
    const uint8_t *payload = frame + view->header_len;
    size_t len = view->size - view->header_len;
    if ((frame[0] & 0x40) != 0) {
        buffer_release(&inflated);
        assert_int_equal(inflate_message(inflater, payload, len, MESSAGE_MAX, &inflated), OK);
        payload = inflated.data;
        len = inflated.len;
    }
    char digits[7] = "";
    assert_true(len >= 6);
    memcpy(digits, payload, 6);
    uint32_t number = (uint32_t)strtoul(digits, NULL, 10);
    assert_int_equal(message_of(text, number), len);
    assert_memory_equal(payload, text, len);
    buffer_release(&inflated);
    return number;
}

static void check_arrived(struct tracked *one)
{
    const struct buffer *got = &one->peer.got;
    size_t count = 0;
    for (size_t at = 0; at < got->len;) {
        struct frame_view view;
        frame_view(got->data + at, &view);
        assert_true(at + view.size <= got->len);
        assert_true(count < one->count);
        assert_int_equal(read_number(got->data + at, &view), one->expected[count]);
        count++;
        at += view.size;
    }
    assert_int_equal(count, one->count);
    assert_int_equal(audience_messages_to(&one->peer.receiver), count);
}

/* -- a run -- */

static void open_peers(struct loops *loops)
{
    loops_open(loops, 1);
    if (random_below(2) == 0)
        fanout_use_flush(&loops->fanout, 5 * MS, 500 + random_below(5000));
    next_number = 0;
    published = 0;
    for (unsigned i = 0; i < PEERS; i++) {
        struct tracked *one = &tracked[i];
        peer_open(loops, &one->peer, 0);
        one->peer.receiver.window = (uint8_t)random_below(DEFLATE_WINDOW_COUNT) & 3u;
        one->peer.limits.compression = (struct compression_settings){
            .min_size = 100, .max_size = SIZE_MAX, .level = 1, .memory = 4};
        one->count = 0;
        for (unsigned topic = 0; topic < TOPICS; topic++) {
            one->in[topic] = false;
            if (random_below(TOPICS) >= topic) /* The first has many, the last one few. */
                change_subscription(one, topic);
        }
    }
}

static void run_against_model(void)
{
    struct loops loops;
    open_peers(&loops);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned actions = random_below(30); actions > 0; actions--)
            act_at_random();
        socket_takes = random_below(3) == 0 ? random_below(2000) : SIZE_MAX;
        for (unsigned i = 0; i < PEERS; i++)
            if (tracked[i].peer.receiver.wants_write && random_below(3) == 0)
                receiver_on_writable(&tracked[i].peer.receiver);
        loops.loops[0].now += (int64_t)random_below(4) * MS;
        flush(&loops);
        for (unsigned i = 0; i < PEERS; i++)
            peer_read(&tracked[i].peer);
    }
    socket_takes = SIZE_MAX;
    loops.loops[0].now += 10 * MS;
    flush(&loops);
    for (unsigned i = 0; i < PEERS; i++) {
        peer_read_all(&tracked[i].peer);
        check_arrived(&tracked[i]);
    }
    assert_int_equal(queued_memory(&loops), 0);
    uint64_t counted = counter_read(&loops_audience(&loops, 0)->messages_out);
    assert_true(may_close ? counted <= published : counted == published);
    for (unsigned i = 0; i < PEERS; i++)
        peer_close(&tracked[i].peer);
    loops_close(&loops);
}

static void everybody_gets_what_the_model_says_in_its_order(void **state)
{
    (void)state;
    assert_int_equal(inflater_create(&inflater), OK);
    for (unsigned i = 0; i < SEEDS; i++) {
        seed[0] = (unsigned short)i;
        may_close = i % 2 == 0;
        run_against_model();
    }
    inflater_destroy(inflater);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_what_the_model_says_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
