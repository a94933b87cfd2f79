#include "cli/admin_target.h"

#include "admin/token_file.h"
#include "cli/cli_error.h"
#include "cli/configuration.h"
#include "config/listen_address.h"

#include <stdio.h>
#include <string.h>

static bool read_token(const char *path, struct admin_target *target)
{
    char why[512];
    ssize_t len =
        token_file_read_line(path, target->token, sizeof target->token, NULL, why, sizeof why);
    if (len < 0)
        cli_error(target->options, "token", "cannot read the admin token from %s: %s", path, why);
    return len >= 0;
}

static bool take_path(const char *path, struct admin_target *target)
{
    if (path[0] != '/' || strlen(path) > LISTEN_UNIX_PATH_MAX) {
        cli_error(target->options, "address",
                  "'%s' is not the absolute path of a Unix socket (%d bytes at most)", path,
                  LISTEN_UNIX_PATH_MAX);
        return false;
    }
    snprintf(target->address, sizeof target->address, "%s", path);
    target->is_unix = true;
    return true;
}

/* "unix:/run/sluice/admin.sock", "/run/sluice/admin.sock", "http://127.0.0.1:9090/",
 * "127.0.0.1:9090", "[::1]:9090"; the whole machine means this machine.
 */
static bool parse_address(const char *text, struct admin_target *target)
{
    const char *path = listen_unix_path(text);
    if (path != NULL || text[0] == '/')
        return take_path(path != NULL ? path : text, target);
    if (strncmp(text, "http://", 7) == 0)
        text += 7;
    snprintf(target->address, sizeof target->address, "%s", text);
    target->address[strcspn(target->address, "/?#")] = '\0';
    if (strchr(target->address, '@') != NULL) { /* It may hold a password: it is not shown. */
        cli_error(target->options, "address",
                  "the address of the server holds no user name; --token-file names the token");
        return false;
    }
    const char *colon = strrchr(target->address, ':');
    if (colon == NULL || colon == target->address) {
        cli_error(target->options, "address",
                  "'%s' is not an address with a port, like 127.0.0.1:9090", target->address);
        return false;
    }
    snprintf(target->port, sizeof target->port, "%s", colon + 1);
    snprintf(target->host, sizeof target->host, "%.*s", (int)(colon - target->address),
             target->address);
    if (target->host[0] == '[') {
        memmove(target->host, target->host + 1, strlen(target->host));
        target->host[strcspn(target->host, "]")] = '\0';
    }
    if (strcmp(target->host, "*") == 0 || strcmp(target->host, "0.0.0.0") == 0)
        snprintf(target->host, sizeof target->host, "127.0.0.1");
    return true;
}

/* What the file says, as far as it can be read: a server may run from what stood there before. Only
 * where that does not say where the server is, the mistakes matter. */
static struct config *load_for_address(const struct cli_options *options)
{
    char path[PATH_MAX];
    struct diagnostics diagnostics;
    struct config *config = NULL;
    diagnostics_init(&diagnostics);
    int error = config_load_broken(cli_config_file(options, path, sizeof path), options->overrides,
                                   options->override_count, &diagnostics, &config);
    if (error != OK && (config == NULL || config->admin_listen == NULL)) {
        cli_print_findings(options, &diagnostics);
        config_destroy(config);
        config = NULL;
    }
    diagnostics_deinit(&diagnostics);
    return config;
}

/* A Unix socket, which needs no token, before an address that anybody may listen on. */
static const char *best_address(const struct config *config)
{
    for (size_t i = 0; i < config->admin_listen_count; i++)
        if (listen_unix_path(config->admin_listen[i]) != NULL)
            return config->admin_listen[i];
    return config->admin_listen[0];
}

/* The file of the token that may do most, or NULL: none is needed. */
static const char *best_token_file(const struct config *config)
{
    const struct admin_token_config *best = NULL;
    if (config->admin_token_file != NULL)
        return config->admin_token_file;
    for (size_t i = 0; i < config->admin_token_count; i++)
        if (best == NULL || config->admin_tokens[i].role > best->role)
            best = &config->admin_tokens[i];
    return best != NULL ? best->file : NULL;
}

bool admin_target_find(const struct cli_options *options, struct admin_target *target)
{
    *target = (struct admin_target){.options = options, .token = ""};
    snprintf(target->source, sizeof target->source, "--admin");
    if (options->admin != NULL)
        return parse_address(options->admin, target) &&
               (options->token_file == NULL || target->is_unix ||
                read_token(options->token_file, target));
    struct config *config = load_for_address(options);
    if (config == NULL)
        return false;
    bool good = config->admin_listen_count > 0;
    if (!good)
        cli_error(options, "address",
                  "%s: there is no admin.listen, so a server with this configuration cannot "
                  "be asked; send it SIGHUP, or use --admin",
                  config->file);
    const char *token_file =
        options->token_file != NULL ? options->token_file : best_token_file(config);
    good = good && parse_address(best_address(config), target) &&
           (token_file == NULL || target->is_unix || read_token(token_file, target));
    snprintf(target->source, sizeof target->source, "admin.listen in %s", config->file);
    config_destroy(config);
    return good;
}
