#include "cli/serve_reload.h"

#include "admin/admin.h"
#include "base/clock.h"
#include "base/event.h"
#include "cli/notify.h"
#include "cli/serve_log.h"
#include "cli/stop_signals.h"
#include "cli/configuration.h"
#include "config/config_changes.h"
#include "front/front.h"
#include "hub/bans_reload.h"
#include "hub/hub.h"
#include "hub/reload.h"
#include "hub/watchdog.h"
#include "pipeline/option_check.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Whoever asks for a reload of another file would wait in vain for what it says. */
static int check_file(const struct server_parts *parts, const char *file,
                      struct diagnostics *diagnostics)
{
    struct stat meant, own;
    if (file == NULL)
        return OK;
    bool is_same = stat(file, &meant) == 0 && stat(parts->config->file, &own) == 0 &&
                   meant.st_dev == own.st_dev && meant.st_ino == own.st_ino;
    if (is_same)
        return OK;
    diagnostics_add(diagnostics, (struct position){.file = file},
                    "the running server was started with another file, %s, which is the one that "
                    "a reload reads; change that one, or restart the server with this one",
                    parts->config->file);
    return ERR_CONFIG;
}

/* If something is wrong with the server's own part, the plugins' options are looked at too, so that
 * all errors are reported. */
static int load(const struct server_parts *parts, struct diagnostics *diagnostics,
                struct config **out)
{
    char path[PATH_MAX];
    struct config *config = NULL;
    int error = config_load_broken(cli_config_file(parts->options, path, sizeof path),
                                   parts->options->overrides, parts->options->override_count,
                                   diagnostics, &config);
    if (error == OK) {
        *out = config;
        return OK;
    }
    if (error == ERR_CONFIG && config != NULL)
        option_check(config, &parts->hub->plugins, diagnostics);
    config_destroy(config);
    return error;
}

/* Everything but the hub's part, which may be awaited. */
struct others {
    struct front_reload *front;
    struct bans_reload *bans;
    struct admin_reload admin;
    int log_fd;
};

/* All are tried, so that all errors are reported. */
static int prepare_others(const struct server_parts *parts, struct config *config,
                          struct diagnostics *diagnostics, struct others *others)
{
    int front_error = front_reload_prepare(parts->front, config, diagnostics, &others->front);
    int admin_error = admin_prepare_reload(parts->admin, config, diagnostics, &others->admin);
    int log_error = serve_log_prepare(config, diagnostics, &others->log_fd);
    int bans_error = bans_reload_prepare(&parts->hub->bans, config, diagnostics, &others->bans);
    if (front_error != OK || admin_error != OK)
        return front_error != OK ? front_error : admin_error;
    return log_error != OK ? log_error : bans_error;
}

static void abort_others(struct others *others)
{
    front_reload_abort(others->front);
    bans_reload_abort(others->bans);
    serve_log_abort(others->log_fd);
}

static void commit_others(struct server_parts *parts, struct reload_job *job, struct others *others)
{
    bans_reload_commit(&parts->hub->bans, others->bans, job->order->who, &job->order->bans);
    front_reload_commit(parts->front, others->front);
    admin_commit_reload(parts->admin, &others->admin);
    serve_log_commit(job->config, others->log_fd);
}

/* Nobody is let in by a configuration that does not come into force. */
static int open_listeners(void *context, struct diagnostics *diagnostics)
{
    return front_reload_open(context, diagnostics);
}

/* Prepares everything that can fail, then changes over; or returns HUB_RELOAD_AWAITED, and all but
 * the hub's part will be prepared again: files may have changed until then. */
static int change_over(struct server_parts *parts, struct reload_job *job)
{
    struct diagnostics *diagnostics = job->order->diagnostics;
    struct others others = {.front = NULL};
    int error =
        job->hub == NULL ? hub_reload_prepare(parts->hub, job->config, diagnostics, &job->hub) : OK;
    size_t warnings = diagnostics->warning_count;
    int others_error = prepare_others(parts, job->config, diagnostics, &others);
    if (error == OK)
        error = others_error;
    if (error == OK) {
        hub_reload_set_last_step(job->hub, open_listeners, others.front);
        error = hub_reload_commit(parts->hub, job->hub, diagnostics);
        job->hub = error == HUB_RELOAD_AWAITED ? job->hub : NULL;
    }
    if (error == OK)
        commit_others(parts, job, &others);
    else
        abort_others(&others);
    if (error == HUB_RELOAD_AWAITED)
        diagnostics_take_back_warnings(diagnostics, warnings);
    return error;
}

static bool is_offload_changed(const struct config *before, const struct config *after)
{
    return before->offload_threads != after->offload_threads ||
           before->offload_per_instance != after->offload_per_instance ||
           before->offload_queue != after->offload_queue ||
           before->offload_queue_per_instance != after->offload_queue_per_instance;
}

/* NULL: there is none. */
static bool are_paths_different(const char *before, const char *after)
{
    return strcmp(before != NULL ? before : "", after != NULL ? after : "") != 0;
}

/* What takes effect only when the server is started. */
static void warn_of_the_rest(const struct config *before, const struct config *after)
{
    static const char advice[] = "takes effect when the server is restarted";
    if (before->io != after->io)
        log_warn("serve", "io has changed, which %s", advice);
    if (before->loops != after->loops)
        log_warn("serve", "loops has changed, which %s", advice);
    if (before->front_workers != after->front_workers ||
        before->front_handshake_threads != after->front_handshake_threads ||
        before->front_request_timeout != after->front_request_timeout ||
        before->front_max_header != after->front_max_header)
        log_warn("serve", "front has changed, which for listeners that are open already %s",
                 advice);
    if (is_offload_changed(before, after))
        log_warn("serve", "offload has changed, which %s", advice);
    if (before->http_in_flight != after->http_in_flight ||
        before->http_per_instance != after->http_per_instance ||
        before->http_queue != after->http_queue ||
        before->http_breaker_failures != after->http_breaker_failures ||
        before->http_breaker_pause != after->http_breaker_pause)
        log_warn("serve", "http has changed, which %s", advice);
    if (before->admin_requests != after->admin_requests)
        log_warn("serve", "admin.requests has changed, which %s", advice);
    if (are_paths_different(before->bans_file, after->bans_file))
        log_warn("serve", "bans.file has changed, which %s", advice);
    if (are_paths_different(before->storage_path, after->storage_path))
        log_warn("serve", "storage.path has changed, which %s", advice);
    if (before->log_queue != after->log_queue)
        log_warn("serve", "log.queue has changed, which %s", advice);
}

static void log_listeners(const struct front *front)
{
    char url[256];
    for (size_t i = 0; i < front_listener_count(front); i++) {
        front_listener_url(front, i, url, sizeof url);
        log_info("serve", "listening on %s (address %s)", url, front_listener_address(front, i));
    }
}

/* One begun before goes on. */
static int try_reload(struct server_parts *parts, struct reload_job *job,
                      char changed[CONFIG_CHANGES_MAX])
{
    struct config *config = job->config;
    int error = config == NULL ? check_file(parts, job->order->file, job->order->diagnostics) : OK;
    if (error == OK && config == NULL)
        error = load(parts, job->order->diagnostics, &job->config);
    if (error == OK)
        error = change_over(parts, job);
    if (error != OK)
        return error;
    config = job->config;
    job->config = NULL;
    config_changes_describe(parts->config, config, changed);
    serve_log_configure(config);
    watchdog_configure(parts->watchdog, config);
    stop_signals_configure(parts->signals, config);
    warn_of_the_rest(parts->config, config);
    log_listeners(parts->front);
    config_destroy(parts->config);
    parts->config = config;
    return OK;
}

/* -- what is said -- */

/* What the events of a reload have in common. */
struct reload_story {
    const struct reload_order *order;
    const char *file; /* the server's */
    int64_t took;     /* ns */
};

static struct event_values tell_story(const struct reload_story *story)
{
    struct event_values values = {
        .texts = {[EVENT_FIELD_ASKED_BY] = story->order->who, [EVENT_FIELD_FILE] = story->file}};
    event_set_number(&values, EVENT_FIELD_DURATION_MS, (uint64_t)(story->took / NS_PER_MS));
    event_set_number(&values, EVENT_FIELD_WARNINGS, story->order->diagnostics->warning_count);
    return values;
}

static void log_done(const struct reload_story *story, uint64_t generation, const char *changed)
{
    char message[PATH_MAX + 64];
    struct event_values values = tell_story(story);
    snprintf(message, sizeof message, "reloaded %s: configuration %" PRIu64 " is in force",
             story->file, generation);
    values.message = message;
    values.texts[EVENT_FIELD_CHANGED] = changed[0] != '\0' ? changed : NULL;
    event_set_number(&values, EVENT_FIELD_GENERATION, generation);
    event_set_number(&values, EVENT_FIELD_REPLACED, story->order->replaced);
    if (story->order->bans.set > 0)
        event_set_number(&values, EVENT_FIELD_BANS_SET, story->order->bans.set);
    if (story->order->bans.lifted > 0)
        event_set_number(&values, EVENT_FIELD_BANS_LIFTED, story->order->bans.lifted);
    event_log(EVENT_RELOAD_DONE, "serve", &values);
}

static void log_failed(const struct reload_story *story, int error)
{
    char message[128];
    struct event_values values = tell_story(story);
    const char *reason = error == ERR_CLOSED ? "the server is stopping" : error_text(error);
    snprintf(message, sizeof message, "not reloaded (%s): what ran before goes on", reason);
    values.message = message;
    values.texts[EVENT_FIELD_REASON] = reason;
    event_set_number(&values, EVENT_FIELD_ERRORS,
                     story->order->diagnostics->count + story->order->diagnostics->lost);
    event_log(EVENT_RELOAD_FAILED, "serve", &values);
}

static void log_begun(const struct server_parts *parts, const char *who)
{
    char message[160];
    const struct event_values values = {
        .message = message,
        .texts = {[EVENT_FIELD_ASKED_BY] = who, [EVENT_FIELD_FILE] = parts->config->file}};
    snprintf(message, sizeof message, "%s: reloading the configuration", who);
    event_log(EVENT_RELOAD_BEGUN, "serve", &values);
}

void serve_reload_refuse(const struct server_parts *parts, const char *who)
{
    char message[160];
    const struct event_values values = {.message = message,
                                        .texts = {[EVENT_FIELD_ASKED_BY] = who,
                                                  [EVENT_FIELD_FILE] = parts->config->file,
                                                  [EVENT_FIELD_REASON] = "the server is stopping"}};
    snprintf(message, sizeof message, "%s: not reloaded, since the server is stopping", who);
    event_log(EVENT_RELOAD_FAILED, "serve", &values);
}

/* -- the whole of it -- */

/* For /metrics. */
static void note_reload(struct hub_reloads *reloads, int error, int64_t took)
{
    atomic_store_explicit(&reloads->last_at, clock_wall(), memory_order_relaxed);
    atomic_store_explicit(&reloads->last_took, took, memory_order_relaxed);
    atomic_fetch_add_explicit(error == OK ? &reloads->done : &reloads->failed, 1,
                              memory_order_relaxed);
    atomic_store_explicit(&reloads->last_failed, error != OK, memory_order_relaxed);
}

static uint64_t count_replaced(const struct server_parts *parts)
{
    return atomic_load_explicit(&parts->hub->reloads.replaced, memory_order_relaxed);
}

static void begin(struct server_parts *parts, struct reload_job *job)
{
    job->is_begun = true;
    notify_reloading();
    log_begun(parts, job->order->who);
    job->began = clock_monotonic();
    job->replaced = count_replaced(parts);
}

static void finish(struct server_parts *parts, struct reload_job *job, int error,
                   const char *changed)
{
    const struct reload_story story = {
        .order = job->order, .file = parts->config->file, .took = clock_monotonic() - job->began};
    job->order->replaced = count_replaced(parts) - job->replaced;
    hub_reload_abort(job->hub);
    config_destroy(job->config);
    note_reload(&parts->hub->reloads, error, story.took);
    diagnostics_log(job->order->diagnostics, "serve");
    if (error == OK)
        hub_announce_instances(parts->hub);
    if (error == OK)
        log_done(&story, atomic_load_explicit(&parts->hub->generation, memory_order_relaxed),
                 changed);
    else
        log_failed(&story, error);
    notify_ready();
    job->end(job, error);
}

/* Goes on with the first job. Returns whether it is over. */
static bool run_first(struct server_parts *parts)
{
    struct reload_job *job = parts->jobs;
    char changed[CONFIG_CHANGES_MAX];
    if (job->hub != NULL && hub_reload_is_awaited(job->hub))
        return false;
    if (!job->is_begun)
        begin(parts, job);
    int error = try_reload(parts, job, changed);
    if (error == HUB_RELOAD_AWAITED)
        return false;
    parts->jobs = job->next;
    finish(parts, job, error, changed);
    return true;
}

void serve_reload_continue(struct server_parts *parts)
{
    while (parts->jobs != NULL && !hub_is_starting(parts->hub) && run_first(parts))
        continue;
}

void serve_reload(struct server_parts *parts, struct reload_job *job)
{
    struct reload_job **last = &parts->jobs;
    while (*last != NULL)
        last = &(*last)->next;
    *last = job;
    serve_reload_continue(parts);
}

int64_t serve_reload_deadline(const struct server_parts *parts)
{
    bool is_waiting = parts->jobs != NULL && parts->jobs->hub != NULL;
    return is_waiting ? hub_reload_deadline(parts->jobs->hub) : INT64_MAX;
}

void serve_reload_give_up(struct server_parts *parts)
{
    while (parts->jobs != NULL) {
        struct reload_job *job = parts->jobs;
        parts->jobs = job->next;
        if (job->is_begun) {
            finish(parts, job, ERR_CLOSED, "");
            continue;
        }
        serve_reload_refuse(parts, job->order->who);
        job->end(job, ERR_CLOSED);
    }
}
