#include "unit.h"

#include "base/buffer.h"

#include <string.h>

static void grows_and_keeps_what_it_holds(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 1 << 20);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buffer_append(&buffer, "0123456789", 10), OK);
    assert_int_equal(buffer.len, 100000);
    assert_memory_equal(buffer.data + 99990, "0123456789", 10);
    buffer_release(&buffer);
    assert_int_equal(buffer.len, 0);
}

static void refuses_to_pass_its_maximum_and_stays_as_it_was(void **state)
{
    struct buffer buffer;
    uint8_t *to;
    (void)state;
    buffer_init(&buffer, 1000);
    assert_int_equal(buffer_append(&buffer, "abc", 3), OK);
    assert_int_equal(buffer_extend(&buffer, 998, &to), ERR_LIMIT);
    assert_int_equal(buffer_extend(&buffer, SIZE_MAX, &to), ERR_LIMIT);
    assert_int_equal(buffer.len, 3);
    assert_int_equal(buffer_extend(&buffer, 997, &to), OK);
    assert_true(buffer.capacity <= 1000);
    buffer_release(&buffer);
}

static void appending_nothing_allocates_nothing(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 10);
    assert_int_equal(buffer_append(&buffer, NULL, 0), OK);
    assert_null(buffer.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_what_it_holds),
        cmocka_unit_test(refuses_to_pass_its_maximum_and_stays_as_it_was),
        cmocka_unit_test(appending_nothing_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
