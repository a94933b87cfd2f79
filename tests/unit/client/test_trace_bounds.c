/* core/client/trace.c: how much is kept, for how long, and what it costs when it is over. */
#include "client/trace.h"

#include "client/traces.h"
#include "failing_memory.h"

static void payload_is_shown_only_if_asked_for_and_cut(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan without = plan_of(&remote), with = without, more = without;
    with.id = ID + 1;
    with.payload = 3;
    more.id = ID + 2;
    more.payload = 100;
    begin(&without, 1);
    begin(&with, 1);
    begin(&more, 1);
    send_text(&remote, "hello");
    expect_seen("in 1:5 scripted#1=continue delivered:0");
    expect_seen_of(ID + 1, "in 1:5 scripted#1=continue delivered:0 'hel'");
    expect_seen_of(ID + 2, "in 1:5 scripted#1=continue delivered:0 'hello'");
    close(remote.socket);
}

static void what_is_not_read_is_lost_and_counted(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    for (unsigned i = 0; i < 5000; i++)
        send_text(&remote, "x");
    assert_true(shard()->traces->records.len <= BYTES);
    assert_true(shard()->traces->records.capacity <= BYTES);
    uint64_t kept = shard()->traces->records.len;
    assert_int_equal(trace_read(shard(), ID, &reading), OK);
    assert_true(kept > BYTES / 2);
    assert_true(reading.lost > 0);
    uint64_t size = ((const struct trace_record *)(void *)reading.records.data)->size;
    assert_int_equal(reading.lost + kept / size, 5000);
    buffer_release(&reading.records);
    send_text(&remote, "y");
    expect_seen("in 1:1 scripted#1=continue delivered:0");
    assert_int_equal(reading.lost, 0);
    close(remote.socket);
}

static void no_more_than_a_few_are_on(void **state)
{
    struct trace_plan plan = plan_of(NULL);
    (void)state;
    for (unsigned i = 0; i < TRACES_MAX; i++, plan.id++)
        assert_int_equal(trace_begin(shard(), &plan), OK);
    assert_int_equal(trace_begin(shard(), &plan), ERR_LIMIT);
    trace_end(shard(), ID);
    trace_end(shard(), ID); /* Nothing any more. */
    assert_int_equal(trace_begin(shard(), &plan), OK);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(trace_begin(shard(), &plan), ERR_LIMIT);
    trace_end_all(shard());
    assert_null(shard()->traces);
    assert_null(shard()->traced);
}

static void those_who_may_only_read_have_half_of_them(void **state)
{
    struct trace_plan plan = plan_of(NULL), reading_plan = plan;
    (void)state;
    reading_plan.by_reader = true;
    for (unsigned i = 0; i < TRACES_MAX / 2; i++, reading_plan.id++)
        assert_int_equal(trace_begin(shard(), &reading_plan), OK);
    assert_int_equal(trace_begin(shard(), &reading_plan), ERR_LIMIT);
    plan.id = ID + TRACES_MAX;
    for (unsigned i = TRACES_MAX / 2; i < TRACES_MAX; i++, plan.id++)
        assert_int_equal(trace_begin(shard(), &plan), OK);
    trace_end(shard(), ID);
    assert_int_equal(trace_begin(shard(), &plan), OK); /* Others may take all. */
    assert_int_equal(trace_begin(shard(), &reading_plan), ERR_LIMIT);
    trace_end_all(shard());
}

static void one_that_nobody_reads_ends(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    clients_pass(TRACE_IDLE / 2);
    expect_seen("");
    clients_pass(TRACE_IDLE / 2 + NS_PER_S);
    expect_seen("");
    assert_true(remote.client->receiver.is_traced);
    clients_pass(TRACE_IDLE + NS_PER_S);
    assert_int_equal(trace_read(shard(), ID, &reading), ERR_NOT_FOUND);
    send_text(&remote, "x");
    assert_false(remote.client->receiver.is_traced);
    assert_null(shard()->traces);
    close(remote.socket);
}

static void a_write_to_one_whose_trace_has_ended_is_its_last_cost(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    trace_end(shard(), ID);
    assert_true(remote.client->receiver.is_traced);
    send_text(&other, "x");
    assert_false(remote.client->receiver.is_traced);
    close(remote.socket);
    close(other.socket);
}

static void past_its_time_it_sees_nothing_more(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    plan.until = clients_loop(0)->now + NS_PER_S;
    begin(&plan, 1);
    send_text(&remote, "x");
    clients_pass(NS_PER_S);
    send_text(&remote, "y");
    expect_seen("in 1:1 scripted#1=continue delivered:0");
    assert_true(reading.is_over);
    close(remote.socket);
}

static void marking_goes_on_where_it_stopped(void **state)
{
    struct remote remotes[3];
    struct trace_plan plan = plan_of(NULL);
    uint32_t marked = 0;
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        remotes[i] = remote_join(0);
    assert_int_equal(trace_begin(shard(), &plan), OK);
    for (uint32_t first = 0; first < shard()->slot_count; first++)
        marked += trace_mark(shard(), &plan, first, 1);
    assert_int_equal(marked, 3);
    for (unsigned i = 0; i < 3; i++)
        close(remotes[i].socket);
}

static void without_memory_it_does_not_begin_or_loses_records(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    for (unsigned nth = 1; nth <= 2; nth++) {
        fail_allocation(nth);
        assert_int_equal(trace_begin(shard(), &plan), ERR_NO_MEMORY);
        assert_true(end_failing_allocations());
        assert_null(shard()->traces);
    }
    begin(&plan, 1);
    script.message = SL_DROP;
    send_text(&remote, "x"); /* What is allocated once is there then. */
    expect_seen("in 1:1 scripted#1=drop dropped");
    remote_send_text(&remote, "x");
    fail_allocation(1);
    clients_settle();
    assert_true(end_failing_allocations());
    expect_seen("");
    assert_int_equal(reading.lost, 1);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    close(remote.socket);
}

static void a_blocked_reader_is_told_of_each_frame_once(void **state)
{
    static char large[60000];
    struct remote reader = remote_join(0), sender = remote_join(0);
    int size = 4096;
    unsigned seen = 0;
    (void)state;
    memset(large, 'a', sizeof large);
    setsockopt(reader.client->receiver.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    struct trace_plan plan = plan_of(&reader);
    begin(&plan, 1);
    for (unsigned i = 0; i < 10; i++) {
        remote_send(&sender, OPCODE_BINARY, large, sizeof large);
        clients_settle();
    }
    assert_true(receiver_queued(&reader.client->receiver) > 0);
    while (receiver_queued(&reader.client->receiver) > 0) {
        char bytes[5000];
        while (remote_read(&reader, bytes, sizeof bytes) > 0)
            continue;
        clients_settle();
    }
    assert_int_equal(trace_read(shard(), ID, &reading), OK);
    for (size_t at = 0; at < reading.records.len; seen++) {
        const struct trace_record *record = (const void *)(reading.records.data + at);
        assert_int_equal(record->event, TRACE_SENT);
        assert_int_equal(record->len, sizeof large);
        at += record->size;
    }
    buffer_release(&reading.records);
    assert_int_equal(seen, 10);
    close(reader.socket);
    close(sender.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(payload_is_shown_only_if_asked_for_and_cut),
        clients_test(what_is_not_read_is_lost_and_counted),
        clients_test(no_more_than_a_few_are_on),
        clients_test(those_who_may_only_read_have_half_of_them),
        clients_test(one_that_nobody_reads_ends),
        clients_test(a_write_to_one_whose_trace_has_ended_is_its_last_cost),
        clients_test(past_its_time_it_sees_nothing_more),
        clients_test(marking_goes_on_where_it_stopped),
        clients_test(without_memory_it_does_not_begin_or_loses_records),
        clients_test(a_blocked_reader_is_told_of_each_frame_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
