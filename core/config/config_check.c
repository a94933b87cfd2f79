#include "config/config_check.h"
#include "config/listen_address.h"
#include "config/values.h"

#include <string.h>

static bool read_address(const char *text, struct listen_address *address)
{
    char why[256];
    return text != NULL && listen_address_parse(text, address, why, sizeof why) == 0;
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool is_admin_address(const struct config *config, const char *address)
{
    for (size_t i = 0; i < config->admin_listen_count; i++)
        if (same_text(address, config->admin_listen[i]))
            return true;
    return false;
}

/* Two listeners on one address; port 0 may be asked for any number of times. */
static void check_listeners(const struct config *config, struct diagnostics *diagnostics)
{
    struct listen_address address;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listen_config *listener = &config->listeners[i];
        if (!read_address(listener->address, &address) || address.port == 0)
            continue;
        if (is_admin_address(config, listener->address))
            diagnostics_add(diagnostics, config->admin_position,
                            "admin.listen: %s is also in listen; choose another port",
                            listener->address);
        for (size_t j = 0; j < i; j++)
            if (same_text(listener->address, config->listeners[j].address))
                diagnostics_add(diagnostics, listener->position,
                                "listen.%zu.address: %s is the same as listen.%zu.address", i,
                                listener->address, j);
    }
}

static void check_revocation(const struct config *config, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct tls_config *tls = config->listeners[i].tls;
        if (tls != NULL && tls->client_crl != NULL && tls->client_ca == NULL)
            diagnostics_add(diagnostics, tls->client_crl_position,
                            "listen.%zu.tls: client_crl revokes certificates that client_ca has "
                            "signed; set client_ca too",
                            i);
    }
}

/* Metrics tell a lot about a service, so they are open to this machine only by default. */
static void check_admin_address(const struct config *config, size_t index,
                                struct diagnostics *diagnostics)
{
    struct listen_address address;
    const char *text = config->admin_listen[index];
    for (size_t i = 0; i < index; i++)
        if (same_text(text, config->admin_listen[i]))
            diagnostics_add(diagnostics, config->admin_position, "admin.listen: %s is there twice",
                            text);
    if (listen_unix_path(text) != NULL || !read_address(text, &address) || address.loopback ||
        config_needs_admin_token(config))
        return;
    diagnostics_add(diagnostics, config->admin_position,
                    "admin.listen: %s can be reached from other machines, so admin.token_file or "
                    "admin.tokens is required; or listen on 127.0.0.1",
                    text);
}

/* The log tells tokens apart by their names. */
static void check_token_names(const struct config *config, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < config->admin_token_count; i++)
        for (size_t j = 0; j < i; j++)
            if (same_text(config->admin_tokens[i].name, config->admin_tokens[j].name))
                diagnostics_add(diagnostics, config->admin_tokens[i].position,
                                "admin.tokens.%zu.name: %s is already the name of admin.tokens.%zu",
                                i, config->admin_tokens[i].name, j);
}

static void check_admin(const struct config *config, struct diagnostics *diagnostics)
{
    check_token_names(config, diagnostics);
    for (size_t i = 0; i < config->admin_listen_count; i++)
        check_admin_address(config, i, diagnostics);
}

static void check_sizes(const struct endpoint_config *endpoint, size_t index,
                        struct diagnostics *diagnostics)
{
    char queue[VALUE_TEXT_MAX], message[VALUE_TEXT_MAX];
    if (endpoint->queue_bytes == 0 || endpoint->queue_bytes >= endpoint->message_max_size)
        return;
    size_format((int64_t)endpoint->queue_bytes, queue);
    size_format((int64_t)endpoint->message_max_size, message);
    diagnostics_add(diagnostics, endpoint->position,
                    "endpoints.%zu: queue.bytes (%s) is smaller than message.max_size (%s), so the "
                    "largest messages could be sent to nobody",
                    index, queue, message);
}

static void check_input(const struct config *config, const struct endpoint_config *endpoint,
                        size_t index, struct diagnostics *diagnostics)
{
    char input[VALUE_TEXT_MAX], message[VALUE_TEXT_MAX];
    if (config->limit_input_bytes == 0 ||
        config->limit_input_bytes / 2 >= endpoint->message_max_size)
        return;
    size_format((int64_t)config->limit_input_bytes, input);
    size_format((int64_t)endpoint->message_max_size, message);
    diagnostics_add(diagnostics, endpoint->position,
                    "endpoints.%zu: limits.input_bytes (%s) is smaller than twice message.max_size "
                    "(%s), so the largest messages could not be received",
                    index, input, message);
}

/* Keys that would do nothing. */
static void check_queue(const struct endpoint_config *endpoint, size_t index,
                        struct diagnostics *diagnostics)
{
    if (endpoint->queue_key != NULL && endpoint->queue_overflow != QUEUE_CONFLATE)
        diagnostics_add(diagnostics, endpoint->position,
                        "endpoints.%zu: queue.key is what conflate tells messages apart by; set "
                        "queue.overflow: conflate too",
                        index);
    if (endpoint->gap_marker && endpoint->queue_overflow == QUEUE_CLOSE)
        diagnostics_add(diagnostics, endpoint->position,
                        "endpoints.%zu: with queue.overflow: close there are no gaps to mark; "
                        "choose another policy, or leave gap_marker out",
                        index);
    if (endpoint->gap_text != NULL && !endpoint->gap_marker)
        diagnostics_add(diagnostics, endpoint->position,
                        "endpoints.%zu: queue.gap_text is the text of gap markers; set "
                        "queue.gap_marker: true too",
                        index);
}

static void check_subprotocols(const struct endpoint_config *endpoint, size_t index,
                               struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < endpoint->subprotocol_count; i++)
        for (size_t j = 0; j < i; j++)
            if (same_text(endpoint->subprotocols[i], endpoint->subprotocols[j]))
                diagnostics_add(diagnostics, endpoint->position,
                                "endpoints.%zu.subprotocols: \"%.64s\" is there twice", index,
                                endpoint->subprotocols[i]);
}

static void check_endpoint(const struct config *config, size_t index,
                           struct diagnostics *diagnostics)
{
    const struct endpoint_config *endpoint = &config->endpoints[index];
    check_sizes(endpoint, index, diagnostics);
    check_input(config, endpoint, index, diagnostics);
    check_queue(endpoint, index, diagnostics);
    check_subprotocols(endpoint, index, diagnostics);
    if (config->demo_page && same_text(endpoint->path, "/"))
        diagnostics_add(diagnostics, endpoint->position,
                        "endpoints.%zu.path: / is where demo_page puts its page; choose another "
                        "path, or set demo_page: false",
                        index);
    for (size_t i = 0; i < index; i++)
        if (same_text(endpoint->path, config->endpoints[i].path))
            diagnostics_add(diagnostics, endpoint->position,
                            "endpoints.%zu.path: %.64s is already the path of endpoints.%zu "
                            "(line %u)",
                            index, endpoint->path, i, config->endpoints[i].position.line);
}

void config_check(const struct config *config, struct diagnostics *diagnostics)
{
    check_listeners(config, diagnostics);
    check_revocation(config, diagnostics);
    check_admin(config, diagnostics);
    for (size_t i = 0; i < config->endpoint_count; i++)
        check_endpoint(config, i, diagnostics);
}
