/*
 * sluice reload: has the running server read its configuration anew.
 */
#include "cli/admin_client.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* As the server's own log shows them. */
static void print_errors(const cJSON *answer)
{
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(answer, "errors");
    const cJSON *error;
    if (cJSON_GetArraySize(errors) == 0)
        fprintf(stderr, "sluice: %s: %s\n", admin_client_text(answer, "error"),
                admin_client_text(answer, "detail"));
    cJSON_ArrayForEach(error, errors)
    {
        if (admin_client_number(error, "line") > 0)
            fprintf(stderr, "%s:%d:%d: %s\n", admin_client_text(error, "file"),
                    (int)admin_client_number(error, "line"),
                    (int)admin_client_number(error, "column"), admin_client_text(error, "message"));
        else
            fprintf(stderr, "%s: %s\n", admin_client_text(error, "file"),
                    admin_client_text(error, "message"));
    }
}

static int report(int status, const char *body)
{
    cJSON *answer = cJSON_Parse(body);
    if (status == 200)
        printf("reloaded: configuration %d is in force\n",
               (int)admin_client_number(answer, "generation"));
    else
        print_errors(answer);
    cJSON_Delete(answer);
    if (status != 200)
        fputs("sluice: not reloaded: what ran before goes on\n", stderr);
    return status == 200 ? 0 : EXIT_WRONG;
}

int cli_reload(const struct cli_options *options)
{
    struct buffer body;
    buffer_init(&body, SIZE_MAX);
    int status = admin_client_ask(
        options, &(struct admin_client_request){.method = "POST", .path = "/api/v1/reload"}, &body);
    int result = EXIT_WRONG;
    if (status >= 0 && options->json) {
        puts((const char *)body.data);
        result = status == 200 ? 0 : EXIT_WRONG;
    } else if (status >= 0) {
        result = report(status, (const char *)body.data);
    }
    buffer_release(&body);
    return result;
}
