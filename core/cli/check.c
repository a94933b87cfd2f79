#include "cli/cli.h"
#include "cli/configuration.h"

#include "admin/admin.h"
#include "admin/findings.h"
#include "base/crash.h"
#include "cli/cli_error.h"
#include "cli/serve_log.h"
#include "config/listen_address.h"
#include "front/front.h"
#include "host/host.h"
#include "hub/hub.h"
#include "hub/io.h"

#include <stdio.h>

static void print_summary(const struct config *config, const char *io)
{
    char chain[1024];
    printf("%s: ok\n", config->file);
    for (size_t i = 0; i < config->listener_count; i++)
        printf("  listen %s%s\n", config->listeners[i].address,
               config->listeners[i].tls != NULL ? " (TLS)" : "");
    for (size_t i = 0; i < config->admin_listen_count; i++) {
        bool is_unix = listen_unix_path(config->admin_listen[i]) != NULL;
        printf("  admin  %s%s\n", config->admin_listen[i],
               config_needs_admin_token(config) && !is_unix ? " (token)" : "");
    }
    printf("  io     %s\n", io);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        cli_describe_chain(&config->endpoints[i], chain, sizeof chain);
        printf("  %s: %s%s\n", config->endpoints[i].path, chain,
               config->endpoints[i].identity_required ? " (identity required)" : "");
    }
}

static cJSON *describe_listeners(const struct config *config)
{
    cJSON *listeners = cJSON_CreateArray();
    for (size_t i = 0; i < config->listener_count; i++) {
        cJSON *listener = cJSON_CreateObject();
        cJSON_AddStringToObject(listener, "address", config->listeners[i].address);
        cJSON_AddBoolToObject(listener, "tls", config->listeners[i].tls != NULL);
        cJSON_AddItemToArray(listeners, listener);
    }
    return listeners;
}

static cJSON *describe_endpoints(const struct config *config)
{
    cJSON *endpoints = cJSON_CreateArray();
    for (size_t i = 0; i < config->endpoint_count; i++) {
        const struct endpoint_config *from = &config->endpoints[i];
        cJSON *endpoint = cJSON_CreateObject();
        cJSON_AddStringToObject(endpoint, "path", from->path);
        cJSON *pipeline = cJSON_AddArrayToObject(endpoint, "pipeline");
        for (size_t j = 0; j < from->pipeline_length; j++)
            cJSON_AddItemToArray(pipeline, cJSON_CreateString(from->pipeline[j].plugin));
        cJSON_AddBoolToObject(endpoint, "echo", from->echo);
        cJSON_AddBoolToObject(endpoint, "identity_required", from->identity_required);
        cJSON_AddItemToArray(endpoints, endpoint);
    }
    return endpoints;
}

static bool print_json(const struct config *config, const char *io,
                       const struct diagnostics *diagnostics)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "file", config->file);
    cJSON_AddItemToObject(answer, "listen", describe_listeners(config));
    cJSON *admin = cJSON_AddArrayToObject(answer, "admin");
    for (size_t i = 0; i < config->admin_listen_count; i++)
        cJSON_AddItemToArray(admin, cJSON_CreateString(config->admin_listen[i]));
    cJSON_AddStringToObject(answer, "io", io);
    cJSON_AddItemToObject(answer, "endpoints", describe_endpoints(config));
    cJSON_AddItemToObject(answer, "warnings",
                          findings_describe(diagnostics->warnings, diagnostics->warning_count));
    return cli_print_json(answer);
}

/* Everything that `serve` would find out, short of listening. If it is all right, `io` says how
 * clients are written to. */
static int check_parts(struct config *config, struct diagnostics *diagnostics, char io[IO_TEXT_MAX])
{
    struct hub *hub = NULL;
    int error = hub_create(config, host_table(), SL_MODE_CHECK, diagnostics, &hub);
    if (error == OK)
        error = hub_await_start(hub, diagnostics);
    int front_error = front_check(config, diagnostics);
    int admin_error = admin_check(config, diagnostics);
    int log_error = serve_log_check(config, diagnostics);
    if (error == OK)
        io_describe(hub, io);
    hub_destroy(hub);
    if (error != OK || front_error != OK)
        return error != OK ? error : front_error;
    return admin_error != OK ? admin_error : log_error;
}

/* Prints the outcome. Returns the exit status. */
static int report(const struct cli_options *options, const struct config *config, int error,
                  const char *io, const struct diagnostics *diagnostics)
{
    bool is_strictly_wrong = options->strict && diagnostics->warning_count > 0;
    if (!options->json || error != OK)
        cli_print_findings(options, diagnostics);
    if (error != OK) {
        if (diagnostics->count == 0 && config != NULL)
            cli_error(options, "failed", "%s", error_text(error));
        return EXIT_WRONG;
    }
    if (options->json)
        return print_json(config, io, diagnostics) && !is_strictly_wrong ? 0 : EXIT_WRONG;
    if (is_strictly_wrong)
        return EXIT_WRONG;
    print_summary(config, io);
    return 0;
}

int cli_check(const struct cli_options *options)
{
    char io[IO_TEXT_MAX];
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct config *config = cli_read_config(options, &diagnostics);
    int error = ERR_CONFIG;
    if (config != NULL) {
        crash_install(); /* Plugins are loaded. */
        error = check_parts(config, &diagnostics, io);
    }
    int status = report(options, config, error, io, &diagnostics);
    config_destroy(config);
    diagnostics_deinit(&diagnostics);
    return status;
}
