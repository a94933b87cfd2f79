#include "cli/cli.h"

#include "admin/admin.h"
#include "base/crash.h"
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
               config->admin_token_file != NULL && !is_unix ? " (token)" : "");
    }
    printf("  io     %s\n", io);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        cli_describe_chain(&config->endpoints[i], chain, sizeof chain);
        printf("  %s: %s%s\n", config->endpoints[i].path, chain,
               config->endpoints[i].identity_required ? " (identity required)" : "");
    }
}

/* Everything that `serve` would find out, short of listening. If it is all right, `io` says how
 * clients are written to. */
static int check_parts(struct config *config, char io[IO_TEXT_MAX])
{
    struct diagnostics diagnostics;
    struct hub *hub = NULL;

    diagnostics_init(&diagnostics);
    int error = hub_create(config, host_table(), &diagnostics, &hub);
    int front_error = front_check(config, &diagnostics);
    int admin_error = admin_check(config, &diagnostics);
    if (error == OK)
        io_describe(hub, io);
    hub_destroy(hub);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    if (error == ERR_NO_MEMORY || error == ERR_SYSTEM)
        fprintf(stderr, "sluice: %s\n", error_text(error));
    return error != OK ? error : front_error != OK ? front_error : admin_error;
}

int cli_check(const struct cli_options *options)
{
    char io[IO_TEXT_MAX];
    struct config *config = cli_load_config(options);
    if (config == NULL)
        return EXIT_WRONG;
    crash_install(); /* Plugins are loaded. */
    int error = check_parts(config, io);
    if (error == OK)
        print_summary(config, io);
    config_destroy(config);
    return error == OK ? 0 : EXIT_WRONG;
}
