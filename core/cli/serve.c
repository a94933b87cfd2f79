#include "cli/cli.h"
#include "cli/configuration.h"

#include "admin/admin.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/descriptors.h"
#include "base/event.h"
#include "base/thread_trace.h"
#include "base/ticks.h"
#include "base/watched.h"
#include "cli/cli_error.h"
#include "cli/notify.h"
#include "cli/serve_log.h"
#include "cli/serve_loop.h"
#include "cli/serve_reload.h"
#include "cli/stop_signals.h"
#include "front/front.h"
#include "host/host.h"
#include "hub/hub.h"
#include "hub/io.h"
#include "hub/reload.h"
#include "client/recorder.h"
#include "hub/watchdog.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define DRAIN_POLL 20 /* ms */

/* A client is a descriptor: take as many as we may have, and say so if the limits promise more. */
static void raise_descriptor_limit(const struct config *config)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    struct descriptors descriptors;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    descriptors_share(&descriptors);
    if (descriptors.for_clients < config->limit_clients)
        log_info("serve",
                 "limits.clients is %u, but this process may open only %u files, enough for about "
                 "%u clients; raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit) to "
                 "serve more",
                 config->limit_clients, descriptors.most, descriptors.for_clients);
}

static int start_recording(struct server_parts *parts)
{
    const struct cli_options *options = parts->options;
    size_t limit = options->record_limit > 0 ? options->record_limit : RECORDER_LIMIT;
    char reason[RECORDING_FILE_TEXT_MAX] = "out of memory";
    int error = recorder_open(options->record, limit, &parts->recorder, reason);
    if (error != OK)
        log_error("serve", "cannot record to %s: %s", options->record, reason);
    else
        log_info("serve", "recording to %s, messages and all", options->record);
    parts->hub->set.recorder = parts->recorder;
    return error;
}

static int start_admin(struct server_parts *parts, struct diagnostics *diagnostics)
{
    struct admin_parts shown = {.hub = parts->hub,
                                .watchdog = parts->watchdog,
                                .front = parts->front,
                                .events = parts->events,
                                .reload = serve_reload_from_elsewhere,
                                .reload_context = parts};
    return admin_create(parts->config, &shown, diagnostics, &parts->admin);
}

/* Finds the mistakes behind the one that keeps the server from starting, so that all are shown. */
static void check_the_rest(const struct config *config, struct diagnostics *diagnostics)
{
    int front_error = front_check(config, diagnostics);
    int admin_error = admin_check(config, diagnostics);
    (void)front_error; /* It does not start anyway. */
    (void)admin_error;
}

static int start_parts(struct server_parts *parts, struct diagnostics *diagnostics)
{
    int error = hub_create(parts->config, host_table(), SL_MODE_SERVE, diagnostics, &parts->hub);
    if (error == ERR_CONFIG || error == ERR_PLUGIN)
        check_the_rest(parts->config, diagnostics);
    if (error == OK && parts->options->record != NULL)
        error = start_recording(parts);
    if (error == OK) {
        watchdog_use_hub(parts->watchdog, parts->hub);
        error = hub_start(parts->hub);
    }
    if (error == OK)
        error = front_create(parts->config, parts->hub, diagnostics, &parts->front);
    if (error == OK)
        error = start_admin(parts, diagnostics);
    return error;
}

static void stop_parts(struct server_parts *parts)
{
    admin_destroy(parts->admin); /* It reads the counts of the others. */
    front_destroy(parts->front);
    watchdog_use_hub(parts->watchdog, NULL);
    hub_destroy(parts->hub);
    recorder_close(parts->recorder);
}

static void log_configuration(const struct server_parts *parts)
{
    char message[PATH_MAX + 64];
    const struct config *config = parts->config;
    struct event_values values = {.message = message, .texts = {[EVENT_FIELD_FILE] = config->file}};
    uint64_t generation = atomic_load_explicit(&parts->hub->generation, memory_order_relaxed);
    snprintf(message, sizeof message, "configuration %" PRIu64 " is %s", generation, config->file);
    event_set_number(&values, EVENT_FIELD_GENERATION, generation);
    event_set_number(&values, EVENT_FIELD_ENDPOINTS, config->endpoint_count);
    event_log(EVENT_CONFIGURATION_LOADED, "serve", &values);
}

static void log_addresses(const struct server_parts *parts)
{
    char text[1024];
    for (size_t i = 0; i < front_listener_count(parts->front); i++) {
        front_listener_url(parts->front, i, text, sizeof text);
        log_info("serve", "listening on %s (address %s)", text,
                 front_listener_address(parts->front, i));
        if (parts->config->demo_page && i == 0)
            log_info("serve", "a page to try it: http%s/", text + 2); /* "ws..." -> "http..." */
    }
    for (size_t i = 0; i < admin_listener_count(parts->admin); i++) {
        admin_url(parts->admin, i, text, sizeof text);
        log_info("serve", "admin on %s (/healthz, /readyz, /metrics, /api/v1)", text);
    }
}

/* What an operator wants to see: what it serves, and how to end it. */
static void log_status(const struct server_parts *parts)
{
    const struct config *config = parts->config;
    char text[1024];
    for (size_t i = 0; i < config->endpoint_count; i++) {
        cli_describe_chain(&config->endpoints[i], text, sizeof text);
        log_info("serve", "endpoint %s: %s", config->endpoints[i].path, text);
    }
    io_describe(parts->hub, text);
    log_info("serve", "io: %s", text);
    if (ban_list_count(&parts->hub->bans.list) > 0)
        log_info("serve", "bans: %" PRIu32 " from %s", ban_list_count(&parts->hub->bans.list),
                 config->bans_file);
    log_info("serve",
             "ready (sluice " SLUICE_VERSION ", process %d); Ctrl-C or SIGTERM stops it, SIGHUP "
             "reloads it",
             (int)getpid());
}

/* -- stopping -- */

static bool is_busy(const struct server_parts *parts)
{
    return hub_client_count(parts->hub, NULL) > 0 || hub_has_plugin_work(parts->hub);
}

/* A line each second, or each tenth of the time if that is longer. */
static int64_t log_progress(const struct server_parts *parts, int64_t deadline, int64_t grace)
{
    char message[128];
    struct event_values values = {.message = message};
    int64_t now = clock_monotonic();
    uint32_t clients = hub_client_count(parts->hub, NULL);
    int64_t left = (deadline - now) / NS_PER_MS;
    snprintf(message, sizeof message,
             "%" PRIu32 " clients are left; shutdown.grace ends in %" PRId64 " ms", clients, left);
    event_set_number(&values, EVENT_FIELD_CLIENTS, clients);
    event_set_number(&values, EVENT_FIELD_LEFT_MS, left > 0 ? (uint64_t)left : 0);
    event_log(EVENT_DRAIN_PROGRESS, "serve", &values);
    return now + (grace / 10 > NS_PER_S ? grace / 10 : NS_PER_S);
}

static void log_cut_off(uint32_t clients)
{
    char message[96];
    struct event_values values = {.message = message};
    if (clients == 0)
        return;
    snprintf(message, sizeof message, "cutting off %" PRIu32 " clients that have not said goodbye",
             clients);
    event_set_number(&values, EVENT_FIELD_CLIENTS, clients);
    event_log(EVENT_DRAIN_CUT_OFF, "serve", &values);
}

/* Waits until all clients are gone and all that plugins have given away is done, the grace period
 * is over, or a second signal comes. */
static void wait_for_clients(struct server_parts *parts, int64_t deadline, int64_t grace)
{
    int64_t next_line = clock_monotonic() + NS_PER_S;
    while (is_busy(parts) && clock_monotonic() < deadline) {
        int number = serve_loop_step(parts, DRAIN_POLL);
        if (number == SIGINT || number == SIGTERM)
            break;
        if (number == SIGHUP)
            serve_reload_refuse(parts, "SIGHUP");
        if (clock_monotonic() >= next_line)
            next_line = log_progress(parts, deadline, grace);
    }
    log_cut_off(hub_client_count(parts->hub, NULL));
}

static void log_delayed(int64_t delay)
{
    struct event_values values = {
        .message = "not ready any more; new clients come in for shutdown.delay still"};
    event_set_number(&values, EVENT_FIELD_DELAY_MS, (uint64_t)(delay / NS_PER_MS));
    event_log(EVENT_SHUTDOWN_DELAYED, "serve", &values);
}

/* Gives load balancers shutdown.delay to see that the server is not ready. Returns whether nobody
 * was impatient. */
static bool wait_for_balancers(struct server_parts *parts)
{
    int64_t delay = parts->config->shutdown_delay;
    if (delay == 0)
        return true;
    log_delayed(delay);
    hub_announce_stop(parts->hub);
    return serve_loop_run(parts, clock_monotonic() + delay) == 0;
}

static void log_stopping(const struct server_parts *parts, const char *who)
{
    char message[96];
    struct event_values values = {.message = message, .texts = {[EVENT_FIELD_ASKED_BY] = who}};
    const struct config *config = parts->config;
    snprintf(message, sizeof message, "%s: closing all clients; once more to end at once", who);
    event_set_number(&values, EVENT_FIELD_CLIENTS, hub_client_count(parts->hub, NULL));
    event_set_number(&values, EVENT_FIELD_DELAY_MS, (uint64_t)(config->shutdown_delay / NS_PER_MS));
    event_set_number(&values, EVENT_FIELD_LEFT_MS,
                     (uint64_t)((config->shutdown_delay + config->shutdown_grace) / NS_PER_MS));
    event_log(EVENT_DRAIN_BEGUN, "serve", &values);
}

static void drain(struct server_parts *parts, int number)
{
    int64_t grace = parts->config->shutdown_grace; /* which a reload meanwhile does not change */
    log_stopping(parts, number == SIGINT ? "SIGINT" : "SIGTERM");
    if (!wait_for_balancers(parts))
        grace = 0;
    notify_stopping();
    serve_reload_end(parts);
    int64_t deadline = clock_monotonic() + grace;
    hub_drain(parts->hub, grace);
    front_stop(parts->front);
    wait_for_clients(parts, deadline, grace);
}

static void print_diagnostics(struct diagnostics *diagnostics, int error)
{
    diagnostics_print(diagnostics);
    if (error != OK && diagnostics->count == 0)
        log_error("serve", "cannot start: %s", error_text(error));
    diagnostics_deinit(diagnostics);
    diagnostics_init(diagnostics);
}

/* Everything runs; what is not there yet is perhaps the configuration. Returns 0, or the error for
 * which it never comes into force. */
static int run(struct server_parts *parts, struct diagnostics *diagnostics)
{
    bool is_early = hub_is_starting(parts->hub);
    int number = 0;
    if (is_early)
        log_addresses(parts);
    int error = serve_loop_start(parts, diagnostics, &number);
    if (error != OK || number != 0) {
        serve_reload_end(parts);
        return error;
    }
    log_configuration(parts);
    hub_announce_instances(parts->hub);
    if (!is_early)
        log_addresses(parts);
    log_status(parts);
    notify_ready();
    serve_reload_continue(parts);
    drain(parts, serve_loop_run(parts, SERVE_FOR_EVER));
    return OK;
}

/* From the first part that is started to the last that is stopped. */
static int serve(struct server_parts *parts)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    int error = start_parts(parts, &diagnostics);
    print_diagnostics(&diagnostics, error);
    if (error == OK) {
        error = run(parts, &diagnostics);
        if (error != OK)
            print_diagnostics(&diagnostics, error);
    }
    diagnostics_deinit(&diagnostics);
    stop_parts(parts);
    if (error == OK)
        log_info("serve", "stopped");
    return error;
}

/* With the threads that watch over the others, which are there before and after them. */
static int serve_watched(struct server_parts *parts)
{
    watched_begin(WATCHED_MAIN, 0);
    int error = stop_signals_create(parts->config, &parts->signals);
    if (error == OK)
        error = serve_log_keep_events(parts->config, &parts->events);
    if (error == OK)
        error = watchdog_create(parts->config, &parts->watchdog);
    if (error != OK)
        log_error("serve", "cannot start: %s", error_text(error));
    else
        error = serve(parts);
    watchdog_destroy(parts->watchdog);
    serve_log_forget_events(parts->events);
    stop_signals_destroy(parts->signals);
    watched_end();
    return error;
}

/* Where the log goes comes first: what is wrong with that is said on standard error. */
static int start_log(const struct config *config)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    int error = serve_log_start(config, &diagnostics);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    return error;
}

static struct config *load_config(const struct cli_options *options)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    serve_log_expect(options);
    struct config *config = cli_read_config_and_look(options, serve_log_use_format, &diagnostics);
    cli_print_findings(options, &diagnostics);
    diagnostics_deinit(&diagnostics);
    return config;
}

int cli_serve(const struct cli_options *options)
{
    struct config *config = load_config(options);
    if (config == NULL)
        return EXIT_WRONG;
    config->plugins_in_place = options->plugins_in_place;
    serve_log_configure(config);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* A log or a recording that may not grow is an error of its write. */
    if (start_log(config) != OK) {
        config_destroy(config);
        return EXIT_WRONG;
    }
    ticks_init();
    crash_install();
    crash_watch_exit();
    thread_trace_install();
    notify_init();
    raise_descriptor_limit(config);
    struct server_parts parts = {
        .options = options, .config = config_ref(config), .lock = PTHREAD_MUTEX_INITIALIZER};
    int error = serve_watched(&parts);
    log_stop();
    if (error != OK)
        serve_log_tell_failure();
    crash_expect_exit();
    config_destroy(parts.config);
    config_destroy(config);
    return error == OK ? 0 : EXIT_WRONG;
}
