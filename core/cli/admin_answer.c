/*
 * What the commands that ask a running server do with its answers.
 */
#include "base/safe_text.h"
#include "cli/admin_client.h"
#include "cli/cli_error.h"

#include <stdint.h>
#include <stdio.h>

double admin_client_number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

const char *admin_client_text(const cJSON *object, const char *name)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return value != NULL ? value : "";
}

void admin_client_print(const cJSON *answer)
{
    cli_print_json(cJSON_Duplicate(answer, true));
}

void admin_client_advise(const struct cli_options *options, int status)
{
    if (status != 401 || options->json)
        return;
    if (options->token_file != NULL)
        fprintf(stderr,
                "sluice: the token in %s is not the server's; name the right file with "
                "--token-file\n",
                options->token_file);
    else
        fputs("sluice: name the file with the server's token with --token-file\n", stderr);
}

static void print_error(const cJSON *answer, int status)
{
    fputs("sluice: ", stderr);
    safe_text_print(stderr, admin_client_text(answer, "error"));
    fputs(": ", stderr);
    safe_text_print(stderr, admin_client_text(answer, "detail"));
    fprintf(stderr, " (HTTP %d)\n", status);
}

/* {"error", "detail"} as a line. */
static void print_refusal(const struct cli_options *options, int status, const cJSON *answer)
{
    if (answer == NULL || !cJSON_IsObject(answer) || answer->child == NULL) {
        cli_error(options, "no_json",
                  "not an answer of the API: is this the admin listener? (HTTP %d)", status);
        return;
    }
    if (options->json)
        admin_client_print(answer);
    else
        print_error(answer, status);
    admin_client_advise(options, status);
}

cJSON *admin_client_fetch(const struct cli_options *options,
                          const struct admin_client_request *request)
{
    struct buffer body;
    cJSON *answer = NULL;
    buffer_init(&body, SIZE_MAX);
    int status = admin_client_ask(options, request, &body);
    if (status >= 0)
        answer = cJSON_Parse((const char *)body.data);
    buffer_release(&body);
    if (status < 0 || (status == 200 && answer != NULL))
        return answer;
    print_refusal(options, status, answer);
    cJSON_Delete(answer);
    return NULL;
}
