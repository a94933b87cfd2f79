/*
 * sluice reload: has the running server read its configuration anew.
 */
#include "cli/admin_client.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static int number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? (int)item->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *name)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return value != NULL ? value : "";
}

/* As the server's own log shows them. */
static void print_errors(const cJSON *answer)
{
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(answer, "errors");
    const cJSON *error;
    if (cJSON_GetArraySize(errors) == 0)
        fprintf(stderr, "sluice: %s: %s\n", text(answer, "error"), text(answer, "detail"));
    cJSON_ArrayForEach(error, errors)
    {
        if (number(error, "line") > 0)
            fprintf(stderr, "%s:%d:%d: %s\n", text(error, "file"), number(error, "line"),
                    number(error, "column"), text(error, "message"));
        else
            fprintf(stderr, "%s: %s\n", text(error, "file"), text(error, "message"));
    }
}

static int report(int status, const char *body)
{
    cJSON *answer = cJSON_Parse(body);
    if (status == 200)
        printf("reloaded: configuration %d is in force\n", number(answer, "generation"));
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
    int status = admin_client_ask(options, "POST", "/api/v1/reload", &body);
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
