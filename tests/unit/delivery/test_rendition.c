#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"
#include "failing_memory.h"
#include "ws/inflate_message.h"

#define LONG 400u /* bytes of a message that is compressed */
#define SHORT 20u /* of one that is not */
#define MIN_SIZE 100u

/* -- receivers and messages -- */

static void open_with_window(struct loops *loops, struct peer *peer, enum deflate_window window)
{
    peer_open(loops, peer, 0);
    peer->receiver.window = (uint8_t)window & 3u;
    peer->limits.compression = (struct compression_settings){
        .min_size = MIN_SIZE, .max_size = SIZE_MAX, .level = 1, .memory = 4};
}

/* A message: a letter again and again. Upper case: a long one, lower case: a short one. */
static size_t write_message(char *text, char letter)
{
    size_t len = letter < 'a' ? LONG : SHORT;
    memset(text, letter, len);
    return len;
}

static void publish_letter(struct loops *loops, char letter, struct receiver *except)
{
    char text[LONG];
    size_t len = write_message(text, letter);
    assert_int_equal(audience_publish(loops_audience(loops, 0), OPCODE_BINARY, text, len, except),
                     OK);
}

static void send_letter(struct peer *to, char letter)
{
    char text[LONG];
    size_t len = write_message(text, letter);
    assert_int_equal(receiver_send(&to->receiver, OPCODE_BINARY, text, len), OK);
}

static void publish_letter_to(struct peer *from, const char *topic, char letter)
{
    char text[LONG];
    size_t len = write_message(text, letter);
    assert_int_equal(topic_publish_from(&from->receiver, topic, OPCODE_BINARY, text, len, NULL),
                     OK);
}

/* The letter of a message that has arrived whole. */
static char read_letter(const uint8_t *frame, const struct frame_view *view, bool *is_compressed)
{
    static struct buffer inflated;
    const uint8_t *payload = frame + view->header_len;
    size_t len = view->size - view->header_len;
    *is_compressed = (frame[0] & 0x40) != 0;
    if (*is_compressed) {
        buffer_release(&inflated);
        assert_int_equal(inflate_message(inflater, payload, len, LONG, &inflated), OK);
        payload = inflated.data;
        len = inflated.len;
    }
    char letter = (char)payload[0];
    assert_int_equal(len, letter < 'a' ? LONG : SHORT);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(payload[i], letter);
    if (*is_compressed)
        buffer_release(&inflated);
    return letter;
}

/* The client has got these messages, and those that can be are compressed if it can read that. */
static void expect_letters(struct peer *peer, const char *expected)
{
    char letters[256] = "";
    size_t at = 0, count = 0;
    bool is_compressed;
    peer_read(peer);
    while (at < peer->got.len) {
        struct frame_view view;
        frame_view(peer->got.data + at, &view);
        assert_true(at + view.size <= peer->got.len && count + 1 < sizeof letters);
        letters[count] = read_letter(peer->got.data + at, &view, &is_compressed);
        assert_int_equal(is_compressed, letters[count] < 'a' && peer->receiver.window != 0);
        count++;
        at += view.size;
    }
    letters[count] = '\0';
    assert_string_equal(letters, expected);
    peer->got.len = 0;
}

static uint64_t compressed_messages(const struct loops *loops)
{
    return counter_read(&loops->deliveries[0].compressor.stats.messages);
}

/* -- once, and only if somebody can read it -- */

static void a_message_is_compressed_once_for_all_who_can_read_it(void **state)
{
    struct loops loops;
    struct peer peers[9];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 9; i++)
        open_with_window(&loops, &peers[i], i < 3 ? DEFLATE_WINDOW_NONE : DEFLATE_WINDOW_FULL);
    publish_letter(&loops, 'A', NULL);
    publish_letter(&loops, 'b', NULL);
    flush(&loops);
    for (unsigned i = 0; i < 9; i++) {
        subscribe(&peers[i], "topic");
        expect_letters(&peers[i], "Ab");
    }
    assert_int_equal(compressed_messages(&loops), 1);
    publish_letter_to(&peers[0], "topic", 'C');
    publish_letter_to(&peers[0], "topic", 'd');
    flush(&loops);
    for (unsigned i = 0; i < 9; i++) {
        expect_letters(&peers[i], "Cd");
        peer_close(&peers[i]);
    }
    assert_int_equal(compressed_messages(&loops), 2);
    loops_close(&loops);
}

static void nothing_is_compressed_where_nobody_can_read_it(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    open_with_window(&loops, &peer, DEFLATE_WINDOW_NONE);
    subscribe(&peer, "topic");
    publish_letter(&loops, 'A', NULL);
    publish_letter_to(&peer, "topic", 'B');
    send_letter(&peer, 'C');
    flush(&loops);
    expect_letters(&peer, "ABC");
    assert_int_equal(compressed_messages(&loops), 0);
    assert_int_equal(loops_audience(&loops, 0)->batch.renditions[0].frames.capacity, 0);
    peer_close(&peer);
    loops_close(&loops);
}

static void the_sender_that_is_to_be_left_out_is(void **state)
{
    struct loops loops;
    struct peer sender, other;
    (void)state;
    loops_open(&loops, 1);
    open_with_window(&loops, &sender, DEFLATE_WINDOW_FULL);
    open_with_window(&loops, &other, DEFLATE_WINDOW_SMALL);
    publish_letter(&loops, 'a', NULL);
    publish_letter(&loops, 'B', &sender.receiver);
    publish_letter(&loops, 'C', NULL);
    publish_letter(&loops, 'd', &sender.receiver);
    publish_letter(&loops, 'E', &sender.receiver);
    flush(&loops);
    expect_letters(&sender, "aC");
    expect_letters(&other, "aBCdE");
    peer_close(&sender);
    peer_close(&other);
    loops_close(&loops);
}

/* -- partial writes -- */

/* Own messages, those of a topic and those for all; each write takes `each` bytes. */
static void deliver_by_parts(size_t each)
{
    static const enum deflate_window windows[] = {DEFLATE_WINDOW_NONE, DEFLATE_WINDOW_FULL,
                                                  DEFLATE_WINDOW_SMALL};
    struct loops loops;
    struct peer peers[3];
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 3; i++) {
        open_with_window(&loops, &peers[i], windows[i]);
        subscribe(&peers[i], "topic");
    }
    socket_takes = each;
    for (unsigned round = 0; round < 2; round++) {
        publish_letter(&loops, 'a', NULL);
        publish_letter(&loops, 'B', NULL);
        for (unsigned i = 0; i < 3; i++)
            send_letter(&peers[i], i % 2 == 0 ? 'C' : 'c');
        publish_letter_to(&peers[0], "topic", 'D');
        publish_letter_to(&peers[0], "topic", 'e');
        publish_letter(&loops, 'F', NULL);
        flush(&loops);
    }
    for (unsigned i = 0; i < 3; i++) {
        peer_read_all(&peers[i]);
        expect_letters(&peers[i], i % 2 == 0 ? "aBCDeFaBCDeF" : "aBcDeFaBcDeF");
        assert_int_equal(receiver_queued(&peers[i].receiver), 0);
    }
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < 3; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void frames_stay_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    for (size_t each = 1; each <= 150; each++)
        deliver_by_parts(each);
}

static void what_is_queued_is_counted_as_it_will_be_sent(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    open_with_window(&loops, &peer, DEFLATE_WINDOW_FULL);
    publish_letter(&loops, 'A', NULL);
    send_letter(&peer, 'b');
    size_t queued = receiver_queued(&peer.receiver);
    assert_in_range(queued, SHORT + 4, LONG / 2);
    publish_letter(&loops, 'C', NULL);
    send_letter(&peer, 'd');
    size_t all = receiver_queued(&peer.receiver);
    assert_in_range(all, queued + SHORT + 4, LONG);
    flush(&loops);
    peer_read(&peer);
    assert_int_equal(peer.got.len, all);
    expect_letters(&peer, "AbCd");
    peer_close(&peer);
    loops_close(&loops);
}

static void slow_receivers_share_what_is_kept_of_a_rendition(void **state)
{
    struct loops loops;
    struct peer peers[20];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 20; i++)
        open_with_window(&loops, &peers[i], DEFLATE_WINDOW_FULL);
    socket_takes = 0;
    for (unsigned round = 0; round < 26; round++) {
        publish_letter(&loops, (char)('A' + round), NULL);
        flush(&loops);
    }
    /* A block of 4 KiB and a record each; plain it would be 10 KiB and more. */
    assert_in_range(queued_memory(&loops), 1, 4096 + 20 * 64);
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < 20; i++) {
        peer_read_all(&peers[i]);
        expect_letters(&peers[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        peer_close(&peers[i]);
    }
    loops_close(&loops);
}

/* -- without memory -- */

/* Whatever fails, a receiver has all of it, compressed or not, or is told to end. */
static void without_memory_messages_go_plain_or_the_receiver_ends(void **state)
{
    bool is_over = false;
    (void)state;
    for (unsigned nth = 1; !is_over; nth++) {
        struct loops loops;
        struct peer peer;
        char text[LONG];
        size_t at = 0;
        unsigned frames = 0, published = 0;
        bool is_compressed;
        loops_open(&loops, 1);
        open_with_window(&loops, &peer, DEFLATE_WINDOW_FULL);
        fail_allocation(nth);
        for (int letter = 'A'; letter <= 'D'; letter++) {
            size_t len = write_message(text, letter == 'B' ? 'b' : (char)letter);
            published +=
                audience_publish(loops_audience(&loops, 0), OPCODE_BINARY, text, len, NULL) == OK;
        }
        published += receiver_send(&peer.receiver, OPCODE_BINARY, text, LONG) == OK;
        flush(&loops);
        is_over = !end_failing_allocations();
        peer_read(&peer);
        for (struct frame_view view; at < peer.got.len; at += view.size, frames++) {
            frame_view(peer.got.data + at, &view);
            read_letter(peer.got.data + at, &view, &is_compressed);
        }
        assert_int_equal(at, peer.got.len);
        assert_true(frames == published || peer.failed == 1);
        peer_close(&peer);
        loops_close(&loops);
    }
}

/* -- where frames lie -- */

static void offsets_of_the_batch_are_found_in_the_rendition(void **state)
{
    static const struct compression_settings settings = {
        .min_size = 100, .max_size = SIZE_MAX, .level = 1, .memory = 4};
    struct compressor compressor = {0};
    struct rendition rendition;
    struct buffer batch;
    char text[LONG];
    (void)state;
    rendition_init(&rendition);
    buffer_init(&batch, SIZE_MAX);
    for (const char *letter = "abCdEFgHi"; *letter != '\0'; letter++) {
        size_t len = write_message(text, *letter);
        assert_int_equal(frame_append(&batch, OPCODE_BINARY, text, len), OK);
        rendition_cover(&rendition, &batch, &compressor, DEFLATE_WINDOW_FULL, &settings);
        assert_int_equal(rendition.differs, *letter > 'b' || *letter < 'a');
    }
    size_t plain = 0, rendered = 0;
    struct frame_view view;
    while (plain < batch.len) {
        bool is_compressed;
        assert_int_equal(rendition_offset(&rendition, plain), rendered);
        frame_view(batch.data + plain, &view);
        char letter = read_letter(batch.data + plain, &view, &is_compressed);
        plain += view.size;
        frame_view(rendition.frames.data + rendered, &view);
        assert_int_equal(read_letter(rendition.frames.data + rendered, &view, &is_compressed),
                         letter);
        rendered += view.size;
    }
    assert_int_equal(rendition_offset(&rendition, plain), rendered);
    assert_int_equal(rendered, rendition.frames.len);
    rendition_end_batch(&rendition, 0);
    assert_int_equal(rendition.frames.capacity, 0);
    assert_false(rendition.differs);
    buffer_release(&batch);
    rendition_deinit(&rendition);
    compressor_deinit(&compressor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_compressed_once_for_all_who_can_read_it),
        cmocka_unit_test(nothing_is_compressed_where_nobody_can_read_it),
        cmocka_unit_test(the_sender_that_is_to_be_left_out_is),
        cmocka_unit_test(frames_stay_whole_wherever_a_write_ends),
        cmocka_unit_test(what_is_queued_is_counted_as_it_will_be_sent),
        cmocka_unit_test(slow_receivers_share_what_is_kept_of_a_rendition),
        cmocka_unit_test(without_memory_messages_go_plain_or_the_receiver_ends),
        cmocka_unit_test(offsets_of_the_batch_are_found_in_the_rendition),
    };
    return RUN_BOTH_WAYS(tests, open_inflater, close_inflater);
}
