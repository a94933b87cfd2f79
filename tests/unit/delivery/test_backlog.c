#include "delivery/loops.h"

#include "delivery/backlog.h"
#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"

#include <string.h>

static struct memory_account account;

static struct buffer batch_of(uint8_t *data, size_t len)
{
    memset(data, 'b', len);
    return (struct buffer){.data = data, .len = len, .capacity = len, .maximum = len};
}

static struct backlog_place place; /* of the batch at hand */

static void add(struct backlog *backlog, const struct buffer *batch)
{
    assert_int_equal(backlog_add_batch(backlog, &place, batch, &account), OK);
}

static void a_block_goes_with_its_last_reader(void **state)
{
    struct backlog backlog = {0};
    uint8_t data[100];
    struct buffer batch = batch_of(data, sizeof data);
    (void)state;
    add(&backlog, &batch);
    struct shared_bytes *reader = shared_bytes_ref(backlog.block);
    backlog_end_batch(&place);
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
    backlog_end_batch(&place);
    add(&backlog, &batch);
    add(&backlog, &batch); /* The same batch, which is there already. */
    assert_ptr_equal(backlog.block, reader);
    assert_int_equal(place.base, 100);
    assert_int_equal(reader->len, 200);
    backlog_end_batch(&place);
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
    backlog_end_batch(&place);
    add(&backlog, &batch);
    assert_ptr_not_equal(backlog.block, first);
    assert_int_equal(place.base, 0);
    assert_true(backlog.block->capacity > first->capacity);
    shared_bytes_unref(first); /* That it goes is not the new block's business. */
    assert_non_null(backlog.block);
    backlog_end_batch(&place);
    assert_null(backlog.block);
    assert_int_equal(memory_account_bytes(&account), 0);
}

/* -- with receivers -- */

static void slow_receivers_share_what_they_have_not_been_sent(void **state)
{
    struct loops loops;
    struct peer peers[10];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 10; i++)
        peer_open(&loops, &peers[i], 0);
    socket_takes = 0;
    for (unsigned i = 0; i < 10; i++) {
        publish_large(&loops);
        flush(&loops);
    }
    assert_in_range(queued_memory(&loops), 10 * LARGE, 24 * LARGE); /* Not ten times that. */
    for (unsigned i = 0; i < 10; i++)
        assert_true(peers[i].receiver.outbox.held >= 10 * LARGE); /* It is charged to each. */
    assert_true(holders_highest(&loops.deliveries[0].holders) >= holders_class(10 * LARGE));
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < 10; i++) {
        assert_true(queued_memory(&loops) > 0);
        peer_read_all(&peers[i]);
        assert_int_equal(peers[i].got.len, 10 * (4 + LARGE));
    }
    assert_int_equal(queued_memory(&loops), 0);
    assert_null(loops_audience(&loops, 0)->backlogs[0].block);
    for (unsigned i = 0; i < 10; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void a_small_rest_is_copied_and_holds_no_block(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    for (unsigned i = 0; i < 10; i++)
        publish_large(&loops);
    socket_takes = 10 * (4 + LARGE) - 10;
    flush(&loops);
    assert_null(loops_audience(&loops, 0)->backlogs[0].block);
    assert_int_equal(receiver_queued(&peer.receiver), 10);
    assert_true(queued_memory(&loops) < 2 * LARGE); /* The frame under way, and no more. */
    socket_takes = SIZE_MAX;
    peer_read_all(&peer);
    assert_int_equal(peer.got.len, 10 * (4 + LARGE));
    peer_close(&peer);
    loops_close(&loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_goes_with_its_last_reader),
        cmocka_unit_test(batches_follow_each_other_in_a_block),
        cmocka_unit_test(a_block_that_is_full_is_followed_by_a_larger_one),
        cmocka_unit_test(slow_receivers_share_what_they_have_not_been_sent),
        cmocka_unit_test(a_small_rest_is_copied_and_holds_no_block),
    };
    return RUN_BOTH_WAYS(tests, NULL, NULL);
}
