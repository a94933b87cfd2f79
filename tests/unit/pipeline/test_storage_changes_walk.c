#include "pipeline/storage_changes.h"
#include "pipeline/tracked_table.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of many and of large changes, all are taken, in several batches, each of them bounded. */
static void a_walk_takes_everything_in_bounded_batches(void **state)
{
    static char large[1 << 20];
    struct storage_changes_walk walk = {.shard = 0};
    size_t taken = 0, batches = 1;
    char key[16];
    (void)state;
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "key %d", i);
        set(key, "value");
    }
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "large %d", i);
        assert_int_equal(storage_table_set(table, bytes(key),
                                           (struct storage_bytes){large, sizeof large}, 0, NULL,
                                           read_clock),
                         0);
    }
    while (!storage_batch_take(batch, table, &walk)) {
        assert_true(batch->count > 0);
        taken += batch->count;
        batches++;
        storage_batch_settle(batch, true);
    }
    taken += batch->count;
    storage_batch_settle(batch, true);
    assert_int_equal(taken, 5005);
    assert_true(batches >= 5);
    assert_int_equal(storage_changes_count(table), 0);
}

/* Somebody who changes an entry all the time does not keep a walk from its end. */
static void a_walk_ends_while_others_write(void **state)
{
    struct storage_changes_walk walk = {.shard = 0};
    unsigned batches = 0;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        char key[16];
        snprintf(key, sizeof key, "key %d", i);
        set(key, "value");
    }
    while (!storage_batch_take(batch, table, &walk)) {
        storage_batch_settle(batch, true);
        for (int i = 0; i < 5000; i++) {
            char key[16];
            snprintf(key, sizeof key, "key %d", i);
            set(key, "value");
        }
        assert_true(++batches < 100);
    }
    storage_batch_settle(batch, true);
}

#define WAITING 5000 /* more than two batches of them, for each kind */

static void name_key(char key[16], const char *kind, unsigned number)
{
    snprintf(key, 16, "%s%u", kind, number);
}

static void set_many(const char *kind, unsigned from, unsigned count)
{
    char key[16];
    for (unsigned i = from; i < from + count; i++) {
        name_key(key, kind, i);
        set(key, "value");
    }
}

static void delete_many(const char *kind, unsigned from, unsigned count)
{
    char key[16];
    for (unsigned i = from; i < from + count; i++) {
        name_key(key, kind, i);
        delete (key);
    }
}

/* Notes which of the changes and deletions that waited are in the batch, and settles it. */
static void see_batch(bool changed[WAITING], bool deleted[WAITING])
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct storage_change *change = &batch->changes[i];
        char key[16] = "";
        assert_true(change->key.len < sizeof key);
        memcpy(key, change->key.data, change->key.len);
        if (key[0] == 'c' && change->deleted == NULL)
            changed[strtoul(key + 1, NULL, 10)] = true;
        if (key[0] == 'd' && change->deleted != NULL)
            deleted[strtoul(key + 1, NULL, 10)] = true;
    }
    storage_batch_settle(batch, true);
}

/* Changes, deletions and replacements that come at each batch keep nothing of what waited. */
static void a_walk_takes_whatever_waited_at_its_beginning(void **state)
{
    static bool changed[WAITING], deleted[WAITING];
    struct storage_changes_walk walk = {.shard = 0};
    unsigned batches = 0;
    (void)state;
    set_many("d", 0, WAITING); /* to be deleted before the walk */
    set_many("l", 0, WAITING); /* to be deleted while it goes on */
    for (struct storage_changes_walk first = {.shard = 0};
         !storage_batch_take(batch, table, &first);)
        storage_batch_settle(batch, true);
    storage_batch_settle(batch, true);
    delete_many("d", 0, WAITING);
    set_many("c", 0, WAITING);
    while (!storage_batch_take(batch, table, &walk)) {
        see_batch(changed, deleted);
        set_many("n", batches * STORAGE_BATCH_CHANGES, STORAGE_BATCH_CHANGES);
        set_many("c", 0, WAITING);
        if (batches < 10)
            delete_many("l", batches * (WAITING / 10), WAITING / 10);
        assert_true(++batches < 50);
    }
    see_batch(changed, deleted);
    assert_true(batches >= 2 * WAITING / STORAGE_BATCH_CHANGES);
    for (unsigned i = 0; i < WAITING; i++)
        assert_true(changed[i] && deleted[i]);
}

/* A key that is deleted and set again while a batch is written is never set first, also if its
 * change comes to the place of another one. */
static void a_deletion_stays_before_its_keys_next_value(void **state)
{
    static bool is_set[WAITING];
    struct storage_changes_walk walk = {.shard = 0};
    bool has_room;
    (void)state;
    set_many("k", 0, WAITING);
    while (!storage_batch_take(batch, table, &walk))
        storage_batch_settle(batch, true);
    storage_batch_settle(batch, true);
    for (unsigned i = 0; i < WAITING; i++)
        is_set[i] = true;
    set_many("x", 0, WAITING);
    walk = (struct storage_changes_walk){.shard = 0};
    do {
        has_room = storage_batch_take(batch, table, &walk);
        for (size_t i = 0; i < batch->count; i++) {
            char key[16] = "";
            memcpy(key, batch->changes[i].key.data, batch->changes[i].key.len);
            if (key[0] != 'k')
                continue;
            bool *at = &is_set[strtoul(key + 1, NULL, 10)];
            assert_int_equal(*at, batch->changes[i].deleted != NULL);
            *at = !*at;
        }
        storage_batch_settle(batch, true);
        delete_many("k", 0, WAITING);
        set_many("k", 0, WAITING);
        delete_many("x", 0, WAITING);
        set_many("x", 0, WAITING);
    } while (!has_room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_walk_takes_everything_in_bounded_batches, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(a_walk_ends_while_others_write, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(a_walk_takes_whatever_waited_at_its_beginning, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(a_deletion_stays_before_its_keys_next_value, set_up_table,
                                        tear_down_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
