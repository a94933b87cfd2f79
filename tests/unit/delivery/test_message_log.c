#include "delivery/message_log.h"

#include "failing_memory.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define READERS_MAX 4u
#define STRANGERS 2u  /* threads that append and read nothing */
#define ROUNDS 20000u /* records of each thread */

struct logged {
    struct message_log log;
    struct memory_account account;
    struct log_place places[READERS_MAX];
    unsigned readers;
};

static void logged_open(struct logged *logged, unsigned readers)
{
    *logged = (struct logged){.readers = readers};
    assert_int_equal(message_log_init(&logged->log, readers, &logged->account), OK);
    for (unsigned i = 0; i < readers; i++)
        message_log_enter(&logged->log, &logged->places[i]);
}

static void logged_close(struct logged *logged)
{
    for (unsigned i = 0; i < logged->readers; i++)
        message_log_leave(&logged->log, &logged->places[i]);
    assert_int_equal(memory_account_bytes(&logged->account), 0);
    message_log_deinit(&logged->log);
}

static struct log_entry append(struct logged *logged, struct log_place *place, const char *text)
{
    struct log_entry entry;
    const size_t len = strlen(text);
    const struct iovec pieces[] = {
        {.iov_base = (void *)(uintptr_t)text, .iov_len = len / 2},
        {.iov_base = NULL, .iov_len = 0},
        {.iov_base = (void *)(uintptr_t)(text + len / 2), .iov_len = len - len / 2}};
    assert_int_equal(message_log_append(&logged->log, place, pieces, 3, len, &entry), OK);
    assert_memory_equal(entry.data, text, len);
    return entry;
}

/* What a reader has before it is this text. */
static void expect(struct logged *logged, unsigned reader, const char *expected)
{
    char text[256] = "";
    size_t used = 0, len;
    const uint8_t *data;
    struct log_place *place = &logged->places[reader];
    while ((len = message_log_peek(&logged->log, place, &data)) > 0) {
        assert_true(used + len < sizeof text);
        memcpy(text + used, data, len);
        used += len;
        message_log_advance(place, len);
    }
    assert_string_equal(text, expected);
    assert_false(message_log_has_more(&logged->log, place));
}

static size_t held(const struct logged *logged)
{
    return memory_account_bytes(&logged->account);
}

/* -- order -- */

static void every_reader_reads_everything_in_one_order_at_its_own_pace(void **state)
{
    struct logged logged;
    (void)state;
    logged_open(&logged, 3);
    append(&logged, &logged.places[0], "a0 ");
    append(&logged, &logged.places[0], "a1 ");
    append(&logged, &logged.places[1], "b0 ");
    assert_true(message_log_has_more(&logged.log, &logged.places[2]));
    expect(&logged, 2, "a0 a1 b0 ");
    append(&logged, &logged.places[0], "a2 ");
    append(&logged, NULL, "x0 ");
    append(&logged, NULL, "x1 ");
    append(&logged, &logged.places[1], "b1 ");
    expect(&logged, 0, "a0 a1 b0 a2 x0 x1 b1 ");
    expect(&logged, 1, "a0 a1 b0 a2 x0 x1 b1 ");
    append(&logged, &logged.places[1], "b2 ");
    expect(&logged, 2, "a2 x0 x1 b1 b2 ");
    expect(&logged, 2, "");
    expect(&logged, 0, "b2 ");
    logged_close(&logged);
}

static void a_reader_need_not_read_all_that_it_sees(void **state)
{
    struct logged logged;
    const uint8_t *data;
    (void)state;
    logged_open(&logged, 1);
    struct log_entry second;
    append(&logged, &logged.places[0], "abc");
    second = append(&logged, &logged.places[0], "def");
    assert_int_equal(message_log_peek(&logged.log, &logged.places[0], &data), 6);
    message_log_advance(&logged.places[0], 3);
    assert_int_equal(message_log_peek(&logged.log, &logged.places[0], &data), 3);
    assert_ptr_equal(data, second.data);
    expect(&logged, 0, "def");
    logged_close(&logged);
}

/* -- memory -- */

static void one_that_appends_alone_needs_no_memory_for_most_records(void **state)
{
    struct logged logged;
    const uint8_t *data;
    (void)state;
    logged_open(&logged, 2);
    unsigned before = allocation_count();
    for (unsigned i = 0; i < 10000; i++) {
        append(&logged, &logged.places[0], "0123456789");
        for (unsigned k = 0; k < 2; k++)
            message_log_advance(&logged.places[k],
                                message_log_peek(&logged.log, &logged.places[k], &data));
        assert_true(held(&logged) < 2 * MESSAGE_LOG_NODE_MAX);
    }
    /* Nodes of 512 bytes, 1 KiB, 2 KiB and so on to 64 KiB. */
    assert_true(allocation_count() - before < 10);
    logged_close(&logged);
}

static void those_who_append_in_turn_get_small_nodes(void **state)
{
    struct logged logged;
    (void)state;
    logged_open(&logged, 2);
    for (unsigned i = 0; i < 100; i++) {
        append(&logged, &logged.places[i % 2], "0123456789");
    }
    assert_true(held(&logged) < 100 * 700);
    logged_close(&logged);
}

static void a_node_lives_until_the_last_reader_has_passed_it(void **state)
{
    struct logged logged;
    (void)state;
    logged_open(&logged, 2);
    assert_int_equal(held(&logged), 0);
    append(&logged, NULL, "a");
    append(&logged, NULL, "b");
    size_t two = held(&logged);
    assert_true(two > 0);
    expect(&logged, 0, "ab");
    assert_int_equal(held(&logged), two);
    expect(&logged, 1, "ab");
    assert_int_equal(held(&logged), 0); /* The last node is not counted, whoever has read it. */
    logged_close(&logged);
}

static void a_large_record_goes_when_it_has_been_read(void **state)
{
    static char large[3 * MESSAGE_LOG_NODE_MAX];
    struct logged logged;
    const uint8_t *data;
    (void)state;
    memset(large, 'x', sizeof large - 1);
    for (unsigned i = 0; i < 2; i++) {
        logged_open(&logged, 1);
        append(&logged, i == 0 ? &logged.places[0] : NULL, large);
        assert_true(held(&logged) > sizeof large);
        size_t len = message_log_peek(&logged.log, &logged.places[0], &data);
        assert_int_equal(len, sizeof large - 1);
        message_log_advance(&logged.places[0], len);
        expect(&logged, 0, "");
        assert_int_equal(held(&logged), 0);
        append(&logged, &logged.places[0], "next");
        expect(&logged, 0, "next");
        logged_close(&logged);
    }
}

static void what_a_reader_holds_is_known(void **state)
{
    char text[1001];
    struct logged logged;
    unsigned milestones = 0;
    struct log_entry entry;
    (void)state;
    memset(text, 'x', sizeof text);
    text[1000] = '\0';
    logged_open(&logged, 2);
    for (unsigned i = 0; i < 640; i++) {
        entry = append(&logged, NULL, text);
        milestones += entry.is_milestone;
    }
    assert_in_range(milestones, 9, 11); /* One for each 64 KiB. */
    assert_in_range(message_log_lag(&logged.places[0], entry.memory), 640000, 720000);
    assert_int_equal(entry.memory, message_log_memory(&logged.log));
    message_log_leave(&logged.log, &logged.places[0]);
    assert_int_equal(message_log_lag(&logged.places[0], entry.memory), 0);
    assert_in_range(message_log_lag(&logged.places[1], entry.memory), 640000, 720000);
    logged_close(&logged);
}

static int append_without_memory(void *context)
{
    struct logged *logged = context;
    struct log_entry entry;
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)"b", .iov_len = 1};
    return message_log_append(&logged->log, NULL, &piece, 1, 1, &entry);
}

static int init_without_memory(void *context)
{
    struct logged *logged = context;
    int error = message_log_init(&logged->log, 1, &logged->account);
    message_log_deinit(&logged->log);
    return error;
}

static void without_memory_nothing_is_appended(void **state)
{
    struct logged logged;
    (void)state;
    logged_open(&logged, 1);
    append(&logged, NULL, "a");
    assert_int_equal(survive_failing_allocations(append_without_memory, &logged), 1);
    expect(&logged, 0, "ab");
    logged_close(&logged);
    assert_int_equal(survive_failing_allocations(init_without_memory, &logged), 1);
}

/* Without memory for the empty node behind it, a large record stays until the next one comes. */
static void without_memory_a_large_record_stays_a_little_longer(void **state)
{
    static char large[2 * MESSAGE_LOG_NODE_MAX];
    struct logged logged;
    (void)state;
    memset(large, 'x', sizeof large - 1);
    logged_open(&logged, 1);
    fail_allocation(2);
    append(&logged, NULL, large);
    assert_true(end_failing_allocations());
    append(&logged, NULL, "b");
    assert_true(held(&logged) > sizeof large);
    logged_close(&logged);
}

/* -- threads -- */

/* A record of the threads' tests. */
struct numbered {
    unsigned thread;
    unsigned number;
    uint64_t in_lock; /* counted under a lock that all threads share; 0: without it */
};

struct worker {
    struct logged *logged;
    struct log_place *place; /* NULL: a stranger */
    struct numbered *seen;   /* owned; all that a reader has read */
    size_t seen_count;
    unsigned thread;
    bool is_ordered; /* each time that it has looked, its own record was there */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counted;

static void read_all(struct worker *worker)
{
    const uint8_t *data;
    size_t len;
    while ((len = message_log_peek(&worker->logged->log, worker->place, &data)) > 0) {
        memcpy(worker->seen + worker->seen_count, data, len);
        worker->seen_count += len / sizeof(struct numbered);
        message_log_advance(worker->place, len);
    }
}

static int append_number(const struct worker *worker, unsigned number, uint64_t in_lock)
{
    struct log_entry entry;
    struct numbered record = {.thread = worker->thread, .number = number, .in_lock = in_lock};
    const struct iovec piece = {.iov_base = &record, .iov_len = sizeof record};
    return message_log_append(&worker->logged->log, worker->place, &piece, 1, sizeof record,
                              &entry);
}

static void *run_worker(void *context)
{
    struct worker *worker = context;
    worker->is_ordered = true;
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool locks = i % 3 == 0;
        uint64_t in_lock = 0;
        if (locks) {
            pthread_mutex_lock(&lock);
            in_lock = ++counted;
        }
        int error = append_number(worker, i, in_lock);
        if (locks)
            pthread_mutex_unlock(&lock);
        if (error != OK)
            worker->is_ordered = false;
        if (worker->place == NULL || i % 5 != 0)
            continue;
        read_all(worker);
        const struct numbered *last = &worker->seen[worker->seen_count - 1];
        while (last->thread != worker->thread)
            last--;
        worker->is_ordered &= last->number == i;
    }
    return NULL;
}

/* Each thread's numbers in their order, and what was appended under the lock in the lock's. */
static void check_order(const struct worker *worker, unsigned threads)
{
    unsigned next[READERS_MAX + STRANGERS] = {0};
    uint64_t last_in_lock = 0;
    assert_int_equal(worker->seen_count, (size_t)threads * ROUNDS);
    for (size_t i = 0; i < worker->seen_count; i++) {
        const struct numbered *record = &worker->seen[i];
        assert_int_equal(record->number, next[record->thread]++);
        if (record->in_lock != 0)
            assert_int_equal(record->in_lock, ++last_in_lock);
    }
}

static void run_workers(struct worker *workers, unsigned count)
{
    pthread_t threads[READERS_MAX + STRANGERS];
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void threads_that_append_and_read_see_one_order_and_that_of_their_locks(void **state)
{
    static struct logged logged;
    struct worker workers[READERS_MAX + STRANGERS];
    const unsigned threads = READERS_MAX + STRANGERS;
    const size_t size = (size_t)threads * ROUNDS * sizeof(struct numbered);
    (void)state;
    counted = 0;
    logged_open(&logged, READERS_MAX);
    for (unsigned i = 0; i < threads; i++)
        workers[i] = (struct worker){.logged = &logged,
                                     .place = i < READERS_MAX ? &logged.places[i] : NULL,
                                     .thread = i,
                                     .seen = i < READERS_MAX ? malloc(size) : NULL};
    run_workers(workers, threads);
    for (unsigned i = 0; i < READERS_MAX; i++) {
        read_all(&workers[i]);
        assert_true(workers[i].is_ordered);
        check_order(&workers[i], threads);
        assert_memory_equal(workers[i].seen, workers[0].seen, size);
    }
    for (unsigned i = 0; i < READERS_MAX; i++)
        free(workers[i].seen);
    assert_int_equal(held(&logged), 0);
    logged_close(&logged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reader_reads_everything_in_one_order_at_its_own_pace),
        cmocka_unit_test(a_reader_need_not_read_all_that_it_sees),
        cmocka_unit_test(one_that_appends_alone_needs_no_memory_for_most_records),
        cmocka_unit_test(those_who_append_in_turn_get_small_nodes),
        cmocka_unit_test(a_node_lives_until_the_last_reader_has_passed_it),
        cmocka_unit_test(a_large_record_goes_when_it_has_been_read),
        cmocka_unit_test(what_a_reader_holds_is_known),
        cmocka_unit_test(without_memory_nothing_is_appended),
        cmocka_unit_test(without_memory_a_large_record_stays_a_little_longer),
        cmocka_unit_test(threads_that_append_and_read_see_one_order_and_that_of_their_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
