#include "workbench/complaint.h"

#include "base/json_text.h"
#include "base/safe_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_MAX 8192 /* a path and what is said of it */

void complaint_print_json(cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    if (text == NULL)
        abort();
    json_text_print(stdout, text);
    putchar('\n');
    cJSON_free(text);
    cJSON_Delete(value);
}

void complain(const struct complaint *complaint, const char *code, const char *format, ...)
{
    char text[SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!complaint->json) {
        fprintf(stderr, "sluice %s: ", complaint->command);
        safe_text_print_lines(stderr, "", text);
        return;
    }
    cJSON *error = cJSON_CreateObject();
    cJSON_AddStringToObject(error, "error", code);
    cJSON_AddStringToObject(error, "detail", text);
    complaint_print_json(error);
}

bool complaint_is_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}
