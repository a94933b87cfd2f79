/*
 * What tests put into the file of a storage, and what they see in it: tables of the endpoint /ws.
 */
#ifndef SLUICE_TESTS_PIPELINE_STORAGE_ROWS_H
#define SLUICE_TESTS_PIPELINE_STORAGE_ROWS_H

#include "pipeline/storage_file.h"

#include <sluice/plugin.h>

#include "pipeline/storage_folder.h"
#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static char why[STORAGE_FILE_TEXT];

static inline int set_up(void **state)
{
    (void)state;
    remove_file();
    why[0] = '\0';
    return 0;
}

static inline struct storage_file *open_file(void)
{
    struct storage_file *file = NULL;
    int error = storage_file_open(path, &file, why);
    assert_string_equal(why, "");
    assert_int_equal(error, OK);
    return file;
}

/* Runs SQL as an operator would, while no server has the file. */
static inline void run_sql(const char *text)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static inline struct storage_bytes bytes(const char *text)
{
    return (struct storage_bytes){.data = text, .len = strlen(text)};
}

static inline void put(struct storage_file *file, const char *instance, struct storage_bytes key,
                       struct storage_bytes value, int64_t over_at)
{
    int64_t number;
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", instance, &number, why), OK);
    assert_int_equal(storage_file_set(file, number, key, value, over_at, why), OK);
    assert_int_equal(storage_file_end(file, true, why), OK);
}

struct seen {
    unsigned count;
    size_t key_len, value_len;
    char key[SL_STORAGE_KEY_MAX];
    int64_t over_at;
    bool has_over;
    int result; /* that ends it */
};

static inline int visit(void *context, struct storage_bytes key, struct storage_bytes value,
                        int64_t over_at)
{
    struct seen *seen = context;
    seen->count++;
    seen->key_len = key.len;
    seen->value_len = value.len;
    memcpy(seen->key, key.data, key.len);
    seen->over_at = over_at;
    return seen->result;
}

static inline int load_into(struct seen *seen, struct storage_file *file, const char *instance,
                            int64_t now)
{
    const struct storage_file_load load = {
        .endpoint = "/ws", .instance = instance, .now = now, .visit = visit, .context = seen};
    return storage_file_load(file, &load, &seen->has_over, why);
}

static inline struct seen load(struct storage_file *file, const char *instance, int64_t now)
{
    struct seen seen = {.count = 0};
    assert_int_equal(load_into(&seen, file, instance, now), OK);
    return seen;
}

#endif
