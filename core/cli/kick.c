/*
 * sluice kick: closes clients of the running server, one or all that the options mean.
 */
#include "cli/admin_client.h"
#include "cli/cli_error.h"
#include "cli/request_body.h"

#include <stdio.h>
#include <string.h>

static bool has_filter(const struct cli_options *options)
{
    return options->identity != NULL || options->address != NULL || options->endpoint != NULL ||
           options->topic != NULL;
}

/* What is wrong with the command line, or NULL. */
static const char *kick_options_fault(const struct cli_options *options)
{
    const char *id = options->argument;
    if (id == NULL && !has_filter(options))
        return "name a client by its id, which 'sluice clients' shows, or use --identity, "
               "--address, --endpoint or --topic";
    if (id != NULL && has_filter(options))
        return "name a client by its id or by options, not by both";
    if (id != NULL && (id[0] == '\0' || strlen(id) > 20 || strspn(id, "0123456789") != strlen(id)))
        return "name a client by its id, which 'sluice clients' shows";
    if (options->code != NULL && !request_code_is_number(options->code))
        return "--code needs a close code, like 1012 or 4000";
    return NULL;
}

static char *make_kick_request(const struct cli_options *options)
{
    const struct request_text texts[] = {
        {"id", options->argument},     {"identity", options->identity},
        {"address", options->address}, {"endpoint", options->endpoint},
        {"topic", options->topic},     {"reason", options->reason}};
    return request_body(cJSON_CreateObject(), texts, sizeof texts / sizeof *texts, options->code);
}

static void print_kicked(const struct cli_options *options, const cJSON *answer)
{
    double closed = admin_client_number(answer, "closed");
    if (options->json)
        admin_client_print(answer);
    else if (options->argument != NULL)
        printf("client %s is being closed\n", options->argument);
    else
        printf("%.0f client%s being closed\n", closed, closed == 1 ? " is" : "s are");
}

/* A client that is named by its id, and gets the usual code and reason. */
static cJSON *kick_one(const struct cli_options *options)
{
    char path[64];
    snprintf(path, sizeof path, "/api/v1/clients/%.20s", options->argument);
    return admin_client_fetch(options,
                              &(struct admin_client_request){.method = "DELETE", .path = path});
}

static cJSON *kick_many(const struct cli_options *options)
{
    char *text = make_kick_request(options);
    if (text == NULL) {
        cli_error(options, "no_memory", "out of memory");
        return NULL;
    }
    cJSON *answer = admin_client_fetch(
        options,
        &(struct admin_client_request){.method = "POST", .path = "/api/v1/kick", .json = text});
    cJSON_free(text);
    return answer;
}

int cli_kick(const struct cli_options *options)
{
    const char *fault = kick_options_fault(options);
    if (fault != NULL) {
        cli_error(options, "usage", "%s", fault);
        return EXIT_USAGE;
    }
    bool is_usual = options->code == NULL && options->reason == NULL;
    cJSON *answer = options->argument != NULL && is_usual ? kick_one(options) : kick_many(options);
    if (answer == NULL)
        return EXIT_WRONG;
    print_kicked(options, answer);
    cJSON_Delete(answer);
    return 0;
}
