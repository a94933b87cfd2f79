#include "admin/admin.h"

#include "admin/admin_internal.h"
#include "admin/admin_requests.h"
#include "admin/admin_socket.h"
#include "base/log.h"
#include "config/listen_address.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Besides one for each request that may be worked on at once. */
#define HEALTH_WORKERS 2

int admin_check(const struct config *config, struct diagnostics *diagnostics)
{
    struct admin_token_set tokens;
    return admin_token_load(config, diagnostics, &tokens);
}

/* -- listening -- */

static void report_failure(const struct config *config, struct diagnostics *diagnostics,
                           const char *address, const char *why)
{
    diagnostics_add(diagnostics, config->admin_position, "cannot listen on %s: %s", address, why);
}

static int start_tcp(struct admin_listener *listener, const struct config *config,
                     const char **failure)
{
    int fd = -1;
    int error = bind_address_probe(&listener->address, &fd);
    if (error != 0) {
        *failure = strerror(error);
        return ERR_SYSTEM;
    }
    close(fd);
    return civetweb_context_start(&listener->civetweb, config, &listener->address);
}

static int start_listener(struct admin *admin, const struct config *config, const char *address,
                          struct diagnostics *diagnostics)
{
    struct admin_listener *listener = &admin->listeners[admin->listener_count++];
    const char *failure = listener->civetweb.failure;
    listener->admin = admin;
    request_slots_init(&listener->slots, config->admin_requests);
    listener->civetweb.workers = config->admin_requests + ADMIN_RELOADS_MAX + HEALTH_WORKERS;
    listener->civetweb.handler =
        (struct request_handler){.handle = admin_requests_answer,
                                 .handle_unreadable = admin_requests_answer_unreadable,
                                 .context = listener};
    if (bind_address_parse(&listener->address, address, false) != OK) {
        report_failure(config, diagnostics, address, "it is not an address with a port");
        return ERR_CONFIG;
    }
    int error = bind_address_is_unix(&listener->address)
                    ? admin_socket_start(listener, config, &failure)
                    : start_tcp(listener, config, &failure);
    if (error == ERR_SYSTEM) {
        report_failure(config, diagnostics, address, failure);
        return ERR_CONFIG;
    }
    return error;
}

static int start_listeners(struct admin *admin, const struct config *config,
                           struct diagnostics *diagnostics)
{
    int error = OK;
    for (size_t i = 0; i < config->admin_listen_count && error == OK; i++)
        error = start_listener(admin, config, config->admin_listen[i], diagnostics);
    return error;
}

static void warn_of_clear_text(const struct config *config)
{
    char why[256];
    struct listen_address address;
    for (size_t i = 0; i < config->admin_listen_count; i++)
        if (config_needs_admin_token(config) && listen_unix_path(config->admin_listen[i]) == NULL &&
            listen_address_parse(config->admin_listen[i], &address, why, sizeof why) == 0 &&
            !address.loopback)
            log_warn("admin",
                     "the admin token travels in clear text to %s; let others reach it through a "
                     "proxy with TLS, and the commands through unix:PATH in admin.listen",
                     config->admin_listen[i]);
}

/* Writes "unix:/run/sluice/admin.sock, 127.0.0.1:9090". */
static void list_addresses(const struct config *config, char text[ADMIN_ADDRESSES_MAX])
{
    size_t len =
        (size_t)snprintf(text, ADMIN_ADDRESSES_MAX, "%s",
                         config->admin_listen_count > 0 ? config->admin_listen[0] : "none");
    for (size_t i = 1; i < config->admin_listen_count && len < ADMIN_ADDRESSES_MAX; i++)
        len += (size_t)snprintf(text + len, ADMIN_ADDRESSES_MAX - len, ", %s",
                                config->admin_listen[i]);
}

/* -- reloading -- */

int admin_prepare_reload(const struct admin *admin, const struct config *config,
                         struct diagnostics *diagnostics, struct admin_reload *out)
{
    *out = (struct admin_reload){.has_console = config->admin_console};
    const char *before = admin != NULL ? admin->addresses : "none";
    char after[ADMIN_ADDRESSES_MAX];
    list_addresses(config, after);
    if (strcmp(before, after) != 0) {
        log_warn("admin", "admin.listen changes from %s to %s only when the server is restarted",
                 before, after);
        out->is_elsewhere = true;
    }
    return admin_token_load(config, diagnostics, &out->tokens);
}

void admin_commit_reload(struct admin *admin, const struct admin_reload *reload)
{
    if (admin == NULL)
        return;
    atomic_store_explicit(&admin->has_console, reload->has_console, memory_order_relaxed);
    /* An address that needs a token keeps it for as long as this process listens there. */
    if (reload->is_elsewhere && reload->tokens.count == 0)
        return;
    admin_tokens_change(&admin->tokens, &reload->tokens);
}

/* -- life -- */

int admin_create(const struct config *config, const struct admin_parts *parts,
                 struct diagnostics *diagnostics, struct admin **out)
{
    *out = NULL;
    if (config->admin_listen_count == 0)
        return OK;
    struct admin_token_set tokens;
    int error = admin_token_load(config, diagnostics, &tokens);
    if (error != OK)
        return error;
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return ERR_NO_MEMORY;
    admin_tokens_init(&admin->tokens, &tokens);
    admin->hub = parts->hub;
    admin->front = parts->front;
    admin->watchdog = parts->watchdog;
    admin->events = parts->events;
    admin->reload = parts->reload;
    admin->reload_context = parts->reload_context;
    atomic_init(&admin->has_console, config->admin_console);
    list_addresses(config, admin->addresses);
    atomic_init(&admin->reloads, 0);
    mg_init_library(MG_FEATURES_IPV6 | MG_FEATURES_X_DOMAIN_SOCKET);
    error = start_listeners(admin, config, diagnostics);
    if (error != OK) {
        admin_destroy(admin);
        return error;
    }
    warn_of_clear_text(config);
    *out = admin;
    return OK;
}

size_t admin_listener_count(const struct admin *admin)
{
    return admin != NULL ? admin->listener_count : 0;
}

void admin_url(const struct admin *admin, size_t index, char *url, size_t size)
{
    const struct bind_address *address = &admin->listeners[index].address;
    char ws_url[256];
    bind_address_url(address, ws_url, sizeof ws_url);
    if (bind_address_is_unix(address))
        snprintf(url, size, "%s", ws_url);
    else
        snprintf(url, size, "http%s", ws_url + 2); /* "ws://..." with another scheme */
}

void admin_destroy(struct admin *admin)
{
    if (admin == NULL)
        return;
    for (size_t i = 0; i < admin->listener_count; i++) {
        civetweb_context_stop(&admin->listeners[i].civetweb);
        if (bind_address_is_unix(&admin->listeners[i].address))
            admin_socket_remove(&admin->listeners[i]);
    }
    mg_exit_library();
    admin_tokens_deinit(&admin->tokens);
    free(admin);
}
