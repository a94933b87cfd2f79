/*
 * requester: makes the HTTP requests that a client tells it to, and says what has come of each.
 *
 *   ask URL [method=M] [data=TEXT] [header=NAME:VALUE] [timeout=MS] [head=N] [body=N] [redirects=N]
 *           [ca=FILE] [proxy=1] [nobody=1]
 *   many COUNT AT_ONCE URL
 *
 * The answer is "OUTCOME STATUS BYTES X-SEEN: body, or the error". Without a client it is logged.
 */
#include <sluice/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct many {
    char url[256];
    unsigned left;
    unsigned under_way;
    unsigned answered;
    unsigned others;
};

static void say(struct sl_instance *self, struct sl_client *client, const char *text)
{
    if (client != NULL)
        self->host->client_send(client, SL_TEXT, text, strlen(text));
    else
        sl_log(self, SL_LOG_INFO, "nobody is told: %s", text);
}

static void done(struct sl_instance *self, struct sl_client *client,
                 const struct sl_http_response *response, void *context)
{
    char text[512];
    struct sl_string seen = {"", 0};
    (void)context;
    self->host->http_header(response, "x-seen", &seen);
    struct sl_string rest =
        response->outcome == SL_HTTP_ANSWERED ? response->body : response->error;
    snprintf(text, sizeof text, "%d %d %zu %.*s: %.*s", (int)response->outcome, response->status,
             response->body.len, (int)seen.len, seen.data, rest.len < 300 ? (int)rest.len : 300,
             rest.data);
    say(self, client, text);
}

static int ask(struct sl_instance *self, uint64_t client_id, const char *text)
{
    char copy[1024];
    struct sl_pair headers[8];
    struct sl_http_request request = {.struct_size = sizeof request, .headers = headers};
    char *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    char *word = strtok_r(copy, " ", &rest);
    request.url = sl_string_of(word != NULL ? word : "");
    while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL)
            return -1;
        *value++ = '\0';
        if (strcmp(word, "method") == 0)
            request.method = sl_string_of(value);
        else if (strcmp(word, "data") == 0)
            request.body = sl_string_of(value);
        else if (strcmp(word, "timeout") == 0)
            request.timeout = atoll(value) * 1000000;
        else if (strcmp(word, "head") == 0)
            request.max_head = (size_t)atoll(value);
        else if (strcmp(word, "body") == 0)
            request.max_body = (size_t)atoll(value);
        else if (strcmp(word, "redirects") == 0)
            request.max_redirects = (uint32_t)atoi(value);
        else if (strcmp(word, "ca") == 0)
            request.ca_file_cstr = value;
        else if (strcmp(word, "proxy") == 0)
            request.flags |= SL_HTTP_PROXY_FROM_ENVIRONMENT;
        else if (strcmp(word, "nobody") == 0)
            client_id = 0;
        else if (strcmp(word, "header") == 0 && request.header_count < 8) {
            char *colon = strchr(value, ':');
            *colon = '\0';
            headers[request.header_count++] =
                (struct sl_pair){sl_string_of(value), sl_string_of(colon + 1)};
        }
    }
    return self->host->http_request(self, client_id, &request, done, NULL);
}

/* -- many -- */

static void done_of_many(struct sl_instance *self, struct sl_client *client,
                         const struct sl_http_response *response, void *context);

/* Returns whether there is anything left to wait for. */
static bool ask_more(struct sl_instance *self, struct sl_client *client, struct many *many)
{
    struct sl_http_request request = {.struct_size = sizeof request,
                                      .url = sl_string_of(many->url)};
    if (many->left > 0 && client != NULL) {
        many->left--;
        if (self->host->http_request(self, self->host->client_id(client), &request, done_of_many,
                                     many) == 0)
            many->under_way++;
        else
            many->others++;
    }
    return many->under_way > 0;
}

static void done_of_many(struct sl_instance *self, struct sl_client *client,
                         const struct sl_http_response *response, void *context)
{
    char text[64];
    struct many *many = context;
    bool is_good = response->outcome == SL_HTTP_ANSWERED && response->status == 200;
    many->answered += is_good;
    many->others += !is_good;
    many->under_way--;
    if (ask_more(self, client, many))
        return;
    snprintf(text, sizeof text, "%u answered, %u not", many->answered, many->others);
    say(self, client, text);
    free(many);
}

static void ask_many(struct sl_instance *self, struct sl_client *client, const char *text)
{
    unsigned at_once = 0;
    struct many *many = calloc(1, sizeof *many);
    if (many == NULL || sscanf(text, "%u %u %255s", &many->left, &at_once, many->url) != 3)
        abort();
    for (unsigned i = 0; i < at_once; i++)
        ask_more(self, client, many);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[1024];
    snprintf(text, sizeof text, "%.*s", (int)message->len, message->data);
    if (strncmp(text, "many ", 5) == 0)
        ask_many(self, client, text + 5);
    else if (strncmp(text, "ask ", 4) == 0 &&
             ask(self, self->host->client_id(client), text + 4) != 0)
        say(self, client, "not taken");
    return SL_HANDLED;
}

static const struct sl_option options[] = {
    {.name = "note", .type = SL_OPTION_STRING, .summary = "Nothing, but a reload sees it"}};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "requester",
    .version = "1.0.0",       .summary = "Makes HTTP requests",
    .license = "MIT",         SL_OPTIONS(options),
    .on_message = on_message,
};
