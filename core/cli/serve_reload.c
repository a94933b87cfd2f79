#include "cli/serve_reload.h"

#include "admin/admin.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/notify.h"
#include "cli/serve_log.h"
#include "cli/stop_signals.h"
#include "front/front.h"
#include "hub/hub.h"
#include "hub/reload.h"
#include "hub/watchdog.h"
#include "pipeline/option_check.h"

#include <inttypes.h>
#include <limits.h>
#include <semaphore.h>
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

/* Prepares everything that can fail, then changes over. Everything is tried, so that all errors are
 * reported. */
static int change_over(struct server_parts *parts, struct config *config,
                       struct diagnostics *diagnostics)
{
    struct hub_reload *hub = NULL;
    struct front_reload *front = NULL;
    struct admin_reload admin;
    int log_fd;
    int error = hub_reload_prepare(parts->hub, config, diagnostics, &hub);
    int front_error = front_reload_prepare(parts->front, config, diagnostics, &front);
    int admin_error = admin_prepare_reload(parts->admin, config, diagnostics, &admin);
    int log_error = serve_log_prepare(config, diagnostics, &log_fd);
    if (error == OK)
        error = front_error != OK ? front_error : admin_error;
    if (error == OK)
        error = log_error;
    if (error == OK) {
        error = hub_reload_commit(parts->hub, hub, diagnostics);
        hub = NULL;
    }
    if (error != OK) {
        hub_reload_abort(hub);
        front_reload_abort(front);
        serve_log_abort(log_fd);
        return error;
    }
    front_reload_commit(parts->front, front);
    admin_commit_reload(parts->admin, &admin);
    serve_log_commit(config, log_fd);
    return OK;
}

void serve_configure_log(const struct config *config)
{
    uint32_t sample = 1;
    log_configure(config->log_level, config->log_format);
    if (access_log_read_sample(config->log_sample, &sample)) /* It was checked. */
        access_log_configure(config->log_access, sample);
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
    if (before->offload_threads != after->offload_threads ||
        before->offload_queue != after->offload_queue)
        log_warn("serve", "offload has changed, which %s", advice);
    if (before->admin_requests != after->admin_requests)
        log_warn("serve", "admin.requests has changed, which %s", advice);
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

static int try_reload(struct server_parts *parts, const char *file, struct diagnostics *diagnostics)
{
    struct config *config = NULL;
    int error = check_file(parts, file, diagnostics);
    if (error == OK)
        error = load(parts, diagnostics, &config);
    if (error == OK)
        error = change_over(parts, config, diagnostics);
    if (error != OK) {
        config_destroy(config);
        return error;
    }
    serve_configure_log(config);
    watchdog_configure(parts->watchdog, config);
    stop_signals_configure(parts->signals, config);
    warn_of_the_rest(parts->config, config);
    log_listeners(parts->front);
    config_destroy(parts->config);
    parts->config = config;
    log_info("serve", "reloaded %s: configuration %" PRIu64 " is in force", config->file,
             atomic_load_explicit(&parts->hub->generation, memory_order_relaxed));
    return OK;
}

static void log_findings(const struct diagnostics *diagnostics)
{
    char line[DIAGNOSTIC_LINE_MAX];
    for (size_t i = 0; i < diagnostics->count; i++) {
        diagnostic_format(&diagnostics->items[i], line);
        log_error("serve", "%s", line);
    }
    for (size_t i = 0; i < diagnostics->warning_count; i++) {
        diagnostic_format(&diagnostics->warnings[i], line);
        log_warn("serve", "%s", line);
    }
}

/* For /metrics. */
static void note_reload(struct hub_reloads *reloads, int error, int64_t took)
{
    atomic_store_explicit(&reloads->last_at, clock_wall(), memory_order_relaxed);
    atomic_store_explicit(&reloads->last_took, took, memory_order_relaxed);
    atomic_fetch_add_explicit(error == OK ? &reloads->done : &reloads->failed, 1,
                              memory_order_relaxed);
    atomic_store_explicit(&reloads->last_failed, error != OK, memory_order_relaxed);
}

int serve_reload(struct server_parts *parts, const char *file, struct diagnostics *diagnostics)
{
    notify_reloading();
    int64_t began = clock_monotonic();
    int error = try_reload(parts, file, diagnostics);
    log_findings(diagnostics);
    if (error != OK)
        log_error("serve", "not reloaded (%s): what ran before goes on", error_text(error));
    note_reload(&parts->hub->reloads, error, clock_monotonic() - began);
    notify_ready();
    return error;
}

/* -- from other threads -- */

struct request {
    struct mail mail; /* first */
    struct server_parts *parts;
    const char *file;
    struct diagnostics *diagnostics;
    int result;
    sem_t is_done;
};

static void deliver(struct loop *loop, struct mail *mail)
{
    struct request *request = (struct request *)mail;
    (void)loop;
    request->result = serve_reload(request->parts, request->file, request->diagnostics);
    sem_post(&request->is_done);
}

/* Under the lock, so that a request is either refused or found by serve_reload_end. */
static bool post(struct server_parts *parts, struct request *request)
{
    pthread_mutex_lock(&parts->lock);
    bool is_stopping = parts->is_stopping;
    if (!is_stopping)
        hub_post_control(parts->hub, &request->mail);
    pthread_mutex_unlock(&parts->lock);
    return !is_stopping;
}

int serve_reload_from_elsewhere(void *context, const char *file, struct diagnostics *diagnostics)
{
    struct server_parts *parts = context;
    struct request request = {
        .mail.deliver = deliver, .parts = parts, .file = file, .diagnostics = diagnostics};
    sem_init(&request.is_done, 0, 0);
    if (!post(parts, &request)) {
        sem_destroy(&request.is_done);
        return ERR_CLOSED;
    }
    while (sem_wait(&request.is_done) != 0)
        continue; /* Interrupted by a signal. */
    sem_destroy(&request.is_done);
    return request.result;
}

void serve_reload_end(struct server_parts *parts)
{
    pthread_mutex_lock(&parts->lock);
    parts->is_stopping = true;
    pthread_mutex_unlock(&parts->lock);
    hub_run_control(parts->hub);
}
