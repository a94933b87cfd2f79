/*
 * sluice reload: has the running server read its configuration anew.
 */
#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/cli_error.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The longest plugins.create_timeout that there is, and as long as any other answer may take. */
#define PATIENCE ((3600 + ADMIN_CLIENT_TIMEOUT) * NS_PER_S)

/* As the server's own log shows them. */
static void print_findings(const cJSON *findings, const char *end)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, findings)
    {
        if (admin_client_number(finding, "line") > 0)
            fprintf(stderr, "%s:%d:%d: %s%s\n", admin_client_text(finding, "file"),
                    (int)admin_client_number(finding, "line"),
                    (int)admin_client_number(finding, "column"),
                    admin_client_text(finding, "message"), end);
        else
            fprintf(stderr, "%s: %s%s\n", admin_client_text(finding, "file"),
                    admin_client_text(finding, "message"), end);
    }
}

static void print_errors(const cJSON *answer)
{
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(answer, "errors");
    if (cJSON_GetArraySize(errors) == 0)
        fprintf(stderr, "sluice: %s: %s\n", admin_client_text(answer, "error"),
                admin_client_text(answer, "detail"));
    print_findings(errors, "");
}

static void print_reloaded(const cJSON *answer)
{
    double set = admin_client_number(answer, "bans_set");
    double lifted = admin_client_number(answer, "bans_lifted");
    double replaced = admin_client_number(answer, "replaced");
    bool is_partial = cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "complete"));
    printf("reloaded: configuration %d is in force%s\n",
           (int)admin_client_number(answer, "generation"),
           is_partial ? ", but a loop has not changed over to it yet" : "");
    if (replaced > 0)
        printf("replaced: %.0f of the plugins' instances\n", replaced);
    if (set + lifted > 0)
        printf("bans.file: %.0f set, %.0f lifted\n", set, lifted);
}

static void report(const struct cli_options *options, int status, const cJSON *answer)
{
    if (status == 200)
        print_reloaded(answer);
    else
        print_errors(answer);
    print_findings(cJSON_GetObjectItemCaseSensitive(answer, "warnings"), " (a warning)");
    if (status != 200)
        fputs("sluice: not reloaded: what ran before goes on\n", stderr);
    admin_client_advise(options, status);
}

/* Returns the exit status. */
static int print_answer(const struct cli_options *options, int status, const char *body)
{
    cJSON *answer = cJSON_Parse(body);
    bool is_answer = cJSON_IsObject(answer);
    if (!is_answer)
        cli_error(options, "no_json", "no JSON object: is this the admin listener? (HTTP %d)",
                  status);
    else if (options->json)
        admin_client_print(answer);
    else
        report(options, status, answer);
    cJSON_Delete(answer);
    return is_answer && status == 200 ? 0 : EXIT_WRONG;
}

/* Which file the operator means, for the server to compare with its own. Returns JSON, owned by the
 * caller, or NULL: whichever the server has. */
static char *describe_file(const struct cli_options *options)
{
    char path[PATH_MAX];
    if (options->config_file == NULL || realpath(options->config_file, path) == NULL)
        return NULL;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", path);
    char *json = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return json;
}

int cli_reload(const struct cli_options *options)
{
    struct buffer body;
    buffer_init(&body, SIZE_MAX);
    char *json = describe_file(options);
    int status = admin_client_ask(
        options,
        &(struct admin_client_request){
            .method = "POST", .path = "/api/v1/reload", .json = json, .patience = PATIENCE},
        &body);
    cJSON_free(json);
    int result = status >= 0 ? print_answer(options, status, (const char *)body.data) : EXIT_WRONG;
    buffer_release(&body);
    return result;
}
