/*
 * A storage table that notes what changes, and a batch to take that out with.
 */
#ifndef SLUICE_TESTS_PIPELINE_TRACKED_TABLE_H
#define SLUICE_TESTS_PIPELINE_TRACKED_TABLE_H

#include "pipeline/storage_changes.h"
#include "pipeline/storage_table.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static int64_t now; /* what the table's clock says */
static struct storage_table *table;
static struct storage_batch *batch;

static int64_t read_clock(void)
{
    return now;
}

static struct storage_bytes bytes(const char *text)
{
    return (struct storage_bytes){.data = text, .len = strlen(text)};
}

static int set_up_table(void **state)
{
    const struct siphash_key key = {.words = {1, 2}};
    (void)state;
    now = 1;
    table = storage_table_create(&key);
    assert_non_null(table);
    storage_table_set_limits(table, (size_t)64 << 20, 1000000);
    batch = malloc(sizeof *batch);
    assert_non_null(batch);
    batch->count = batch->used = 0;
    return storage_changes_track(table);
}

static int tear_down_table(void **state)
{
    (void)state;
    free(batch);
    storage_table_unref(table);
    return 0;
}

static void set(const char *key, const char *value)
{
    assert_int_equal(storage_table_set(table, bytes(key), bytes(value), 0, NULL, read_clock), 0);
}

static void delete(const char *key)
{
    assert_int_equal(storage_table_delete(table, bytes(key), NULL, read_clock), 0);
}

#endif
