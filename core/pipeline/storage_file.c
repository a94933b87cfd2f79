#include "pipeline/storage_file.h"

#include "base/trusted_path.h"
#include "pipeline/storage_file_header.h"
#include "pipeline/storage_file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE_MAX ((int64_t)64 * 1024 * 1024)
#define TRIM_PAGES "256"      /* given back at once */
#define PURGE_ENTRIES "2048"  /* deleted at once of a table that was dropped */
#define PURGE_BYTES "8388608" /* the same, of values; the one that reaches it is the last */

static const char *const texts[STATEMENTS] = {
    [FIND_TABLE] = "SELECT number FROM tables WHERE endpoint = ?1 AND instance = ?2",
    [MAKE_TABLE] = "INSERT INTO tables (endpoint, instance) VALUES (?1, ?2)",
    [SET] = "INSERT OR REPLACE INTO entries (number, key, value, over_at) VALUES (?1, ?2, ?3, ?4)",
    [DELETE_ENTRY] = "DELETE FROM entries WHERE number = ?1 AND key = ?2",
};

/* What a new file gets. `instance` is empty for an endpoint's own table. */
static const char layout[] =
    "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE tables (number INTEGER PRIMARY KEY, endpoint TEXT NOT NULL,"
    " instance TEXT NOT NULL, UNIQUE (endpoint, instance));"
    "CREATE TABLE entries (number INTEGER NOT NULL,"
    " key BLOB NOT NULL CHECK (typeof(key) = 'blob' AND length(key) BETWEEN 1 AND 512),"
    " value BLOB NOT NULL CHECK (typeof(value) = 'blob' AND length(value) <= 1048576),"
    " over_at INTEGER CHECK (over_at > 0), PRIMARY KEY (number, key)) WITHOUT ROWID;"
    "CREATE VIEW storage AS SELECT endpoint, instance, CAST(key AS TEXT) AS key, value,"
    " datetime(over_at / 1000000000, 'unixepoch') AS until FROM entries JOIN tables USING (number);"
    "PRAGMA application_id = " STORAGE_APPLICATION_TEXT ";"
    "PRAGMA user_version = " STORAGE_VERSION_TEXT ";"
    "COMMIT;";

/* -- errors -- */

int storage_file_fail(sqlite3 *database, const char *what, char *why)
{
    int code = sqlite3_extended_errcode(database);
    int number = sqlite3_system_errno(database);
    bool has_number = number != 0 && (code & 0xff) == SQLITE_IOERR;
    bool is_damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    snprintf(why, STORAGE_FILE_TEXT, "cannot %s: %s%s%s%s%s", what, sqlite3_errmsg(database),
             has_number ? " (" : "", has_number ? strerror(number) : "", has_number ? ")" : "",
             is_damaged ? STORAGE_FILE_REMEDY : "");
    return ERR_SYSTEM;
}

static int fail(const struct storage_file *file, const char *what, char *why)
{
    return storage_file_fail(file->database, what, why);
}

static int run(const struct storage_file *file, const char *statement, const char *what, char *why)
{
    return sqlite3_exec(file->database, statement, NULL, NULL, NULL) == SQLITE_OK
               ? OK
               : fail(file, what, why);
}

/* The number that a statement gives, or `otherwise`. */
static int64_t ask_number(const struct storage_file *file, const char *text, int64_t otherwise)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(file->database, text, -1, &statement, NULL) != SQLITE_OK)
        return otherwise;
    int64_t number =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : otherwise;
    sqlite3_finalize(statement);
    return number;
}

/* -- opening -- */

/* Takes the lock, for which the file is there from now on. */
static int lock_file(struct storage_file *file, const char *path, char *why)
{
    struct stat status;
    file->lock = trusted_path_open(path, &status, why, STORAGE_FILE_TEXT);
    if (file->lock < 0 && errno == ENOENT) {
        int made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (made < 0) {
            snprintf(why, STORAGE_FILE_TEXT, "cannot make it: %s", strerror(errno));
            return ERR_SYSTEM;
        }
        close(made);
        why[0] = '\0';
        file->lock = trusted_path_open(path, &status, why, STORAGE_FILE_TEXT);
    }
    if (file->lock < 0)
        return ERR_SYSTEM;
    if (flock(file->lock, LOCK_EX | LOCK_NB) == 0)
        return storage_file_header_check(file->lock, why);
    snprintf(why, STORAGE_FILE_TEXT, "%s",
             errno == EWOULDBLOCK
                 ? "another server has it open; each server needs a storage.path of its own"
                 : strerror(errno));
    return ERR_SYSTEM;
}

/* A database that is whole, and laid out by us. */
static int check_contents(const struct storage_file *file, char *why)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(file->database, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
        SQLITE_OK)
        return fail(file, "read it", why);
    int error = OK;
    if (sqlite3_step(statement) != SQLITE_ROW)
        error = fail(file, "read it", why);
    const char *text = error == OK ? (const char *)sqlite3_column_text(statement, 0) : "ok";
    if (text == NULL || strcmp(text, "ok") != 0) {
        snprintf(why, STORAGE_FILE_TEXT, "it is damaged: %.200s%s",
                 text != NULL ? text : "out of memory", STORAGE_FILE_REMEDY);
        error = ERR_SYSTEM;
    }
    sqlite3_finalize(statement);
    return error;
}

static int prepare_statements(struct storage_file *file, char *why)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(file->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &file->statements[i], NULL) != SQLITE_OK)
            return fail(file, "read its tables", why);
    return OK;
}

/* A commit is on the disk before it is done, and waits in a second file for its place in the first
 * one. That second file is cut when it has become large. */
static int set_up(struct storage_file *file, char *why)
{
    static const char settings[] =
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000;"
        "PRAGMA journal_size_limit = 8388608;";
    sqlite3_busy_timeout(file->database, STORAGE_FILE_BUSY_MS);
    sqlite3_db_config(file->database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    if (sqlite3_db_readonly(file->database, "main") == 1) {
        snprintf(why, STORAGE_FILE_TEXT, "the server may not write it");
        return ERR_SYSTEM;
    }
    int error = check_contents(file, why);
    if (error == OK && ask_number(file, "PRAGMA user_version", 0) == 0)
        error = run(file, layout, "lay it out", why);
    if (error == OK)
        error = run(file, settings, "set it up", why);
    return error == OK ? prepare_statements(file, why) : error;
}

int storage_file_open(const char *path, struct storage_file **out, char *why)
{
    struct storage_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return ERR_NO_MEMORY;
    file->lock = -1;
    file->path = strdup(path);
    int error = file->path != NULL ? lock_file(file, path, why) : ERR_NO_MEMORY;
    if (error == OK &&
        sqlite3_open_v2(path, &file->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK)
        error = file->database != NULL ? fail(file, "open it", why) : ERR_NO_MEMORY;
    if (error == OK)
        error = set_up(file, why);
    if (error == OK)
        error = storage_file_open_reader(file, why);
    if (error != OK) {
        storage_file_close(file);
        return error;
    }
    *out = file;
    return OK;
}

/* The connection that writes goes behind the other one, so that it can tidy up. The lock's
 * descriptor goes last: SQLite's own locks would go with it. */
void storage_file_close(struct storage_file *file)
{
    if (file == NULL)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(file->statements[i]);
    sqlite3_close(file->reader);
    sqlite3_close(file->database);
    if (file->lock >= 0)
        close(file->lock);
    free(file->path);
    free(file);
}

/* -- one statement -- */

static void bind_bytes(sqlite3_stmt *statement, int at, struct storage_bytes bytes)
{
    const void *data = bytes.len > 0 ? bytes.data : "";
    sqlite3_bind_blob(statement, at, data, (int)bytes.len, SQLITE_STATIC);
}

static sqlite3_stmt *bind_name(const struct storage_file *file, enum statement which,
                               const char *endpoint, const char *instance)
{
    sqlite3_stmt *statement = file->statements[which];
    sqlite3_bind_text(statement, 1, endpoint, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, instance != NULL ? instance : "", -1, SQLITE_STATIC);
    return statement;
}

/* Runs a statement without rows, and makes it ready for its next use. */
static int finish(const struct storage_file *file, sqlite3_stmt *statement, char *why)
{
    int error = sqlite3_step(statement) == SQLITE_DONE ? OK : fail(file, "write", why);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return error;
}

/* 0: there is none. */
static int find_table(const struct storage_file *file, const char *endpoint, const char *instance,
                      int64_t *number, char *why)
{
    sqlite3_stmt *statement = bind_name(file, FIND_TABLE, endpoint, instance);
    int result = sqlite3_step(statement);
    *number = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    int error = result == SQLITE_ROW || result == SQLITE_DONE ? OK : fail(file, "read", why);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return error;
}

/* -- writing -- */

int64_t storage_file_beside(const struct storage_file *file)
{
    struct stat status;
    const char *name = sqlite3_filename_wal(sqlite3_db_filename(file->database, "main"));
    return name != NULL && stat(name, &status) == 0 ? status.st_size : 0;
}

void storage_file_will_end(struct storage_file *file)
{
    file->is_ending = true;
}

/* What is written waits beside the file for as long as somebody reads what stood there before: a
 * session of sqlite3 that is left open, say. It would grow for as long. */
static int limit_beside(const struct storage_file *file, char *why)
{
    int64_t beside = storage_file_beside(file);
    if (file->is_ending || beside <= BESIDE_MAX)
        return OK;
    int result =
        sqlite3_wal_checkpoint_v2(file->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (result == SQLITE_OK)
        return OK;
    if ((result & 0xff) != SQLITE_BUSY && (result & 0xff) != SQLITE_LOCKED)
        return fail(file, "take over what waits beside it", why);
    snprintf(
        why, STORAGE_FILE_TEXT,
        "%lld MiB wait in the file beside it that ends in -wal, since somebody goes on reading "
        "what stood there before; if that is another program, end its transaction",
        (long long)(beside >> 20));
    return ERR_SYSTEM;
}

int storage_file_begin(struct storage_file *file, char *why)
{
    int error = storage_file_name_check(file->lock, file->path, why);
    if (error == OK)
        error = limit_beside(file, why);
    return error == OK ? run(file, "BEGIN IMMEDIATE", "begin to write", why) : error;
}

int storage_file_end(struct storage_file *file, bool is_good, char *why)
{
    int error = is_good ? run(file, "COMMIT", "write", why) : ERR_SYSTEM;
    if (error != OK && !sqlite3_get_autocommit(file->database))
        (void)sqlite3_exec(file->database, "ROLLBACK", NULL, NULL, NULL);
    return error;
}

int storage_file_table(struct storage_file *file, const char *endpoint, const char *instance,
                       int64_t *number, char *why)
{
    int error = find_table(file, endpoint, instance, number, why);
    if (error != OK || *number != 0)
        return error;
    error = finish(file, bind_name(file, MAKE_TABLE, endpoint, instance), why);
    *number = error == OK ? sqlite3_last_insert_rowid(file->database) : 0;
    return error;
}

int storage_file_set(struct storage_file *file, int64_t number, struct storage_bytes key,
                     struct storage_bytes value, int64_t over_at, char *why)
{
    sqlite3_stmt *statement = file->statements[SET];
    sqlite3_bind_int64(statement, 1, number);
    bind_bytes(statement, 2, key);
    bind_bytes(statement, 3, value);
    if (over_at > 0)
        sqlite3_bind_int64(statement, 4, over_at);
    return finish(file, statement, why);
}

int storage_file_delete(struct storage_file *file, int64_t number, struct storage_bytes key,
                        char *why)
{
    sqlite3_stmt *statement = file->statements[DELETE_ENTRY];
    sqlite3_bind_int64(statement, 1, number);
    bind_bytes(statement, 2, key);
    return finish(file, statement, why);
}

int storage_file_delete_over(struct storage_file *file, const char *endpoint, const char *instance,
                             int64_t now, char *why)
{
    int64_t number;
    char text[160];
    int error = find_table(file, endpoint, instance, &number, why);
    if (error != OK || number == 0)
        return error;
    snprintf(text, sizeof text, "DELETE FROM entries WHERE number = %lld AND over_at <= %lld",
             (long long)number, (long long)now);
    return run(file, text, "delete what is over", why);
}

/* An endpoint's name is never empty, and the number is not another table's while the row is there.
 */
int storage_file_drop(struct storage_file *file, const char *endpoint, const char *instance,
                      char *why)
{
    int64_t number;
    char text[160];
    int error = find_table(file, endpoint, instance, &number, why);
    if (error != OK || number == 0)
        return error;
    snprintf(text, sizeof text,
             "UPDATE tables SET endpoint = '', instance = number WHERE number = %lld",
             (long long)number);
    return run(file, text, "drop a table", why);
}

int storage_file_purge(struct storage_file *file, bool *is_done, char *why)
{
    int64_t number = ask_number(file, "SELECT number FROM tables WHERE endpoint = '' LIMIT 1", 0);
    char text[512];
    *is_done = number == 0;
    if (*is_done)
        return OK;
    snprintf(text, sizeof text,
             "DELETE FROM entries WHERE number = %1$lld AND key IN (SELECT key FROM"
             " (SELECT key, sum(len) OVER (ORDER BY key) - len AS before FROM"
             " (SELECT key, length(value) AS len FROM entries WHERE number = %1$lld ORDER BY key"
             " LIMIT " PURGE_ENTRIES ")) WHERE before < " PURGE_BYTES ");"
             "DELETE FROM tables WHERE number = %1$lld AND NOT EXISTS"
             " (SELECT 1 FROM entries WHERE number = %1$lld)",
             (long long)number);
    int error = storage_file_begin(file, why);
    if (error == OK)
        error = run(file, text, "delete a table", why);
    return storage_file_end(file, error == OK, why);
}

int storage_file_trim(struct storage_file *file, char *why)
{
    int error = storage_file_name_check(file->lock, file->path, why);
    if (error == OK)
        error = limit_beside(file, why);
    if (error != OK || ask_number(file, "PRAGMA freelist_count", 0) == 0)
        return error;
    return run(file, "PRAGMA incremental_vacuum(" TRIM_PAGES ")", "give pages back", why);
}

int64_t storage_file_size(struct storage_file *file)
{
    return ask_number(file, "PRAGMA page_count", 0) * ask_number(file, "PRAGMA page_size", 0);
}
