#include "hub/bans_reload.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "hub/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORTION 16u    /* bans that are copied at once */
#define BANS_TOLD 100u /* changes that are logged one by one */
#define FILE_GONE "the file is not there"

struct bans_reload {
    struct ban_list fresh; /* what is in the file and not dealt with yet */
    uint64_t changes;      /* that there had been when it was read */
    const char *who;
    struct bans_change done;
};

/* Whether all changes are in the file, after a moment. */
static bool is_kept(struct bans *bans, uint64_t *changes)
{
    char unsaved[BAN_FILE_TEXT_MAX];
    pthread_mutex_lock(&bans->lock);
    *changes = bans->changes;
    pthread_mutex_unlock(&bans->lock);
    bans_await_file(bans, *changes, unsaved);
    return unsaved[0] == '\0';
}

static bool is_missing(const struct bans *bans)
{
    return access(bans->file, F_OK) != 0 && errno == ENOENT;
}

static int keep_in_force(const struct bans *bans, struct diagnostics *diagnostics, const char *why)
{
    const struct position at = {.file = bans->file};
    diagnostics_warn(diagnostics, at, "%s, so the bans that are in force stay", why);
    return OK;
}

/* `out` stays NULL if the file has gone meanwhile, which reads as one without bans. */
static int read_file(const struct bans *bans, const struct config *config,
                     struct diagnostics *diagnostics, struct bans_reload **out)
{
    struct bans_reload *reload = calloc(1, sizeof *reload);
    if (reload == NULL)
        return ERR_NO_MEMORY;
    int error = ban_list_init(&reload->fresh, config->bans_max);
    if (error != OK) {
        free(reload);
        return error;
    }
    error = ban_file_load(bans->file, &reload->fresh, clock_wall(), diagnostics);
    if (error == OK && (ban_list_count(&reload->fresh) > 0 || !is_missing(bans))) {
        *out = reload;
        return OK;
    }
    bans_reload_abort(reload);
    return error == OK ? keep_in_force(bans, diagnostics, FILE_GONE) : error;
}

int bans_reload_prepare(struct bans *bans, const struct config *config,
                        struct diagnostics *diagnostics, struct bans_reload **out)
{
    uint64_t changes = 0;
    *out = NULL;
    if (bans->file == NULL)
        return OK;
    if (is_missing(bans))
        return ban_list_count(&bans->list) > 0 ? keep_in_force(bans, diagnostics, FILE_GONE) : OK;
    if (!is_kept(bans, &changes))
        return keep_in_force(bans, diagnostics,
                             "not read anew: not all bans could be written to it");
    pthread_mutex_lock(&bans->lock);
    int error = bans_need_keeper(bans);
    pthread_mutex_unlock(&bans->lock);
    if (error == OK)
        error = read_file(bans, config, diagnostics, out);
    if (*out != NULL)
        (*out)->changes = changes;
    return error;
}

/* Each of the first ones; the rest is only counted. */
static void tell_change(const struct bans_reload *reload, enum event event, const struct ban *ban)
{
    if (reload->done.set + reload->done.lifted < BANS_TOLD)
        bans_log(event, ban, reload->who);
}

static void set_from_file(struct bans *bans, struct bans_reload *reload, struct ban *ban)
{
    if (ban_list_put(&bans->list, ban) != OK) {
        log_error("bans", "%s: no memory for one of its bans", bans->file);
        return;
    }
    tell_change(reload, EVENT_BAN_SET, ban);
    reload->done.set++;
}

/* Times have no parts of a second in the file. */
static bool says_the_same(const struct ban *ban, const struct ban *other)
{
    return ban->until / NS_PER_S == other->until / NS_PER_S &&
           strcmp(ban->reason, other->reason) == 0 && strcmp(ban->by, other->by) == 0;
}

/* One that is in force. */
static void compare_ban(struct bans *bans, struct bans_reload *reload, const struct ban *ban)
{
    struct ban found = *ban;
    if (!ban_list_remove(&reload->fresh, 0, &found)) {
        if (!ban_list_remove(&bans->list, ban->id, &found))
            return; /* It has just ended. */
        tell_change(reload, EVENT_BAN_LIFTED, ban);
        reload->done.lifted++;
    } else if (!says_the_same(ban, &found)) {
        found.since = ban->since;
        set_from_file(bans, reload, &found);
    }
}

static void apply_file(struct bans *bans, struct bans_reload *reload)
{
    struct ban portion[PORTION];
    uint64_t after = 0;
    size_t count;
    while ((count = ban_list_copy(&bans->list, after, portion, PORTION)) > 0) {
        after = portion[count - 1].id;
        for (size_t i = 0; i < count; i++)
            compare_ban(bans, reload, &portion[i]);
    }
    after = 0;
    while ((count = ban_list_copy(&reload->fresh, after, portion, PORTION)) > 0) {
        after = portion[count - 1].id;
        for (size_t i = 0; i < count; i++)
            set_from_file(bans, reload, &portion[i]);
    }
}

void bans_reload_commit(struct bans *bans, struct bans_reload *reload, const char *who,
                        struct bans_change *out)
{
    *out = (struct bans_change){.set = 0};
    if (reload == NULL)
        return;
    reload->who = who;
    pthread_mutex_lock(&bans->changing);
    pthread_mutex_lock(&bans->lock);
    bool is_current = bans->changes == reload->changes;
    pthread_mutex_unlock(&bans->lock);
    if (is_current)
        apply_file(bans, reload);
    else
        log_warn("bans", "%s: not read anew: bans have changed meanwhile, and it is being written",
                 bans->file);
    *out = reload->done;
    if (out->set + out->lifted > 0)
        (void)bans_note_change(bans, clock_wall()); /* The keeper finds the next end. */
    pthread_mutex_unlock(&bans->changing);
    bans_reload_abort(reload);
}

void bans_reload_abort(struct bans_reload *reload)
{
    if (reload == NULL)
        return;
    ban_list_deinit(&reload->fresh);
    free(reload);
}
