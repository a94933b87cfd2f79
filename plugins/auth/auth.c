/*
 * auth: lets in who has a token from a list, and names the client after it.
 */
#include "credential.h"
#include "settings.h"
#include "tokens.h"

#include <sluice/plugin.h>

#include <openssl/crypto.h>

struct auth {
    struct settings settings;
};

static int create(struct sl_instance *self)
{
    struct auth *state = self->state;
    return settings_read(self, &state->settings);
}

static void destroy(struct sl_instance *self)
{
    struct auth *state = self->state;
    settings_deinit(&state->settings);
}

/* RFC 6750, section 3: how to ask for a token, and why the one that came was no good. */
static enum sl_verdict deny(const struct sl_host *host, struct sl_request *request,
                            const char *challenge, const char *reason)
{
    host->deny_header(request, "WWW-Authenticate", challenge);
    return host->deny(request, 401, reason);
}

/* Something failed that should not. Whatever on_error says, nobody gets in unchecked. */
static enum sl_verdict fail(const struct sl_host *host, struct sl_request *request)
{
    return host->deny(request, 503, "Authentication is not possible at the moment.");
}

/* The token's entry, or NULL. *failed tells that it could not be looked up. */
static const struct token *look_up(const struct tokens *tokens, struct sl_string given,
                                   bool *failed)
{
    uint8_t digest[DIGEST_SIZE];
    *failed = false;
    if (given.len > TOKEN_MAX)
        return NULL;
    *failed = !tokens_digest(given.data, given.len, digest);
    const struct token *token = *failed ? NULL : tokens_find(tokens, digest);
    OPENSSL_cleanse(digest, sizeof digest);
    return token;
}

/* Browsers give up if they offered subprotocols and none is answered: "bearer" is, the token that
 * stood beside it never. */
static bool answer_subprotocol(const struct sl_host *host, struct sl_request *request,
                               enum credential_source source)
{
    return source != CREDENTIAL_SUBPROTOCOL || request->subprotocol.len > 0 ||
           host->select_subprotocol(request, BEARER_SUBPROTOCOL) == 0;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    const struct auth *state = self->state;
    const struct settings *settings = &state->settings;
    const struct sl_host *host = self->host;
    struct sl_string given;
    enum credential_source source;
    bool failed;
    if (!credential_find(host, request, &settings->places, &given, &source))
        return settings->required ? deny(host, request, "Bearer", "A token is required.")
                                  : SL_CONTINUE;
    const struct token *token = look_up(&settings->tokens, given, &failed);
    if (failed)
        return fail(host, request);
    if (token == NULL)
        return deny(host, request, "Bearer error=\"invalid_token\"", "The token is not valid.");
    if (!token->allowed)
        return host->deny(request, 403, "This token may not connect here.");
    if (host->identify(self, client, token->name, token->name_len) != 0 ||
        !answer_subprotocol(host, request, source))
        return fail(host, request);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "auth",
    .version = "1.0.0",
    .summary = "Lets in clients with a token from a list, and names them",
    .license = "MIT",
    SL_OPTIONS(settings_options),
    .instance_size = sizeof(struct auth),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
};
