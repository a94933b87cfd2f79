#include "unit.h"

#include "base/buffer.h"
#include "delivery/frame_notes.h"
#include "failing_memory.h"
#include "ws/frame.h"

static struct message_key key(uint64_t hash)
{
    return (struct message_key){.hash = hash, .is_read = true};
}

static void finds_what_was_noted_and_nothing_else(void **state)
{
    struct frame_notes notes = {0};
    (void)state;
    assert_null(frame_notes_find(&notes, 0));
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(frame_notes_add(&notes, 10 * i, key(i)), OK);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(frame_notes_find(&notes, 10 * i)->key.hash, i);
        assert_null(frame_notes_find(&notes, 10 * i + 1));
    }
    assert_null(frame_notes_find(&notes, 1000));
    frame_notes_truncate(&notes, 500);
    assert_non_null(frame_notes_find(&notes, 490));
    assert_null(frame_notes_find(&notes, 500));
    frame_notes_release(&notes);
    assert_int_equal(notes.count, 0);
}

static void indexes_the_frames_of_a_stream(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    struct frame_notes notes = {0};
    struct buffer stream;
    static char text[65536];
    (void)state;
    buffer_init(&stream, 1u << 20);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(frame_append(&stream, OPCODE_BINARY, text, sizes[i]), OK);
    frame_notes_index(&notes, stream.data, stream.len);
    assert_int_equal(notes.count, 6);
    for (size_t i = 0, at = 0; i < 6; i++) {
        const struct frame_note *note = frame_notes_find(&notes, at);
        assert_non_null(note);
        assert_false(note->key.is_read);
        at += (sizes[i] < 126 ? 2u : sizes[i] < 65536 ? 4u : 10u) + sizes[i];
    }
    frame_notes_release(&notes);
    buffer_release(&stream);
}

static void gives_copies_back(void **state)
{
    struct memory_account account = {0};
    struct frame_notes notes = {0};
    (void)state;
    assert_int_equal(frame_notes_add(&notes, 0, key(1)), OK);
    notes.list[0].copies[0] = shared_bytes_create("abc", 3, &account);
    notes.list[0].copies[DEFLATE_WINDOW_COUNT - 1] = shared_bytes_create("ab", 2, &account);
    assert_true(memory_account_bytes(&account) > 0);
    frame_notes_release(&notes);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void keeps_a_little_memory_for_the_next_frames(void **state)
{
    struct frame_notes notes = {0};
    (void)state;
    assert_int_equal(frame_notes_add(&notes, 0, key(1)), OK);
    frame_notes_clear(&notes, 100000);
    assert_int_equal(notes.count, 0);
    assert_true(notes.capacity > 0);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(frame_notes_add(&notes, i, key(1)), OK);
    frame_notes_clear(&notes, 100000);
    assert_int_equal(notes.capacity, 0);
}

static void without_memory_nothing_is_noted(void **state)
{
    static const uint8_t stream[] = {0x81, 0, 0x81, 0};
    struct frame_notes notes = {0};
    (void)state;
    fail_allocation(1);
    assert_int_equal(frame_notes_add(&notes, 0, key(1)), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    fail_allocation(1);
    frame_notes_index(&notes, stream, sizeof stream);
    assert_true(end_failing_allocations());
    assert_int_equal(notes.count, 0);
    frame_notes_release(&notes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_noted_and_nothing_else),
        cmocka_unit_test(indexes_the_frames_of_a_stream),
        cmocka_unit_test(gives_copies_back),
        cmocka_unit_test(keeps_a_little_memory_for_the_next_frames),
        cmocka_unit_test(without_memory_nothing_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
