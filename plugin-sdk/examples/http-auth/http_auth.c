/*
 * http-auth: asks an HTTP service whether a client may come in.
 *
 * A hook must not wait for an answer, so the upgrade is deferred, and the server sends the request.
 * Whatever comes of it, on_response is called once on the client's thread.
 */
#include <sluice/plugin.h>

#include <stdio.h>
#include <strings.h>

#define TOKEN_MAX 4096

/* A client's state: the deferral that waits for the service. */
struct asking {
    struct sl_ticket ticket;
};

static void on_response(struct sl_instance *self, struct sl_client *client,
                        const struct sl_http_response *response, void *context)
{
    struct sl_completion details = {.struct_size = sizeof details};
    enum sl_verdict verdict = SL_ERROR; /* No answer, or one that says nothing: on_error decides. */
    (void)context;
    if (client == NULL)
        return; /* It has left, and its deferral with it. */
    if (response->status == 200) {
        verdict = SL_CONTINUE;
        self->host->http_header(response, "X-Identity", &details.identity);
    } else if (response->status == 401 || response->status == 403) {
        verdict = SL_DENY;
        details.code = response->status;
        details.reason = sl_string_of("The authentication service refuses this client");
    } else if (response->outcome != SL_HTTP_ANSWERED) {
        sl_log(self, SL_LOG_WARN, "the authentication service gave no answer: %.*s",
               (int)response->error.len, response->error.data);
    }
    const struct asking *asking = self->host->client_state(self, client);
    self->host->complete(asking->ticket, verdict, &details); /* Harmless if it is too late. */
}

static bool find_token(const struct sl_instance *self, const struct sl_request *request,
                       struct sl_string *token)
{
    if (self->host->request_header(request, "Authorization", token) && token->len > 7 &&
        strncasecmp(token->data, "Bearer ", 7) == 0) {
        token->data += 7;
        token->len -= 7;
        return token->len <= TOKEN_MAX;
    }
    return self->host->request_query(request, "token", token) && token->len > 0 &&
           token->len <= TOKEN_MAX;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    char value[TOKEN_MAX + 8];
    struct sl_string token;
    struct asking *asking = self->host->client_state(self, client);
    if (!find_token(self, request, &token)) {
        self->host->deny_header(request, "WWW-Authenticate", "Bearer");
        return self->host->deny(request, 401, "This endpoint needs a token");
    }
    int len = snprintf(value, sizeof value, "Bearer %.*s", (int)token.len, token.data);
    const struct sl_pair header = {sl_string_of("Authorization"), {value, (size_t)len}};
    const struct sl_http_request asked = {.struct_size = sizeof asked,
                                          .url = sl_option_string(self, "url"),
                                          .headers = &header,
                                          .header_count = 1,
                                          .timeout = sl_option_integer(self, "timeout")};
    enum sl_verdict verdict = self->host->defer(self, client, NULL, &asking->ticket);
    if (verdict == SL_DEFER && self->host->http_request(self, self->host->client_id(client), &asked,
                                                        on_response, NULL) != 0)
        return SL_ERROR; /* Not deferred, then: the server forgets the ticket. */
    return verdict;
}

static const struct sl_option options[] = {
    {.name = "url",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_REQUIRED,
     .summary = "What is asked, with GET"},
    {.name = "timeout",
     .type = SL_OPTION_DURATION,
     .default_value = "1s",
     .minimum = 1e6,
     .maximum = 60e9,
     .summary = "How long an answer may take"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "http-auth",
    .version = "1.1.0",
    .summary = "Asks an HTTP service who may come in",
    .license = "MIT",
    SL_OPTIONS(options),
    .client_size = sizeof(struct asking),
    .on_connect = on_connect,
};
