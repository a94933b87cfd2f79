/*
 * What the commands that ask a running server do with its answers.
 */
#include "cli/admin_client.h"

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
    char *text = cJSON_PrintUnformatted(answer);
    if (text != NULL)
        puts(text);
    cJSON_free(text);
}

/* {"error", "detail"} as a line. */
static void print_refusal(int status, const cJSON *answer)
{
    fprintf(stderr, "sluice: %s: %s (HTTP %d)\n",
            answer != NULL ? admin_client_text(answer, "error") : "no JSON",
            answer != NULL ? admin_client_text(answer, "detail") : "is this the admin listener?",
            status);
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
    print_refusal(status, answer);
    cJSON_Delete(answer);
    return NULL;
}
