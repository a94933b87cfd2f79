#include "cli/request_body.h"

#include <stdlib.h>
#include <string.h>

bool request_code_is_number(const char *code)
{
    return strlen(code) == 4 && strspn(code, "0123456789") == 4;
}

char *request_body(cJSON *request, const struct request_text *texts, size_t count, const char *code)
{
    bool good = request != NULL;
    for (size_t i = 0; i < count; i++)
        if (texts[i].value != NULL)
            good = cJSON_AddStringToObject(request, texts[i].name, texts[i].value) != NULL && good;
    if (code != NULL)
        good = cJSON_AddNumberToObject(request, "code", atoi(code)) != NULL && good;
    char *body = good ? cJSON_PrintUnformatted(request) : NULL;
    cJSON_Delete(request);
    return body;
}
