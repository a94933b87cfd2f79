#include "delivery/submission.h"

#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"
#include "failing_memory.h"

#include "base/log.h"

#include <fcntl.h>

#define MANY 300u /* receivers: more than go down in one submission */
#define SOME 9u
#define SOME_LEAST 3u /* writes that are worth a submission */

static struct loops loops;
static struct peer peers[MANY];
static unsigned peer_count;

static void open_peers(unsigned count, uint32_t least)
{
    loops_open(&loops, 1);
    use_submission(&loops.deliveries[0], least);
    for (peer_count = 0; peer_count < count; peer_count++) {
        peer_open(&loops, &peers[peer_count], 0);
        peers[peer_count].ends_when_lost = true;
    }
}

static void close_peers(void)
{
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < peer_count; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static uint64_t submissions(void)
{
    return counter_read(&loops.deliveries[0].stats.submissions);
}

static uint64_t submitted(void)
{
    return counter_read(&loops.deliveries[0].stats.submitted);
}

static uint64_t single_writes(void)
{
    return counter_read(&loops.deliveries[0].stats.writes);
}

/* -- how many writes go down together -- */

static void writes_to_many_go_down_in_portions(void **state)
{
    (void)state;
    open_peers(MANY, 2);
    publish(&loops, 0, "a");
    flush(&loops);
    assert_int_equal(submissions(), 2);
    assert_int_equal(submitted(), MANY);
    assert_int_equal(single_writes(), 0);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_out), MANY * 3);
    for (unsigned i = 0; i < MANY; i++)
        peer_expect(&peers[i], "a");
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), MANY);
    close_peers();
}

static void receivers_with_messages_of_their_own_go_down_together_too(void **state)
{
    (void)state;
    open_peers(SOME, SOME_LEAST);
    for (unsigned i = 0; i < SOME; i++) {
        publish(&loops, 0, "all");
        send_text(&peers[i], "own");
    }
    flush(&loops);
    assert_int_equal(submissions(), 1); /* They have had their own with the batch. */
    for (unsigned i = 0; i < SOME; i++)
        send_text(&peers[i], "next");
    flush(&loops);
    assert_int_equal(submissions(), 2);
    assert_int_equal(submitted(), 2 * SOME);
    peer_expect(&peers[0], "all own all all all all all all all all next");
    peer_expect(&peers[SOME - 1], "all all all all all all all all all own next");
    close_peers();
}

static void too_few_writes_are_made_one_by_one(void **state)
{
    (void)state;
    open_peers(SOME, SOME_LEAST);
    send_text(&peers[0], "a");
    send_text(&peers[1], "b");
    flush(&loops);
    assert_int_equal(submissions(), 0);
    assert_int_equal(single_writes(), 2);
    socket_takes = 1; /* All are blocked but two, who are not written to. */
    peers[0].receiver.is_open = peers[1].receiver.is_open = false;
    publish(&loops, 0, "c");
    flush(&loops);
    assert_int_equal(submissions(), 1);
    publish(&loops, 0, "d");
    send_text(&peers[0], "e");
    send_text(&peers[1], "f");
    socket_takes = SIZE_MAX;
    flush(&loops);
    assert_int_equal(submissions(), 1);
    assert_int_equal(single_writes(), 4);
    for (unsigned i = 2; i < SOME; i++) {
        peer_read_all(&peers[i]);
        peer_expect(&peers[i], "c d");
    }
    peer_expect(&peers[0], "a e");
    peer_expect(&peers[1], "b f");
    close_peers();
}

/* Each has so many runs that the pieces of a submission suffice for a few receivers only. */
static void receivers_with_many_pieces_take_several_submissions(void **state)
{
    (void)state;
    open_peers(100, 2);
    for (unsigned round = 0; round < 30; round++)
        for (unsigned i = 0; i < 100; i++) {
            send_text(&peers[i], "o");
            if (i == 0)
                publish(&loops, 0, "a");
        }
    flush(&loops);
    assert_int_equal(submitted(), 100);
    assert_in_range(submissions(), 4, 10);
    for (unsigned i = 0; i < 100; i++) {
        peer_read_all(&peers[i]);
        assert_int_equal(peers[i].got.len, 60 * 3);
    }
    close_peers();
}

/* -- what becomes of a write -- */

static void what_a_socket_does_not_take_is_kept(void **state)
{
    (void)state;
    for (size_t takes = 0; takes <= 5; takes++) {
        open_peers(SOME, SOME_LEAST);
        socket_takes = takes;
        publish(&loops, 0, "abc");
        flush(&loops);
        socket_takes = SIZE_MAX;
        for (unsigned i = 0; i < SOME; i++) {
            assert_int_equal(receiver_queued(&peers[i].receiver), 5 - takes);
            assert_int_equal(peers[i].receiver.wants_write, takes < 5);
            peer_read_all(&peers[i]);
            peer_expect(&peers[i], "abc");
        }
        close_peers();
    }
}

static void an_interrupted_write_is_one_that_took_nothing(void **state)
{
    (void)state;
    open_peers(SOME, SOME_LEAST);
    ring_errors[1] = EINTR;
    ring_errors[2] = EAGAIN;
    publish(&loops, 0, "abc");
    flush(&loops);
    memset(ring_errors, 0, sizeof ring_errors);
    assert_int_equal(single_writes(), 0);
    for (unsigned i = 0; i < SOME; i++) {
        assert_int_equal(peers[i].receiver.wants_write, i == 1 || i == 2);
        peer_read_all(&peers[i]);
        peer_expect(&peers[i], "abc");
    }
    close_peers();
}

/* The kernel may refuse a write for reasons that are not the socket's. */
static void a_write_that_fails_is_made_again_by_itself(void **state)
{
    static const int errors[] = {ECANCELED, ENOMEM, EINVAL, EPIPE};
    (void)state;
    open_peers(SOME, SOME_LEAST);
    memcpy(ring_errors + 2, errors, sizeof errors);
    publish(&loops, 0, "abc");
    flush(&loops);
    memset(ring_errors, 0, sizeof ring_errors);
    assert_int_equal(single_writes(), 4);
    for (unsigned i = 0; i < SOME; i++) {
        assert_int_equal(peers[i].lost, 0);
        peer_expect(&peers[i], "abc");
    }
    assert_non_null(loops.deliveries[0].submission);
    close_peers();
}

static void peers_that_are_gone_are_told_of_and_the_others_get_theirs(void **state)
{
    (void)state;
    open_peers(SOME, SOME_LEAST);
    close(peers[3].socket);
    close(peers[8].socket);
    publish(&loops, 0, "abc");
    flush(&loops);
    for (unsigned i = 0; i < SOME; i++) {
        bool is_gone = i == 3 || i == 8;
        assert_int_equal(peers[i].lost, is_gone);
        if (is_gone)
            peers[i].socket = open("/dev/null", O_RDONLY);
        else
            peer_expect(&peers[i], "abc");
    }
    close_peers();
}

/* -- what settling one receiver does to the others -- */

/* As the server does it: says why in a frame, which makes the loop's buffer grow and move. */
static void say_good_bye(struct receiver *receiver)
{
    static char text[100000];
    memset(text, 'x', sizeof text);
    ((struct peer *)receiver)->overflowed++;
    assert_int_equal(receiver_cut(receiver), OK);
    assert_int_equal(receiver_send(receiver, OPCODE_BINARY, text, sizeof text), OK);
    receiver->is_open = false;
}

static void who_overflows_in_between_takes_nothing_from_the_others(void **state)
{
    static struct receiver_calls calls;
    (void)state;
    open_peers(SOME, SOME_LEAST);
    calls = *loops.deliveries[0].calls;
    calls.overflow = say_good_bye;
    loops.deliveries[0].calls = &calls;
    socket_takes = 4;
    for (unsigned i = 0; i < SOME; i++) {
        peers[i].limits.queue_bytes = i % 3 == 1 ? 1 : PLENTY;
        send_text(&peers[i], "own");
    }
    publish(&loops, 0, "for all of them");
    flush(&loops);
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < SOME; i++) {
        peer_read_all(&peers[i]);
        assert_int_equal(peers[i].overflowed, i % 3 == 1);
        if (i % 3 == 1)
            assert_int_equal(peers[i].got.len, 5 + 10 + 100000);
        else
            peer_expect(&peers[i], "own for all of them");
    }
    close_peers();
}

/* -- memory -- */

static void no_failed_allocation_hurts_anybody_else(void **state)
{
    unsigned failures = 0;
    bool has_failed = true;
    (void)state;
    for (unsigned number = 1; has_failed; number++) {
        open_peers(SOME, SOME_LEAST);
        publish(&loops, 0, "for all of them");
        socket_takes = 3;
        fail_allocation(number);
        flush(&loops);
        has_failed = end_failing_allocations();
        socket_takes = SIZE_MAX;
        for (unsigned i = 0; i < SOME; i++) {
            failures += peers[i].failed;
            peer_read_all(&peers[i]);
            if (peers[i].failed == 0)
                peer_expect(&peers[i], "for all of them");
        }
        close_peers();
    }
    assert_true(failures >= SOME);
}

static void without_memory_there_is_no_submission(void **state)
{
    struct submission *submission = NULL;
    const char *reason = NULL;
    (void)state;
    for (unsigned number = 1; number <= 2; number++) {
        fail_allocation(number);
        assert_int_equal(submission_create(2, &submission, &reason), ERR_NO_MEMORY);
        assert_true(end_failing_allocations());
        assert_non_null(reason);
    }
    submission_destroy(NULL);
}

static void its_memory_is_noted_while_it_is_there(void **state)
{
    struct delivery_loop *loop;
    (void)state;
    loops_open(&loops, 1);
    loop = &loops.deliveries[0];
    assert_int_equal(loop->submission_bytes, 0);
    use_submission(loop, 2);
    assert_int_equal(loop->submission_bytes, submission_bytes(loop->submission));
    assert_in_range(loop->submission_bytes, sizeof(struct ring) + 1, 500 * 1024);
    delivery_use_submission(loop, NULL);
    assert_int_equal(loop->submission_bytes, 0);
    loops_close(&loops);
}

/* -- a ring that fails -- */

/* The ring takes so many writes, and does not say what became of the last of those. */
static void fail_after(unsigned takes, unsigned hides)
{
    open_peers(SOME, SOME_LEAST);
    ring_takes = takes;
    ring_hides = hides;
    publish(&loops, 0, "one");
    flush(&loops);
    ring_takes = UINT_MAX;
    ring_hides = 0;
    assert_null(loops.deliveries[0].submission);
    assert_int_equal(single_writes(), SOME - takes);
    publish(&loops, 0, "two");
    flush(&loops);
    for (unsigned i = 0; i < SOME; i++) {
        bool is_unknown = i < takes && i + hides >= takes;
        assert_int_equal(peers[i].lost, is_unknown);
        peer_expect(&peers[i], is_unknown ? "one" : "one two");
    }
    assert_int_equal(submissions(), 1);
    close_peers();
}

static void when_the_ring_fails_each_write_is_made_once_and_the_loop_goes_on_without(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    for (unsigned takes = 0; takes < SOME; takes++)
        for (unsigned hides = 0; hides <= takes; hides++)
            fail_after(takes, hides);
}

static void a_ring_that_fails_in_the_first_portion_leaves_out_nobody_of_the_next(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    open_peers(MANY, 2);
    publish(&loops, 0, "one");
    flush(&loops);
    assert_int_equal(submissions(), 2);
    ring_takes = SUBMISSION_MOST - 1;
    publish(&loops, 0, "two");
    flush(&loops);
    ring_takes = UINT_MAX;
    assert_int_equal(submissions(), 3);
    assert_int_equal(single_writes(), 1 + MANY - SUBMISSION_MOST);
    assert_null(loops.deliveries[0].submission);
    for (unsigned i = 0; i < MANY; i++)
        peer_expect(&peers[i], "one two");
    close_peers();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_to_many_go_down_in_portions),
        cmocka_unit_test(receivers_with_messages_of_their_own_go_down_together_too),
        cmocka_unit_test(too_few_writes_are_made_one_by_one),
        cmocka_unit_test(receivers_with_many_pieces_take_several_submissions),
        cmocka_unit_test(what_a_socket_does_not_take_is_kept),
        cmocka_unit_test(an_interrupted_write_is_one_that_took_nothing),
        cmocka_unit_test(a_write_that_fails_is_made_again_by_itself),
        cmocka_unit_test(peers_that_are_gone_are_told_of_and_the_others_get_theirs),
        cmocka_unit_test(who_overflows_in_between_takes_nothing_from_the_others),
        cmocka_unit_test(no_failed_allocation_hurts_anybody_else),
        cmocka_unit_test(without_memory_there_is_no_submission),
        cmocka_unit_test(its_memory_is_noted_while_it_is_there),
        cmocka_unit_test(when_the_ring_fails_each_write_is_made_once_and_the_loop_goes_on_without),
        cmocka_unit_test(a_ring_that_fails_in_the_first_portion_leaves_out_nobody_of_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
