#include "unit.h"

#include "delivery/backlog.h"

#include <string.h>

static struct memory_account account;

static struct buffer batch_of(uint8_t *data, size_t len)
{
    memset(data, 'b', len);
    return (struct buffer){.data = data, .len = len, .capacity = len, .maximum = len};
}

static void add(struct backlog *backlog, const struct buffer *batch)
{
    assert_int_equal(backlog_add_batch(backlog, batch, &account), OK);
}

static void a_block_goes_with_its_last_reader(void **state)
{
    struct backlog backlog = {0};
    uint8_t data[100];
    struct buffer batch = batch_of(data, sizeof data);
    (void)state;
    add(&backlog, &batch);
    struct shared_bytes *reader = shared_bytes_ref(backlog.block);
    backlog_end_batch(&backlog);
    assert_ptr_equal(backlog.block, reader);
    shared_bytes_unref(reader);
    assert_null(backlog.block);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void batches_follow_each_other_in_a_block(void **state)
{
    struct backlog backlog = {0};
    uint8_t data[100];
    struct buffer batch = batch_of(data, sizeof data);
    (void)state;
    add(&backlog, &batch);
    struct shared_bytes *reader = shared_bytes_ref(backlog.block);
    backlog_end_batch(&backlog);
    add(&backlog, &batch);
    add(&backlog, &batch); /* The same batch, which is there already. */
    assert_ptr_equal(backlog.block, reader);
    assert_int_equal(backlog.base, 100);
    assert_int_equal(reader->len, 200);
    backlog_end_batch(&backlog);
    shared_bytes_unref(reader);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void a_block_that_is_full_is_followed_by_a_larger_one(void **state)
{
    struct backlog backlog = {0};
    uint8_t data[3000];
    struct buffer batch = batch_of(data, sizeof data);
    (void)state;
    add(&backlog, &batch);
    struct shared_bytes *first = shared_bytes_ref(backlog.block);
    backlog_end_batch(&backlog);
    add(&backlog, &batch);
    assert_ptr_not_equal(backlog.block, first);
    assert_int_equal(backlog.base, 0);
    assert_true(backlog.block->capacity > first->capacity);
    shared_bytes_unref(first); /* That it goes is not the new block's business. */
    assert_non_null(backlog.block);
    backlog_end_batch(&backlog);
    assert_null(backlog.block);
    assert_int_equal(memory_account_bytes(&account), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_goes_with_its_last_reader),
        cmocka_unit_test(batches_follow_each_other_in_a_block),
        cmocka_unit_test(a_block_that_is_full_is_followed_by_a_larger_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
