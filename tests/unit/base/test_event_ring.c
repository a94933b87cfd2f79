#include "unit.h"

#include "base/event_ring.h"
#include "failing_memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char opened[] = "opened", closed[] = "closed";

static struct event_ring *new_ring(void)
{
    struct event_ring *ring;
    assert_int_equal(event_ring_create(&ring), OK);
    return ring;
}

/* `client` may be NULL. */
static void put(struct event_ring *ring, const char *event, const char *client, const char *text)
{
    const struct log_field items[] = {{.name = "event", .text = event},
                                      {.name = "client", .text = client}};
    event_ring_put(ring, event, LOG_LEVEL_INFO, "test", text,
                   &(struct log_fields){items, client != NULL ? 2 : 1});
}

static void put_many(struct event_ring *ring, unsigned count)
{
    char text[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%u", i);
        put(ring, opened, NULL, text);
    }
}

/* What was read, as JSON. */
struct answer {
    cJSON *events;
    uint64_t next;
    uint64_t missed;
    bool has_more;
};

static struct answer ask(struct event_ring *ring, const struct event_selection *selection)
{
    struct event_reading reading;
    assert_int_equal(event_ring_read(ring, selection, &reading), OK);
    assert_true(reading.text.len <= EVENT_READING_BYTES);
    char *list = malloc(reading.text.len + 3);
    assert_non_null(list);
    snprintf(list, reading.text.len + 3, "[%s]", (const char *)reading.text.data);
    struct answer answer = {cJSON_Parse(list), reading.next, reading.missed, reading.has_more};
    assert_non_null(answer.events);
    free(list);
    buffer_release(&reading.text);
    return answer;
}

static const char *member(const struct answer *answer, int index, const char *name)
{
    return cJSON_GetStringValue(
        cJSON_GetObjectItem(cJSON_GetArrayItem(answer->events, index), name));
}

static uint64_t id_at(const struct answer *answer, int index)
{
    return strtoull(member(answer, index, "id"), NULL, 10);
}

static int size_of(const struct answer *answer)
{
    return cJSON_GetArraySize(answer->events);
}

static void an_event_comes_out_as_the_log_writes_it(void **state)
{
    (void)state;
    struct event_ring *ring = new_ring();
    put(ring, closed, "7\"\n\xff", "gone \"away\"");
    struct answer answer = ask(ring, &(struct event_selection){.limit = 10});
    assert_int_equal(size_of(&answer), 1);
    assert_string_equal(member(&answer, 0, "event"), "closed");
    assert_string_equal(member(&answer, 0, "client"), "7\"\n?");
    assert_string_equal(member(&answer, 0, "message"), "gone \"away\"");
    assert_string_equal(member(&answer, 0, "level"), "info");
    assert_int_equal(id_at(&answer, 0), answer.next);
    cJSON_Delete(answer.events);
    event_ring_destroy(ring);
}

static void an_empty_ring_says_where_to_go_on(void **state)
{
    (void)state;
    struct event_ring *ring = new_ring();
    struct answer answer = ask(ring, &(struct event_selection){.limit = 10});
    assert_int_equal(size_of(&answer), 0);
    put(ring, opened, NULL, "first");
    struct answer then =
        ask(ring, &(struct event_selection){.has_after = true, .after = answer.next, .limit = 10});
    assert_int_equal(size_of(&then), 1);
    assert_int_equal(then.missed, 0);
    assert_int_equal(then.next, answer.next + 1);
    cJSON_Delete(answer.events);
    cJSON_Delete(then.events);
    event_ring_destroy(ring);
}

static void without_a_cursor_the_newest_are_answered_in_their_order(void **state)
{
    (void)state;
    struct event_ring *ring = new_ring();
    put_many(ring, 20);
    struct answer answer = ask(ring, &(struct event_selection){.limit = 3});
    assert_int_equal(size_of(&answer), 3);
    assert_string_equal(member(&answer, 0, "message"), "17");
    assert_string_equal(member(&answer, 2, "message"), "19");
    assert_int_equal(answer.missed, 0);
    cJSON_Delete(answer.events);
    event_ring_destroy(ring);
}

static void readings_that_follow_each_other_have_every_event_once(void **state)
{
    struct event_selection selection = {.has_after = true, .limit = 7};
    unsigned seen = 0;
    (void)state;
    struct event_ring *ring = new_ring();
    put_many(ring, 100);
    for (bool has_more = true; has_more;) {
        struct answer answer = ask(ring, &selection);
        for (int i = 0; i < size_of(&answer); i++)
            assert_int_equal(strtoul(member(&answer, i, "message"), NULL, 10), seen++);
        has_more = answer.has_more;
        selection.after = answer.next;
        cJSON_Delete(answer.events);
    }
    assert_int_equal(seen, 100);
    event_ring_destroy(ring);
}

static void a_full_ring_drops_the_oldest_and_says_how_many_were_missed(void **state)
{
    (void)state;
    struct event_ring *ring = new_ring();
    put(ring, opened, NULL, "known");
    struct answer known = ask(ring, &(struct event_selection){.limit = 1});
    put_many(ring, EVENT_RING_LINES + 5);
    struct event_selection selection = {.has_after = true, .after = known.next, .limit = 1};
    struct answer answer = ask(ring, &selection);
    assert_int_equal(answer.missed, 5);
    assert_true(answer.has_more);
    assert_string_equal(member(&answer, 0, "message"), "5");
    selection.after = answer.next;
    struct answer then = ask(ring, &selection);
    assert_int_equal(then.missed, 0);
    cJSON_Delete(known.events);
    cJSON_Delete(answer.events);
    cJSON_Delete(then.events);
    event_ring_destroy(ring);
}

static void long_lines_are_bounded_in_bytes_too(void **state)
{
    char *text = malloc(LOG_LINE_MAX);
    unsigned kept = 0;
    (void)state;
    memset(text, 'x', LOG_LINE_MAX - 1);
    text[LOG_LINE_MAX - 1] = '\0';
    struct event_ring *ring = new_ring();
    for (int i = 0; i < 200; i++)
        put(ring, opened, NULL, text);
    struct event_selection selection = {.has_after = true, .limit = EVENT_READING_LINES};
    for (bool has_more = true; has_more;) {
        struct answer answer = ask(ring, &selection);
        kept += (unsigned)size_of(&answer);
        has_more = answer.has_more;
        selection.after = answer.next;
        cJSON_Delete(answer.events);
    }
    assert_in_range(kept, EVENT_RING_BYTES / LOG_LINE_MAX - 2, EVENT_RING_BYTES / LOG_LINE_MAX);
    event_ring_destroy(ring);
    free(text);
}

static void filters_pass_over_the_others_and_move_the_cursor(void **state)
{
    (void)state;
    struct event_ring *ring = new_ring();
    put(ring, opened, "1", "a");
    put(ring, closed, "1", "b");
    put(ring, closed, "12", "c");
    put(ring, closed, NULL, "d");
    struct answer answer = ask(ring, &(struct event_selection){.limit = 9, .event = closed});
    assert_int_equal(size_of(&answer), 3);
    cJSON_Delete(answer.events);
    answer = ask(ring, &(struct event_selection){.limit = 9, .client = "1"});
    assert_int_equal(size_of(&answer), 2);
    cJSON_Delete(answer.events);
    answer = ask(ring, &(struct event_selection){
                           .has_after = true, .limit = 9, .client = "1", .event = closed});
    assert_int_equal(size_of(&answer), 1);
    assert_string_equal(member(&answer, 0, "message"), "b");
    assert_int_equal(answer.next, id_at(&answer, 0) + 2);
    cJSON_Delete(answer.events);
    event_ring_destroy(ring);
}

static void a_cursor_of_any_number_is_answered(void **state)
{
    static const struct {
        uint64_t after;
        int size;
    } cases[] = {{0, 2}, {1, 2}, {UINT64_MAX - 1, 0}, {UINT64_MAX, 0}};
    (void)state;
    struct event_ring *ring = new_ring();
    put_many(ring, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer =
            ask(ring,
                &(struct event_selection){.has_after = true, .after = cases[i].after, .limit = 9});
        assert_int_equal(size_of(&answer), cases[i].size);
        assert_int_equal(answer.missed, 0);
        cJSON_Delete(answer.events);
    }
    event_ring_destroy(ring);
}

static uint64_t cursor_of(struct event_ring *ring)
{
    struct answer answer = ask(ring, &(struct event_selection){.limit = 1});
    cJSON_Delete(answer.events);
    return answer.next;
}

static void ids_go_on_growing_past_a_restart(void **state)
{
    (void)state;
    struct event_ring *ring = new_ring();
    put(ring, opened, NULL, "before");
    uint64_t before = cursor_of(ring);
    event_ring_destroy(ring);
    ring = new_ring();
    while (cursor_of(ring) < before) { /* A ring may be made in a microsecond, a server is not. */
        event_ring_destroy(ring);
        ring = new_ring();
    }
    put(ring, opened, NULL, "after");
    struct answer after =
        ask(ring, &(struct event_selection){.has_after = true, .after = before, .limit = 9});
    assert_int_equal(size_of(&after), 1);
    cJSON_Delete(after.events);
    event_ring_destroy(ring);
}

static int create_and_read(void *context)
{
    struct event_ring *ring;
    struct event_reading reading;
    (void)context;
    int error = event_ring_create(&ring);
    if (error != OK)
        return error;
    error = event_ring_read(ring, &(struct event_selection){.limit = 1}, &reading);
    buffer_release(&reading.text);
    event_ring_destroy(ring);
    return error;
}

static void without_memory_an_event_is_missed_and_nothing_leaks(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(create_and_read, NULL) >= 2);
    struct event_ring *ring = new_ring();
    put(ring, opened, NULL, "a");
    fail_allocation(1);
    put(ring, opened, NULL, "b");
    assert_true(end_failing_allocations());
    put(ring, opened, NULL, "c");
    struct answer answer = ask(ring, &(struct event_selection){.has_after = true, .limit = 9});
    assert_int_equal(size_of(&answer), 2);
    assert_int_equal(answer.missed, 1);
    cJSON_Delete(answer.events);
    event_ring_destroy(ring);
}

#define WRITERS 4
#define EACH 3000

static atomic_uint writers_left;

static void *put_from_thread(void *ring)
{
    put_many(ring, EACH);
    atomic_fetch_sub(&writers_left, 1);
    return NULL;
}

static void threads_that_write_and_read_lose_none_uncounted(void **state)
{
    pthread_t threads[WRITERS];
    uint64_t seen = 0;
    struct event_selection selection = {.has_after = true, .limit = EVENT_READING_LINES};
    (void)state;
    struct event_ring *ring = new_ring();
    atomic_store(&writers_left, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_from_thread, ring), 0);
    for (bool is_over = false; !is_over;) {
        struct event_reading reading;
        bool are_gone = atomic_load(&writers_left) == 0;
        assert_int_equal(event_ring_read(ring, &selection, &reading), OK);
        for (const char *at = (const char *)reading.text.data; (at = strstr(at, "\"id\"")) != NULL;
             at++)
            seen++;
        seen += reading.missed;
        selection.after = reading.next;
        is_over = are_gone && !reading.has_more;
        buffer_release(&reading.text);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(seen, WRITERS * EACH);
    event_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_out_as_the_log_writes_it),
        cmocka_unit_test(an_empty_ring_says_where_to_go_on),
        cmocka_unit_test(without_a_cursor_the_newest_are_answered_in_their_order),
        cmocka_unit_test(readings_that_follow_each_other_have_every_event_once),
        cmocka_unit_test(a_full_ring_drops_the_oldest_and_says_how_many_were_missed),
        cmocka_unit_test(long_lines_are_bounded_in_bytes_too),
        cmocka_unit_test(filters_pass_over_the_others_and_move_the_cursor),
        cmocka_unit_test(a_cursor_of_any_number_is_answered),
        cmocka_unit_test(ids_go_on_growing_past_a_restart),
        cmocka_unit_test(without_memory_an_event_is_missed_and_nothing_leaks),
        cmocka_unit_test(threads_that_write_and_read_lose_none_uncounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
