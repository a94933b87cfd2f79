#include "delivery/batch.h"

#include "failing_memory.h"
#include "unit.h"

#include <string.h>

#define KEEP 1024u

static const struct message_key no_key = {.is_read = false};

static void add(struct batch *batch, const char *text)
{
    assert_int_equal(batch_add_message(batch, OPCODE_TEXT, text, strlen(text), no_key), OK);
}

/* What a receiver with that window is sent of the batch, from `begin` on. */
static struct iovec sent_to(struct batch *batch, enum deflate_window window, size_t begin)
{
    static struct compressor compressor;
    static const struct compression_settings settings = {
        .min_size = 100, .max_size = SIZE_MAX, .level = 1, .memory = 8};
    struct batch_view view = batch_view(batch, window, &compressor, &settings);
    struct iovec bytes = batch_view_bytes(&view, begin, batch->frames.len);
    compressor_deinit(&compressor);
    memset(&compressor, 0, sizeof compressor);
    return bytes;
}

static void messages_follow_each_other_as_frames(void **state)
{
    struct batch batch;
    (void)state;
    batch_init(&batch);
    add(&batch, "a");
    add(&batch, "bc");
    assert_int_equal(batch_add_frames(&batch,
                                      "\x81\x01"
                                      "d"
                                      "\x81\x01"
                                      "e",
                                      6, 2, no_key),
                     OK);
    struct iovec all = sent_to(&batch, DEFLATE_WINDOW_NONE, 0);
    assert_int_equal(batch.messages, 4);
    assert_int_equal(all.iov_len, 13);
    assert_memory_equal(all.iov_base,
                        "\x81\x01"
                        "a"
                        "\x81\x02"
                        "bc"
                        "\x81\x01"
                        "d"
                        "\x81\x01"
                        "e",
                        13);
    batch_deinit(&batch);
}

static void a_frame_has_the_sequence_of_the_stretch_that_it_is_in(void **state)
{
    struct batch batch;
    (void)state;
    batch_init(&batch);
    for (uint32_t i = 0; i < 5; i++) {
        /* The third one is empty: its message was taken back. */
        assert_int_equal(batch_begin_stretch(&batch, UINT32_MAX - 1 + 2 * i), OK);
        if (i != 2) {
            add(&batch, "a");
            add(&batch, "b");
        }
    }
    static const size_t begins[] = {0, 6, 12, 12, 18};
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t sequence = UINT32_MAX - 1 + 2 * i;
        uint32_t there = i == 2 ? sequence + 2 : sequence;
        assert_int_equal(batch_sequence(&batch, begins[i]), there);
        assert_int_equal(batch_sequence(&batch, begins[i] + 3), there);
        size_t next = i < 4 ? begins[i + 1] : batch.frames.len;
        assert_int_equal(batch_offset_after(&batch, sequence), next);
        assert_int_equal(batch_offset_after(&batch, sequence - 1), begins[i]);
    }
    assert_true(is_later_sequence(1, UINT32_MAX)); /* They are counted on and on. */
    batch_deinit(&batch);
}

static void messages_between_two_offsets_are_counted(void **state)
{
    struct batch batch;
    uint64_t bytes;
    (void)state;
    batch_init(&batch);
    add(&batch, "a");
    size_t second = batch.frames.len;
    add(&batch, "bc");
    add(&batch, "def");
    assert_int_equal(batch_count(&batch, second, batch.frames.len, &bytes), 2);
    assert_int_equal(bytes, 5);
    assert_int_equal(batch_count(&batch, second, second, &bytes), 0);
    assert_int_equal(bytes, 0);
    batch_deinit(&batch);
}

static void long_messages_are_compressed_only_for_whom_can_read_them(void **state)
{
    char large[500] = "";
    struct batch batch;
    (void)state;
    memset(large, 'x', sizeof large - 1);
    batch_init(&batch);
    add(&batch, "small");
    size_t second = batch.frames.len;
    add(&batch, large);
    assert_int_equal(sent_to(&batch, DEFLATE_WINDOW_NONE, 0).iov_len, batch.frames.len);
    assert_true(sent_to(&batch, DEFLATE_WINDOW_FULL, 0).iov_len < 100);
    assert_int_equal(((uint8_t *)sent_to(&batch, DEFLATE_WINDOW_FULL, second).iov_base)[0], 0xc1);
    batch_deinit(&batch);
}

static void a_cleared_batch_keeps_little_memory(void **state)
{
    char large[KEEP] = "";
    struct batch batch;
    (void)state;
    memset(large, 'x', sizeof large - 1);
    batch_init(&batch);
    add(&batch, "a");
    batch_clear(&batch, KEEP);
    assert_int_equal(batch.messages, 0);
    assert_true(batch.frames.capacity > 0);
    for (unsigned i = 0; i < 4; i++)
        add(&batch, large);
    batch_clear(&batch, KEEP);
    assert_int_equal(batch.frames.capacity, 0);
    batch_deinit(&batch);
}

/* Adds a message and frames while an allocation fails. Returns false if there are fewer. */
static bool add_with_failure(unsigned number)
{
    const struct message_key key = {.hash = 1, .is_read = true};
    struct batch batch;
    batch_init(&batch);
    fail_allocation(number);
    int message = batch_add_message(&batch, OPCODE_TEXT, "a", 1, key);
    bool has_failed = end_failing_allocations();
    assert_int_equal(message, has_failed ? ERR_NO_MEMORY : OK);
    assert_int_equal(batch.messages, has_failed ? 0 : 1);
    assert_int_equal(batch.frames.len, has_failed ? 0 : 3);
    assert_int_equal(batch.notes.count, has_failed ? 0 : 1);
    batch_deinit(&batch);
    return has_failed;
}

static void without_memory_nothing_is_added(void **state)
{
    unsigned number = 1;
    (void)state;
    while (add_with_failure(number))
        number++;
    assert_true(number > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_follow_each_other_as_frames),
        cmocka_unit_test(a_frame_has_the_sequence_of_the_stretch_that_it_is_in),
        cmocka_unit_test(messages_between_two_offsets_are_counted),
        cmocka_unit_test(long_messages_are_compressed_only_for_whom_can_read_them),
        cmocka_unit_test(a_cleared_batch_keeps_little_memory),
        cmocka_unit_test(without_memory_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
