#include "pipeline/storage_shard.h"

#include "failing_memory.h"
#include "unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct storage_bytes bytes(const char *text)
{
    return (struct storage_bytes){.data = text, .len = strlen(text)};
}

/* Adds an entry whose value is its key. */
static struct storage_entry *add(struct storage_shard *shard, const char *key, uint64_t hash,
                                 int64_t over_at)
{
    struct storage_entry *entry = storage_entry_create(bytes(key), bytes(key));
    assert_non_null(entry);
    entry->over_at = over_at;
    assert_int_equal(storage_shard_reserve(shard), OK);
    storage_shard_add(shard, entry, hash);
    return entry;
}

static void keys_of_one_hash_are_told_apart(void **state)
{
    struct storage_shard shard = {.aged = NULL};
    (void)state;
    assert_null(storage_shard_find(&shard, bytes("a"), 7));
    struct storage_entry *a = add(&shard, "a", 7, 0);
    struct storage_entry *b = add(&shard, "b", 7, 0);
    add(&shard, "longer", 7, 0);
    assert_ptr_equal(storage_shard_find(&shard, bytes("a"), 7), a);
    assert_ptr_equal(storage_shard_find(&shard, bytes("b"), 7), b);
    assert_null(storage_shard_find(&shard, bytes("c"), 7));
    assert_null(storage_shard_find(&shard, bytes("a"), 8));
    assert_memory_equal(storage_entry_value(b), "b", 1);
    storage_shard_remove(&shard, a);
    free(a);
    assert_null(storage_shard_find(&shard, bytes("a"), 7));
    storage_shard_deinit(&shard);
}

/* In whatever order they come and go, the one that is over first is known. */
static void oldest_is_the_one_that_is_over_first(void **state)
{
    struct storage_shard shard = {.aged = NULL};
    struct storage_entry *entries[200];
    (void)state;
    srand(1);
    add(&shard, "for ever", 1, 0);
    assert_null(storage_shard_oldest(&shard));
    for (unsigned i = 0; i < 200; i++)
        entries[i] = add(&shard, "key", i, 1 + rand() % 50);
    for (unsigned i = 0; i < 200; i += 2) {
        storage_shard_remove(&shard, entries[i]);
        free(entries[i]);
    }
    int64_t last = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct storage_entry *oldest = storage_shard_oldest(&shard);
        assert_true(oldest->over_at >= last);
        last = oldest->over_at;
        storage_shard_remove(&shard, oldest);
        free(oldest);
    }
    assert_null(storage_shard_oldest(&shard));
    assert_int_equal(shard.table.used, 1);
    storage_shard_deinit(&shard);
}

/* With as many looks as it takes. */
static struct storage_entry *next_entry(const struct storage_shard *shard,
                                        struct storage_position *position)
{
    unsigned looks = UINT_MAX;
    return storage_shard_next(shard, position, &looks);
}

static void a_cursor_visits_each_entry_once(void **state)
{
    struct storage_shard shard = {.aged = NULL};
    struct storage_position position = {.at = 0};
    unsigned seen = 0;
    (void)state;
    assert_null(next_entry(&shard, &position));
    assert_true(position.is_end);
    position = (struct storage_position){.at = 0};
    for (uint64_t i = 0; i < 100; i++)
        add(&shard, "key", i * UINT64_C(0x9e3779b97f4a7c15), 0);
    for (int i = 0; i < 3; i++) { /* of one hash, the first and the last that there are */
        add(&shard, "twin", 0, 0);
        add(&shard, "twin", UINT64_MAX, 0);
    }
    while (next_entry(&shard, &position) != NULL)
        seen++;
    assert_int_equal(seen, 106);
    assert_true(position.is_end);
    storage_shard_deinit(&shard);
}

static void a_search_for_the_next_entry_takes_no_more_looks_than_it_may(void **state)
{
    enum { ENTRIES = 1000, LOOKS = 10 };
    struct storage_shard shard = {.aged = NULL};
    struct storage_position position = {.at = 0};
    struct storage_entry *found = NULL;
    unsigned searches = 0;
    (void)state;
    for (uint64_t i = 0; i < ENTRIES; i++)
        add(&shard, "key", i * UINT64_C(0x9e3779b97f4a7c15), 1);
    for (struct storage_entry *entry; (entry = storage_shard_oldest(&shard)) != NULL;) {
        storage_shard_remove(&shard, entry);
        free(entry);
    }
    add(&shard, "last", UINT64_MAX, 0);
    for (; found == NULL && !position.is_end; searches++) {
        unsigned looks = LOOKS;
        found = storage_shard_next(&shard, &position, &looks);
        assert_true(found != NULL || looks == 0);
    }
    assert_memory_equal(found->bytes, "last", 4);
    assert_true(searches >= shard.table.bucket_count / LOOKS);
    assert_null(next_entry(&shard, &position));
    assert_true(position.is_end);
    storage_shard_deinit(&shard);
}

static void a_search_in_steps_finds_what_one_finds_at_once(void **state)
{
    struct storage_shard shard = {.aged = NULL};
    struct storage_position position = {.at = 0}, in_steps = {.at = 0};
    (void)state;
    for (uint64_t i = 0; i < 100; i++)
        add(&shard, "key", i * UINT64_C(0x9e3779b97f4a7c15), 0);
    for (int i = 0; i < 3; i++) {
        add(&shard, "twin", 0, 0);
        add(&shard, "twin", UINT64_MAX, 0);
    }
    while (!position.is_end) {
        struct storage_entry *found = NULL;
        while (found == NULL && !in_steps.is_end) {
            unsigned looks = 1;
            found = storage_shard_next(&shard, &in_steps, &looks);
        }
        assert_ptr_equal(found, next_entry(&shard, &position));
    }
    assert_true(in_steps.is_end);
    storage_shard_deinit(&shard);
}

/* Others come and go meanwhile, and the table grows several times. */
static void a_cursor_meets_whoever_stays_while_the_shard_grows(void **state)
{
    struct storage_shard shard = {.aged = NULL};
    struct storage_position position = {.at = 0};
    unsigned visits[20] = {0};
    uint64_t next_hash = 1000;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        char key[2] = {(char)('a' + i), '\0'};
        add(&shard, key, (i + 1) * UINT64_C(0x9e3779b97f4a7c15), 0);
    }
    for (struct storage_entry *entry; (entry = next_entry(&shard, &position)) != NULL;) {
        if (entry->bytes[0] >= 'a' && entry->bytes[0] < 'a' + 20)
            visits[entry->bytes[0] - 'a']++;
        for (unsigned i = 0; i < 16 && next_hash < 1600; i++, next_hash++)
            add(&shard, "X", next_hash * UINT64_C(0x9e3779b97f4a7c15), 0);
    }
    assert_true(shard.table.bucket_count >= 256);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(visits[i], 1);
    storage_shard_deinit(&shard);
}

static void without_memory_nothing_has_changed(void **state)
{
    struct storage_shard shard = {.aged = NULL};
    (void)state;
    fail_allocation(1);
    assert_null(storage_entry_create(bytes("a"), bytes("1")));
    for (unsigned long nth = 1; nth <= 2; nth++) {
        fail_allocation(nth);
        assert_int_equal(storage_shard_reserve(&shard), ERR_NO_MEMORY);
        fail_allocation(0);
        assert_null(storage_shard_oldest(&shard));
        if (nth == 1)
            assert_null(shard.table.buckets);
    }
    add(&shard, "a", 1, 1);
    storage_shard_deinit(&shard);
}

static void cost_grows_with_key_and_value(void **state)
{
    (void)state;
    assert_true(storage_entry_cost(1, 0) > sizeof(struct storage_entry));
    assert_true(storage_entry_cost(100, 0) >= storage_entry_cost(1, 0) + 96);
    assert_int_equal(storage_entry_cost(100, 1000), storage_entry_cost(1000, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_one_hash_are_told_apart),
        cmocka_unit_test(oldest_is_the_one_that_is_over_first),
        cmocka_unit_test(a_cursor_visits_each_entry_once),
        cmocka_unit_test(a_search_for_the_next_entry_takes_no_more_looks_than_it_may),
        cmocka_unit_test(a_search_in_steps_finds_what_one_finds_at_once),
        cmocka_unit_test(a_cursor_meets_whoever_stays_while_the_shard_grows),
        cmocka_unit_test(without_memory_nothing_has_changed),
        cmocka_unit_test(cost_grows_with_key_and_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
