#include "cli/serve_reload.h"

#include "admin/admin.h"
#include "base/log.h"
#include "front/front.h"
#include "hub/hub.h"
#include "hub/hub_internal.h"
#include "hub/reload.h"

#include <inttypes.h>
#include <limits.h>
#include <semaphore.h>

static int load(const struct server_parts *parts, struct diagnostics *diagnostics,
                struct config **out)
{
    char path[PATH_MAX];
    return config_load(cli_config_file(parts->options, path, sizeof path),
                       parts->options->overrides, parts->options->override_count, diagnostics, out);
}

/* Prepares everything that can fail, then changes over. Everything is tried, so that all errors are
 * reported. */
static int change_over(struct server_parts *parts, struct config *config,
                       struct diagnostics *diagnostics)
{
    struct hub_reload *hub = NULL;
    struct front_reload *front = NULL;
    struct admin_reload admin;
    int error = hub_reload_prepare(parts->hub, config, diagnostics, &hub);
    int front_error = front_reload_prepare(parts->front, config, diagnostics, &front);
    int admin_error = admin_prepare_reload(parts->admin, config, diagnostics, &admin);
    if (error == OK)
        error = front_error != OK ? front_error : admin_error;
    if (error == OK) {
        error = hub_reload_commit(parts->hub, hub, diagnostics);
        hub = NULL;
    }
    if (error != OK) {
        hub_reload_abort(hub);
        front_reload_abort(front);
        return error;
    }
    front_reload_commit(parts->front, front);
    admin_commit_reload(parts->admin, &admin);
    return OK;
}

/* What takes effect only when the server is started. */
static void warn_of_the_rest(const struct config *before, const struct config *after)
{
    static const char advice[] = "takes effect when the server is restarted";
    if (before->loops != after->loops)
        log_warn("serve", "loops has changed, which %s", advice);
    if (before->front_workers != after->front_workers ||
        before->front_request_timeout != after->front_request_timeout ||
        before->front_max_header != after->front_max_header)
        log_warn("serve", "front has changed, which for listeners that are open already %s",
                 advice);
    if (before->offload_threads != after->offload_threads ||
        before->offload_queue != after->offload_queue)
        log_warn("serve", "offload has changed, which %s", advice);
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

int serve_reload(struct server_parts *parts, struct diagnostics *diagnostics)
{
    struct config *config = NULL;
    int error = load(parts, diagnostics, &config);
    if (error == OK)
        error = change_over(parts, config, diagnostics);
    if (error != OK) {
        config_destroy(config);
        return error;
    }
    log_configure(config->log_level, config->log_format);
    warn_of_the_rest(parts->config, config);
    log_listeners(parts->front);
    config_destroy(parts->config);
    parts->config = config;
    log_info("serve", "reloaded %s: configuration %" PRIu64 " is in force", config->file,
             atomic_load_explicit(&parts->hub->generation, memory_order_relaxed));
    return OK;
}

/* -- from other threads -- */

struct request {
    struct mail mail; /* first */
    struct server_parts *parts;
    struct diagnostics *diagnostics;
    int result;
    sem_t is_done;
};

static void deliver(struct loop *loop, struct mail *mail)
{
    struct request *request = (struct request *)mail;
    (void)loop;
    request->result = serve_reload(request->parts, request->diagnostics);
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

int serve_reload_from_elsewhere(void *context, struct diagnostics *diagnostics)
{
    struct server_parts *parts = context;
    struct request request = {.mail.deliver = deliver, .parts = parts, .diagnostics = diagnostics};
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
