#include "cli/cli_error.h"

#include "admin/findings.h"
#include "base/json_text.h"
#include "cli/json_list.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MAX 8192 /* a path and what is said of it */

bool cli_print_json(cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    if (text != NULL) {
        json_text_print(stdout, json_list_leave() ? text + 1 : text); /* without its brace */
        putchar('\n');
    } else {
        fputs("sluice: out of memory\n", stderr);
    }
    cJSON_free(text);
    cJSON_Delete(value);
    return text != NULL;
}

void cli_print_findings(const struct cli_options *options, const struct diagnostics *diagnostics)
{
    char detail[64];
    size_t count = diagnostics->count + diagnostics->lost;
    if (!options->json) {
        diagnostics_print(diagnostics);
    } else if (count > 0) {
        cJSON *answer = cJSON_CreateObject();
        snprintf(detail, sizeof detail, "%zu error%s in the configuration", count,
                 count > 1 ? "s" : "");
        cJSON_AddStringToObject(answer, "error", "configuration");
        cJSON_AddStringToObject(answer, "detail", detail);
        cJSON_AddItemToObject(answer, "errors",
                              findings_describe(diagnostics->items, diagnostics->count));
        cJSON_AddItemToObject(answer, "warnings",
                              findings_describe(diagnostics->warnings, diagnostics->warning_count));
        cli_print_json(answer);
    }
}

void cli_error(const struct cli_options *options, const char *code, const char *format, ...)
{
    char text[SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (options->json) {
        cJSON *error = cJSON_CreateObject();
        cJSON_AddStringToObject(error, "error", code);
        cJSON_AddStringToObject(error, "detail", text);
        cli_print_json(error);
    } else {
        fprintf(stderr, "sluice%s%s: %s\n", options->command != NULL ? " " : "",
                options->command != NULL ? options->command : "", text);
    }
}
