#include "cli/serve_reload.h"

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

/* Prepares everything that can fail, then changes over. */
static int change_over(struct server_parts *parts, struct config *config,
                       struct diagnostics *diagnostics)
{
    struct hub_reload *hub_reload = NULL;
    int error = hub_reload_prepare(parts->hub, config, diagnostics, &hub_reload);
    if (error == OK)
        error = hub_reload_commit(parts->hub, hub_reload, diagnostics);
    return error;
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
    struct request request = {
        .mail.deliver = deliver, .parts = parts, .diagnostics = diagnostics};
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
