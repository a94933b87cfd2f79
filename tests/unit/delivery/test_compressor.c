#include "unit.h"

#include "delivery/compressor.h"

#include "failing_memory.h"

#include <stdlib.h>

static const struct compression_settings settings = {
    .min_size = 100, .max_size = 1 << 20, .level = 1, .memory = 9};

static void wants_only_data_that_is_neither_short_nor_very_long(void **state)
{
    (void)state;
    assert_true(compressor_wants(&settings, OPCODE_TEXT, 100));
    assert_true(compressor_wants(&settings, OPCODE_BINARY, 1 << 20));
    assert_false(compressor_wants(&settings, OPCODE_TEXT, 99));
    assert_false(compressor_wants(&settings, OPCODE_TEXT, (1 << 20) + 1));
    assert_false(compressor_wants(&settings, OPCODE_CLOSE, 125));
    assert_false(compressor_wants(&settings, OPCODE_PING, 125));
}

static void counts_what_it_compresses_and_what_it_does_not(void **state)
{
    static char zeroes[1000];
    static uint8_t noise[300];
    struct compressor compressor = {0};
    struct buffer out;
    (void)state;
    buffer_init(&out, SIZE_MAX);
    for (unsigned i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i * 2654435761u >> 13);
    for (unsigned window = DEFLATE_WINDOW_FULL; window < DEFLATE_WINDOW_COUNT; window++) {
        assert_true(compressor_append(&compressor, (enum deflate_window)window, &settings,
                                      OPCODE_TEXT, zeroes, sizeof zeroes, &out));
        assert_false(compressor_append(&compressor, (enum deflate_window)window, &settings,
                                       OPCODE_TEXT, noise, sizeof noise, &out));
    }
    assert_int_equal(counter_read(&compressor.stats.messages), 2);
    assert_int_equal(counter_read(&compressor.stats.not_shorter), 2);
    assert_int_equal(counter_read(&compressor.stats.bytes_in), 2000);
    assert_int_equal(counter_read(&compressor.stats.bytes_out), out.len);
    buffer_release(&out);
    compressor_deinit(&compressor);
}

static void without_memory_messages_go_plain(void **state)
{
    static char zeroes[1000];
    struct compressor compressor = {0};
    struct buffer out;
    unsigned failures = 0;
    bool is_done = false;
    (void)state;
    buffer_init(&out, SIZE_MAX);
    while (!is_done) {
        fail_allocation(++failures);
        bool is_appended = compressor_append(&compressor, DEFLATE_WINDOW_FULL, &settings,
                                             OPCODE_TEXT, zeroes, sizeof zeroes, &out);
        is_done = !end_failing_allocations();
        assert_int_equal(is_appended, is_done);
        assert_int_equal(out.len > 0, is_done);
        buffer_release(&out);
        compressor_deinit(&compressor);
    }
    assert_true(failures > 5);
    assert_int_equal(counter_read(&compressor.stats.not_shorter), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_only_data_that_is_neither_short_nor_very_long),
        cmocka_unit_test(counts_what_it_compresses_and_what_it_does_not),
        cmocka_unit_test(without_memory_messages_go_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
