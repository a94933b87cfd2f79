/*
 * A writer of storage tables, and tables of the endpoint /ws that it keeps.
 */
#ifndef SLUICE_TESTS_PIPELINE_STORAGE_WRITING_H
#define SLUICE_TESTS_PIPELINE_STORAGE_WRITING_H

#include "base/clock.h"
#include "pipeline/storage_kept.h"
#include "pipeline/storage_table.h"
#include "pipeline/storage_writer.h"

#include "pipeline/storage_folder.h"
#include "unit.h"

#include <sched.h>
#include <string.h>

#define OFTEN (10 * NS_PER_MS)
#define SELDOM (3600 * NS_PER_S)
#define PATIENCE (60 * NS_PER_S)

static struct storage_writer *writer;

static inline void begin(int64_t interval)
{
    char why[STORAGE_FILE_TEXT] = "";
    int error = storage_writer_create(path, interval, &writer, why);
    assert_string_equal(why, "");
    assert_int_equal(error, OK);
    assert_int_equal(storage_writer_start(writer), OK);
}

static inline void end(void)
{
    storage_writer_destroy(writer, PATIENCE);
    writer = NULL;
}

static inline int clean_up(void **state)
{
    (void)state;
    remove_file();
    return 0;
}

static inline struct storage_bytes bytes(const char *text)
{
    return (struct storage_bytes){.data = text, .len = strlen(text)};
}

/* A table with one reference, as the file has it; kept from now on. */
static inline struct storage_table *new_table(const char *instance, struct kept_table **kept)
{
    const struct siphash_key key = {.words = {1, 2}};
    struct storage_table *table = storage_table_create(&key);
    char why[STORAGE_FILE_TEXT] = "";
    assert_non_null(table);
    storage_table_set_limits(table, (size_t)64 << 20, 100000);
    assert_int_equal(storage_writer_load(writer, "/ws", instance, table, kept, why), OK);
    storage_writer_attach(writer, *kept);
    return table;
}

static inline struct storage_table *table_of(const char *instance)
{
    struct kept_table *kept;
    return new_table(instance, &kept);
}

static inline void set(struct storage_table *table, const char *key, const char *value, int64_t age)
{
    assert_int_equal(storage_table_set(table, bytes(key), bytes(value), age, NULL, clock_monotonic),
                     0);
}

static inline void expect(struct storage_table *table, const char *key, const char *value)
{
    char found[64];
    int64_t len = storage_table_get(table, bytes(key), found, sizeof found, clock_monotonic);
    if (value == NULL) {
        assert_int_equal(len, SL_STORAGE_NONE);
        return;
    }
    assert_int_equal(len, strlen(value));
    assert_memory_equal(found, value, strlen(value));
}

static inline struct storage_writer_stats stats_of(void)
{
    struct storage_writer_stats stats;
    storage_writer_read(writer, &stats);
    return stats;
}

static inline bool has_written_all(const struct storage_writer_stats *stats)
{
    return stats->unwritten == 0 && stats->written > 0;
}

static inline void wait_until(bool (*is_so)(const struct storage_writer_stats *stats))
{
    int64_t deadline = clock_monotonic() + PATIENCE;
    struct storage_writer_stats stats = stats_of();
    while (!is_so(&stats)) {
        assert_true(clock_monotonic() < deadline);
        sched_yield();
        stats = stats_of();
    }
}

#endif
