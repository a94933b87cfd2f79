#include "client/ban_file.h"

#include "client/ban_list.h"
#include "config/diagnostics.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sluice/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_MOST 9007199254740991.0 /* 2^53 - 1: what a JSON number holds */
#define ID_KEPT 4503599627370496.0 /* 2^52: larger ids are given anew, see take_id */
#define PORTION 32                 /* bans that are copied at once */

/* -- a line -- */

/* A member that is a text. Returns what is wrong; *out is NULL if there is none. */
static const char *take_text(const cJSON *object, const char *name, const char **out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    *out = cJSON_GetStringValue(item);
    if (item != NULL && *out == NULL)
        return "identity, address, until, since, reason and by are texts";
    return NULL;
}

/* New bans get ids from the largest on. With one of the upper half the list would soon write ids
 * that no JSON number holds: such a ban gets a new one itself. */
static const char *take_id(const cJSON *object, struct ban *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "id");
    double number = cJSON_IsNumber(item) ? item->valuedouble : 0;
    uint64_t id = number >= 1 && number <= ID_MOST ? (uint64_t)number : 0;
    out->id = number <= ID_KEPT ? id : 0;
    return item == NULL || (id > 0 && (double)id == number) ? NULL
                                                            : "id is a whole number from 1 on";
}

static const char *take_subject(const cJSON *object, struct ban *out, char fault[256])
{
    const char *identity, *address;
    const char *wrong = take_text(object, "identity", &identity);
    if (wrong == NULL)
        wrong = take_text(object, "address", &address);
    if (wrong != NULL)
        return wrong;
    if ((identity == NULL) == (address == NULL))
        return "a ban has an identity or an address";
    return identity != NULL ? ban_read_identity(out, identity)
                            : ban_read_address(out, address, fault);
}

static const char *take_times(const cJSON *object, struct ban *out)
{
    const char *since, *until;
    const char *wrong = take_text(object, "since", &since);
    if (wrong == NULL && since != NULL)
        wrong = ban_read_until(out, since);
    out->since = since != NULL ? out->until : 0;
    out->until = BAN_FOR_GOOD;
    if (wrong == NULL)
        wrong = take_text(object, "until", &until);
    if (wrong == NULL && until != NULL)
        wrong = ban_read_until(out, until);
    return wrong;
}

static const char *take_texts(const cJSON *object, struct ban *out)
{
    const char *reason, *by;
    const char *wrong = take_text(object, "reason", &reason);
    if (wrong == NULL && reason != NULL)
        wrong = ban_read_reason(out, reason);
    if (wrong == NULL)
        wrong = take_text(object, "by", &by);
    if (wrong == NULL && by != NULL)
        snprintf(out->by, sizeof out->by, "%s", by);
    return wrong;
}

/* A key that is misspelt would otherwise be a ban without an end. */
static const char *find_stranger(const cJSON *object)
{
    static const char *const known[] = {"id",    "identity", "address", "until",
                                        "since", "reason",   "by"};
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(item->string, known[i]) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return item->string;
    }
    return NULL;
}

const char *ban_file_read_line(const char *line, size_t len, struct ban *out, char fault[256])
{
    *out = (struct ban){.until = BAN_FOR_GOOD};
    cJSON *object = memchr(line, '\0', len) == NULL ? cJSON_ParseWithLength(line, len) : NULL;
    const char *wrong = cJSON_IsObject(object) ? NULL : "this is not a JSON object";
    const char *stranger = find_stranger(object);
    if (wrong == NULL && stranger != NULL) {
        snprintf(fault, 256, "a ban has no \"%.64s\"", stranger);
        wrong = fault;
    }
    if (wrong == NULL)
        wrong = take_times(object, out);
    if (wrong == NULL)
        wrong = take_id(object, out);
    if (wrong == NULL)
        wrong = take_texts(object, out);
    if (wrong == NULL)
        wrong = take_subject(object, out, fault);
    cJSON_Delete(object);
    return wrong;
}

/* Adds a text, unless it is empty. Returns whether there was memory. */
static bool add_text(cJSON *object, const char *name, const char *text)
{
    return text[0] == '\0' || cJSON_AddStringToObject(object, name, text) != NULL;
}

/* The caller frees it with cJSON_free. NULL: no memory. */
static char *write_line(const struct ban *ban)
{
    char subject[SL_PREFIX_TEXT], since[BAN_TIME_TEXT_MAX], until[BAN_TIME_TEXT_MAX] = "";
    cJSON *object = cJSON_CreateObject();
    ban_time_text(ban->since, since);
    if (ban->until != BAN_FOR_GOOD)
        ban_time_text(ban->until, until);
    bool good =
        cJSON_AddNumberToObject(object, "id", (double)ban->id) != NULL &&
        add_text(object, ban->is_address ? "address" : "identity", ban_subject(ban, subject)) &&
        add_text(object, "until", until) && add_text(object, "since", since) &&
        add_text(object, "reason", ban->reason) && add_text(object, "by", ban->by);
    char *text = good ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    return text;
}

/* -- reading -- */

static int load_line(struct ban_list *list, const char *line, size_t len, int64_t now,
                     const struct position *at, struct diagnostics *diagnostics)
{
    struct ban ban;
    char fault[256];
    const char *wrong = ban_file_read_line(line, len, &ban, fault);
    if (wrong == NULL && ban.until <= now)
        return OK;
    if (ban.since == 0)
        ban.since = now; /* It was written by hand. */
    int error = wrong == NULL ? ban_list_put(list, &ban) : ERR_CONFIG;
    if (error == ERR_LIMIT) {
        snprintf(fault, sizeof fault,
                 "there are more bans than the %" PRIu32 " of bans.max; raise it",
                 atomic_load_explicit(&list->max, memory_order_relaxed));
        wrong = fault;
    }
    if (wrong == NULL)
        return error;
    diagnostics_add(diagnostics, *at, "%s", wrong);
    return error;
}

static int load_lines(FILE *file, const char *path, struct ban_list *list, int64_t now,
                      struct diagnostics *diagnostics)
{
    struct position at = {.file = path, .line = 0, .column = 1};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int result = OK;
    while (result != ERR_LIMIT && result != ERR_NO_MEMORY &&
           (len = getline(&line, &room, file)) >= 0) {
        at.line++;
        size_t end = (size_t)len - (len > 0 && line[len - 1] == '\n');
        if (strspn(line, " \t\r\n") == (size_t)len)
            continue;
        int error = load_line(list, line, end, now, &at, diagnostics);
        if (error != OK)
            result = error;
    }
    free(line);
    return result == ERR_LIMIT ? ERR_CONFIG : result;
}

int ban_file_load(const char *path, struct ban_list *list, int64_t now,
                  struct diagnostics *diagnostics)
{
    const struct position at = {.file = path};
    char why[BAN_FILE_TEXT_MAX];
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return OK;
    int fd = sl_file_open(path, SL_FILE_READABLE, NULL, why, sizeof why);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (fd < 0) {
        diagnostics_add(diagnostics, at, "cannot read the bans: %s", why);
        return ERR_CONFIG;
    }
    if (file == NULL) {
        close(fd);
        return ERR_NO_MEMORY;
    }
    int error = load_lines(file, path, list, now, diagnostics);
    fclose(file);
    return error;
}

/* -- writing -- */

static int fail(char *why, const char *what, int error)
{
    snprintf(why, BAN_FILE_TEXT_MAX, "cannot %s: %s", what, strerror(error));
    return ERR_SYSTEM;
}

static bool write_portion(FILE *file, const struct ban *bans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *line = write_line(&bans[i]);
        bool good = line != NULL && fputs(line, file) >= 0 && putc('\n', file) != EOF;
        if (line == NULL)
            errno = ENOMEM;
        cJSON_free(line);
        if (!good)
            return false;
    }
    return true;
}

static bool write_bans(FILE *file, struct ban_list *list)
{
    struct ban bans[PORTION];
    uint64_t after = 0;
    size_t count;
    while ((count = ban_list_copy(list, after, bans, PORTION)) > 0) {
        if (!write_portion(file, bans, count))
            return false;
        after = bans[count - 1].id;
    }
    return fflush(file) == 0 && fsync(fileno(file)) == 0;
}

/* So that the new name is on the disk as well. */
static int sync_folder(const char *path, char *why)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
             slash != NULL ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(why, "open the folder", errno);
    int error = fsync(fd) == 0 ? OK : fail(why, "write the folder", errno);
    close(fd);
    return error;
}

/* Returns the new file, open, or NULL. */
static FILE *create_file(const char *path)
{
    (void)unlink(path); /* left by a server that was killed */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && file == NULL)
        close(fd);
    return file;
}

int ban_file_write(const char *path, struct ban_list *list, char *why)
{
    char made[PATH_MAX];
    if (snprintf(made, sizeof made, "%s.new", path) >= (int)sizeof made)
        return fail(why, "make the new file", ENAMETOOLONG);
    FILE *file = create_file(made);
    if (file == NULL)
        return fail(why, "make the new file", errno);
    int failure = write_bans(file, list) ? 0 : errno;
    if (fclose(file) != 0 && failure == 0)
        failure = errno;
    if (failure == 0 && rename(made, path) != 0)
        failure = errno;
    if (failure == 0)
        return sync_folder(path, why);
    (void)unlink(made);
    return fail(why, "write the new file", failure);
}
