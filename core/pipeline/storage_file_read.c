/*
 * Reading tables, on a connection of its own: a transaction that is under way, on a slow disk say,
 * holds nobody up who reads.
 */
#include "pipeline/storage_file.h"
#include "pipeline/storage_file_internal.h"

#include <sluice/plugin.h>
#include <stdio.h>

int storage_file_open_reader(struct storage_file *file, char *why)
{
    static const char settings[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                                   "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -500;";
    if (sqlite3_open_v2(file->path, &file->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return file->reader != NULL ? storage_file_fail(file->reader, "open it", why)
                                    : ERR_NO_MEMORY;
    sqlite3_busy_timeout(file->reader, STORAGE_FILE_BUSY_MS);
    return sqlite3_exec(file->reader, settings, NULL, NULL, NULL) == SQLITE_OK
               ? OK
               : storage_file_fail(file->reader, "set it up", why);
}

/* A table's rows that are visited. */
struct visit {
    storage_file_visit *visit;
    void *context;
    int64_t now;
    bool has_over; /* rows that are over have been passed over */
};

/* What others have written into the file is not trusted to be as we write it. */
static int visit_row(sqlite3_stmt *row, struct visit *visit, char *why)
{
    int64_t over_at = sqlite3_column_int64(row, 2);
    if (sqlite3_column_type(row, 2) != SQLITE_NULL && over_at <= visit->now) {
        visit->has_over = true;
        return OK;
    }
    struct storage_bytes key = {.data = sqlite3_column_blob(row, 0),
                                .len = (size_t)sqlite3_column_bytes(row, 0)};
    struct storage_bytes value = {.data = sqlite3_column_blob(row, 1),
                                  .len = (size_t)sqlite3_column_bytes(row, 1)};
    if (key.data != NULL && key.len > 0 && key.len <= SL_STORAGE_KEY_MAX &&
        value.len <= SL_STORAGE_VALUE_MAX && (value.len == 0 || value.data != NULL))
        return visit->visit(visit->context, key, value, over_at);
    snprintf(why, STORAGE_FILE_TEXT,
             "an entry has a key of %zu bytes and a value of %zu, which the server does not write",
             key.len, value.len);
    return ERR_SYSTEM;
}

static int visit_rows(sqlite3 *reader, sqlite3_stmt *rows, struct visit *visit, char *why)
{
    int result, error = OK;
    while (error == OK && (result = sqlite3_step(rows)) != SQLITE_DONE)
        error = result == SQLITE_ROW ? visit_row(rows, visit, why)
                                     : storage_file_fail(reader, "read", why);
    return error;
}

int storage_file_load(struct storage_file *file, const struct storage_file_load *load,
                      bool *has_over, char *why)
{
    static const char text[] = "SELECT key, value, over_at FROM entries WHERE number ="
                               " (SELECT number FROM tables WHERE endpoint = ?1 AND instance = ?2)";
    struct visit visit = {.visit = load->visit, .context = load->context, .now = load->now};
    sqlite3_stmt *rows;
    if (sqlite3_prepare_v2(file->reader, text, -1, &rows, NULL) != SQLITE_OK)
        return storage_file_fail(file->reader, "read", why);
    sqlite3_bind_text(rows, 1, load->endpoint, -1, SQLITE_STATIC);
    sqlite3_bind_text(rows, 2, load->instance != NULL ? load->instance : "", -1, SQLITE_STATIC);
    int error = visit_rows(file->reader, rows, &visit, why);
    sqlite3_finalize(rows);
    *has_over = visit.has_over;
    return error;
}
