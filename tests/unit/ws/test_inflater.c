#include "unit.h"

#include "ws/inflate_message.h"

#include "failing_memory.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ROOM 300000u

static struct buffer inflated;

static int release_all(void **state)
{
    buffer_release(&inflated);
    return close_inflater(state);
}

/* Deflates as a peer would. `flush` of zlib; without the four bytes that are not sent if it is
 * Z_SYNC_FLUSH. */
static size_t deflate_as_peer(const void *data, size_t len, int bits, int level, int flush,
                              uint8_t *out)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data,
                       .avail_in = (uInt)len,
                       .next_out = out,
                       .avail_out = ROOM};
    assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, flush), flush == Z_FINISH ? Z_STREAM_END : Z_OK);
    size_t made = ROOM - stream.avail_out;
    deflateEnd(&stream);
    return flush == Z_SYNC_FLUSH ? made - 4 : made;
}

static int run_inflater(const uint8_t *data, size_t len, size_t maximum)
{
    return inflate_message(inflater, data, len, maximum, &inflated);
}

static void expect_inflated(const uint8_t *data, size_t len, const void *expected, size_t size)
{
    assert_int_equal(run_inflater(data, len, size), OK);
    assert_int_equal(inflated.len, size);
    if (size > 0)
        assert_memory_equal(inflated.data, expected, size);
}

/* Something between text and noise. */
static void fill(uint8_t *data, size_t len)
{
    uint32_t random = 1;
    for (size_t i = 0; i < len; i++) {
        random = random * 1103515245 + 12345;
        data[i] = (uint8_t)(random % 5 == 0 ? random >> 24 : (uint8_t)"a word, "[i % 8]);
    }
}

static void inflates_the_examples_of_rfc_7692(void **state)
{
    static const uint8_t one_block[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    static const uint8_t stored[] = {0x00, 0x05, 0x00, 0xfa, 0xff, 0x48,
                                     0x65, 0x6c, 0x6c, 0x6f, 0x00};
    static const uint8_t final_block[] = {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00};
    static const uint8_t two_blocks[] = {0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff,
                                         0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00};
    (void)state;
    expect_inflated(one_block, sizeof one_block, "Hello", 5);
    expect_inflated(stored, sizeof stored, "Hello", 5);
    expect_inflated(final_block, sizeof final_block, "Hello", 5);
    expect_inflated(two_blocks, sizeof two_blocks, "Hello", 5);
}

static void inflates_the_empty_message(void **state)
{
    static const uint8_t empty[] = {0x00};
    (void)state;
    expect_inflated(empty, 1, "", 0);
    expect_inflated(empty, 0, "", 0);
}

static void inflates_all_sizes_and_windows(void **state)
{
    static const size_t sizes[] = {1,    2,    16,    64,    125,    126,    127,   255,
                                   1024, 4096, 65535, 65536, 131072, 131073, 200000};
    static uint8_t data[200000], packed[ROOM];
    (void)state;
    fill(data, sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int bits = 9; bits <= 15; bits++) {
            size_t len = deflate_as_peer(data, sizes[i], bits, bits % 10, Z_SYNC_FLUSH, packed);
            expect_inflated(packed, len, data, sizes[i]);
        }
    }
}

static void goes_on_behind_a_final_block(void **state)
{
    static uint8_t packed[ROOM];
    (void)state;
    size_t len = deflate_as_peer("one ", 4, 15, 1, Z_FINISH, packed);
    expect_inflated(packed, len, "one ", 4); /* A peer that leaves the padding out. */
    len += deflate_as_peer("two ", 4, 15, 1, Z_FINISH, packed + len);
    len += deflate_as_peer("three", 5, 15, 1, Z_SYNC_FLUSH, packed + len);
    expect_inflated(packed, len, "one two three", 13);
}

static void refuses_garbage_behind_a_final_block(void **state)
{
    static uint8_t packed[ROOM];
    (void)state;
    size_t len = deflate_as_peer("one", 3, 15, 1, Z_FINISH, packed);
    packed[len] = 0x07; /* a block of a type that there is not */
    assert_int_equal(run_inflater(packed, len + 1, 100), ERR_INVALID);
    memset(packed + len, 0x55, 50);
    assert_int_equal(run_inflater(packed, len + 50, 100), ERR_INVALID);
}

static void no_message_has_a_context(void **state)
{
    static uint8_t packed[ROOM];
    z_stream stream = {.next_out = packed, .avail_out = sizeof packed};
    static const char text[] = "a sentence that is in both messages";
    (void)state;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = sizeof text;
    assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    size_t first = sizeof packed - stream.avail_out;
    expect_inflated(packed, first - 4, text, sizeof text);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = sizeof text;
    assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    size_t second = sizeof packed - stream.avail_out - first - 4;
    deflateEnd(&stream);
    assert_int_equal(run_inflater(packed + first, second, 1000), ERR_INVALID);
}

/* A cut where what is left looks like a whole message cannot be told from one: then it holds the
 * beginning of what was sent. */
static void refuses_what_is_cut_short(void **state)
{
    static uint8_t data[3000], packed[ROOM];
    unsigned refused = 0, cuts = 0;
    (void)state;
    fill(data, sizeof data);
    for (int level = 0; level <= 9; level += 3) {
        size_t len = deflate_as_peer(data, sizeof data, 15, level, Z_SYNC_FLUSH, packed);
        for (size_t cut = 1; cut < len; cut++, cuts++) {
            int error = run_inflater(packed, cut, sizeof data + 100);
            refused += error != OK;
            if (error != OK)
                assert_int_equal(error, ERR_INVALID);
            else
                assert_memory_equal(inflated.data, data, inflated.len);
        }
    }
    assert_true(refused > cuts - cuts / 50);
}

static void survives_every_changed_byte(void **state)
{
    static uint8_t data[300], packed[ROOM];
    (void)state;
    fill(data, sizeof data);
    size_t len = deflate_as_peer(data, sizeof data, 15, 6, Z_SYNC_FLUSH, packed);
    for (size_t at = 0; at < len; at++) {
        for (unsigned change = 1; change < 256; change += 5) {
            packed[at] ^= (uint8_t)change;
            int error = run_inflater(packed, len, 1000);
            assert_true(error == OK || error == ERR_INVALID || error == ERR_LIMIT);
            assert_true(inflated.len <= 1001);
            packed[at] ^= (uint8_t)change;
        }
    }
    expect_inflated(packed, len, data, sizeof data);
}

static void a_bomb_ends_one_byte_behind_the_limit(void **state)
{
    static const size_t limits[] = {1, 1000, 65535, 65536, 100000};
    static uint8_t zeroes[ROOM], packed[ROOM];
    (void)state;
    size_t len = deflate_as_peer(zeroes, sizeof zeroes, 15, 9, Z_SYNC_FLUSH, packed);
    assert_true(len < 500);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        buffer_release(&inflated);
        assert_int_equal(run_inflater(packed, len, limits[i]), ERR_LIMIT);
        assert_int_equal(inflated.len, limits[i] + 1);
        assert_true(inflated.capacity <= limits[i] + 1);
    }
    assert_int_equal(run_inflater(packed, len, ROOM - 1), ERR_LIMIT);
    expect_inflated(packed, len, zeroes, ROOM);
}

static void empty_blocks_make_nothing(void **state)
{
    static uint8_t packed[50000];
    static const uint8_t empty[] = {0x00, 0x00, 0x00, 0xff, 0xff};
    (void)state;
    for (size_t i = 0; i < sizeof packed; i++)
        packed[i] = empty[i % 5];
    expect_inflated(packed, sizeof packed - 4, "", 0);
    assert_int_equal(run_inflater(packed, sizeof packed, 0), ERR_INVALID);
}

static void a_step_reads_and_makes_a_bounded_part(void **state)
{
    static uint8_t zeroes[ROOM], packed[ROOM];
    static const uint8_t empty[] = {0x00, 0x00, 0x00, 0xff, 0xff};
    unsigned steps = 0;
    bool is_done = false;
    (void)state;
    size_t len = deflate_as_peer(zeroes, sizeof zeroes, 15, 9, Z_SYNC_FLUSH, packed);
    inflater_begin(inflater);
    for (inflated.len = 0; !is_done; steps++) {
        size_t before = inflated.len;
        assert_int_equal(inflater_step(inflater, packed, len, ROOM, &inflated, &is_done), OK);
        assert_true(inflated.len - before <= 65536);
    }
    assert_in_range(steps, ROOM / 65536, ROOM / 65536 + 3);
    assert_memory_equal(inflated.data, zeroes, ROOM);
    for (size_t i = 0; i < 100001; i++)
        packed[i] = empty[i % 5];
    is_done = false;
    inflater_begin(inflater);
    for (steps = inflated.len = 0; !is_done; steps++)
        assert_int_equal(inflater_step(inflater, packed, 100001, ROOM, &inflated, &is_done), OK);
    assert_in_range(steps, 100001 / 8192, 100001 / 8192 + 3);
}

static void the_limit_may_be_lowered_between_two_steps(void **state)
{
    static uint8_t zeroes[ROOM], packed[ROOM];
    bool is_done;
    (void)state;
    size_t len = deflate_as_peer(zeroes, sizeof zeroes, 15, 9, Z_SYNC_FLUSH, packed);
    inflater_begin(inflater);
    inflated.len = 0;
    assert_int_equal(inflater_step(inflater, packed, len, ROOM, &inflated, &is_done), OK);
    assert_int_equal(inflater_step(inflater, packed, len, 100, &inflated, &is_done), ERR_LIMIT);
    expect_inflated(packed, len, zeroes, ROOM);
}

static int create_and_inflate(void *context)
{
    static const uint8_t hello[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    struct inflater *made;
    struct buffer out = {.data = NULL};
    (void)context;
    int error = inflater_create(&made);
    if (error != OK)
        return error;
    error = inflate_message(made, hello, sizeof hello, 1000, &out);
    inflater_destroy(made);
    buffer_release(&out);
    return error;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(create_and_inflate, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflates_the_examples_of_rfc_7692),
        cmocka_unit_test(inflates_the_empty_message),
        cmocka_unit_test(inflates_all_sizes_and_windows),
        cmocka_unit_test(goes_on_behind_a_final_block),
        cmocka_unit_test(refuses_garbage_behind_a_final_block),
        cmocka_unit_test(no_message_has_a_context),
        cmocka_unit_test(refuses_what_is_cut_short),
        cmocka_unit_test(survives_every_changed_byte),
        cmocka_unit_test(a_bomb_ends_one_byte_behind_the_limit),
        cmocka_unit_test(empty_blocks_make_nothing),
        cmocka_unit_test(a_step_reads_and_makes_a_bounded_part),
        cmocka_unit_test(the_limit_may_be_lowered_between_two_steps),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, open_inflater, release_all);
}
