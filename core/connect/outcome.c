#include "connect/outcome.h"

#include "cli/cli_error.h"
#include "base/public_url.h"
#include "base/safe_text.h"
#include "client/json_bytes.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* -- refused -- */

/* What can be done about a status; NULL: the body says it, or nothing can. */
static const char *hint_for(int status)
{
    static const struct {
        int first, last;
        const char *hint;
    } hints[] = {
        {200, 299, "that is an ordinary page; is the path right?"},
        {300, 399, "redirections are not followed"},
        {401, 401, "it wants credentials, for example --header 'Authorization: Bearer TOKEN'"},
        {403, 403,
         "it does not let this client in; it may want other credentials, or an --header "
         "'Origin: https://...'"},
        {404, 404,
         "there is no endpoint with this path; 'sluice check' shows those of a "
         "configuration"},
        {429, 429, "try again later"},
        {503, 503, "try again later"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (status >= hints[i].first && status <= hints[i].last)
            return hints[i].hint;
    return NULL;
}

/* The body as text, without the white space at its end; empty if it is none. */
static void copy_body(const struct conversation *conversation, char text[CONVERSATION_BODY_MAX + 1])
{
    size_t len = conversation->input.len;
    text[0] = '\0';
    if (conversation->response.has_coding || len > CONVERSATION_BODY_MAX || len == 0)
        return;
    memcpy(text, conversation->input.data, len);
    text[len] = '\0';
    for (len = strlen(text); len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL; len--)
        text[len - 1] = '\0';
}

/* A server that redirects may repeat the query that it was asked with. */
static void copy_location(const struct client_response *response,
                          char location[CLIENT_LOCATION_MAX])
{
    public_url(response->location, location, CLIENT_LOCATION_MAX);
}

static void print_refusal_json(const struct client_response *response, const char *detail,
                               const char *body)
{
    char location[CLIENT_LOCATION_MAX];
    copy_location(response, location);
    cJSON *error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "error", "refused");
    cJSON_AddStringToObject(error, "detail", detail);
    cJSON_AddNumberToObject(error, "status", response->status);
    json_bytes_add(error, "body", "body_base64", body, strlen(body));
    if (response->location[0] != '\0')
        json_bytes_add(error, "location", "location_base64", location, strlen(location));
    cli_print_json(error);
}

static void print_refusal(const struct client_response *response, const char *detail,
                          const char *body)
{
    char location[CLIENT_LOCATION_MAX];
    copy_location(response, location);
    fprintf(stderr, "sluice connect: %s", detail);
    if (response->phrase[0] != '\0') {
        fputc(' ', stderr);
        safe_text_print(stderr, response->phrase);
    }
    fputc('\n', stderr);
    if (response->location[0] != '\0') {
        fputs("  Location: ", stderr);
        safe_text_print(stderr, location);
        fputc('\n', stderr);
    }
    while (*body != '\0') {
        size_t len = strcspn(body, "\n");
        fputs("  ", stderr);
        safe_text_print_visible(stderr, body, len > 0 && body[len - 1] == '\r' ? len - 1 : len);
        fputc('\n', stderr);
        body += body[len] == '\n' ? len + 1 : len;
    }
    if (hint_for(response->status) != NULL)
        fprintf(stderr, "  (%s)\n", hint_for(response->status));
}

static int report_refusal(const struct cli_options *options,
                          const struct conversation *conversation, const char *url)
{
    char body[CONVERSATION_BODY_MAX + 1];
    char detail[1024];
    copy_body(conversation, body);
    snprintf(detail, sizeof detail, "%.900s: the upgrade was refused with %d", url,
             conversation->response.status);
    if (options->json)
        print_refusal_json(&conversation->response, detail, body);
    else
        print_refusal(&conversation->response, detail, body);
    return CONNECT_REFUSED;
}

/* -- closed -- */

static void print_closed_json(const char *by, unsigned code, const char *reason)
{
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", "closed");
    cJSON_AddStringToObject(event, "by", by);
    cJSON_AddNumberToObject(event, "code", code);
    json_bytes_add(event, "reason", "reason_base64", reason, strlen(reason));
    cli_print_json(event);
}

static int report_close(const struct cli_options *options, const struct conversation *conversation)
{
    bool has_code = conversation->code != CLOSE_NO_STATUS;
    bool is_normal = conversation->code == CLOSE_NORMAL || !has_code;
    if (options->json) {
        print_closed_json("server", conversation->code, conversation->reason);
    } else {
        fputs("sluice connect: the server closed the connection", stderr);
        if (has_code)
            fprintf(stderr, ": %u ", conversation->code);
        safe_text_print(stderr, conversation->reason);
        fputc('\n', stderr);
    }
    return is_normal ? 0 : CONNECT_CLOSED;
}

static int report_end(const struct cli_options *options)
{
    if (options->json)
        print_closed_json("client", CLOSE_NORMAL, "");
    return 0;
}

/* -- all of them -- */

int outcome_report(const struct cli_options *options, const struct conversation *conversation,
                   const char *url)
{
    const char *colon = conversation->wrong != NULL ? ": " : "";
    const char *why = conversation->wrong != NULL ? conversation->wrong : "";
    switch (conversation->outcome) {
    case OUTCOME_ENDED:
        return report_end(options);
    case OUTCOME_CLOSED:
        return report_close(options, conversation);
    case OUTCOME_REFUSED:
        return report_refusal(options, conversation, url);
    case OUTCOME_LOST:
        cli_error(options, "lost", "the connection ended without a close frame%s%s", colon, why);
        return CONNECT_CLOSED;
    case OUTCOME_NO_ANSWER:
        cli_error(options, "no_connection", "%.900s: the upgrade was not answered%s%s", url, colon,
                  why);
        return CONNECT_NO_CONNECTION;
    case OUTCOME_BROKEN:
        cli_error(options, "protocol", "the server does not keep to the protocol: %s", why);
        return CONNECT_BROKEN;
    case OUTCOME_NONE:
    case OUTCOME_NO_MEMORY:
        break;
    }
    cli_error(options, "no_memory", "out of memory");
    return EXIT_WRONG;
}
