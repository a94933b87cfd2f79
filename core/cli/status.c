/*
 * sluice status: who is connected, and what the pipelines of the running server have decided.
 */
#include "base/safe_text.h"
#include "cli/admin_client.h"
#include "cli/units.h"

#include <stdio.h>
#include <string.h>

static cJSON *fetch(const struct cli_options *options, const char *path)
{
    return admin_client_fetch(options,
                              &(struct admin_client_request){.method = "GET", .path = path});
}

/* What it says to others of its pipeline, a line for each. */
static void print_relations(const cJSON *instance)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(instance, "provides"))
    {
        printf("    provides %s %s\n", admin_client_text(item, "name"),
               admin_client_text(item, "version"));
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(instance, "finds"))
    {
        if (cJSON_HasObjectItem(item, "provider"))
            printf("    finds %s %s of %s\n", admin_client_text(item, "name"),
                   admin_client_text(item, "version"), admin_client_text(item, "provider"));
        else
            printf("    does not find %s %s\n", admin_client_text(item, "name"),
                   admin_client_text(item, "wanted"));
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(instance, "listens"))
    {
        fputs("    listens to ", stdout);
        safe_text_print(stdout, cJSON_IsString(item) ? item->valuestring : "");
        fputs("\n", stdout);
    }
}

static void print_instance(const cJSON *instance)
{
    const cJSON *verdicts = cJSON_GetObjectItemCaseSensitive(instance, "verdicts");
    const cJSON *latency = cJSON_GetObjectItemCaseSensitive(instance, "latency_ns");
    const cJSON *verdict;
    char text[UNITS_TEXT_MAX];
    printf("  %s (%s %s)%s:", admin_client_text(instance, "instance"),
           admin_client_text(instance, "plugin"), admin_client_text(instance, "version"),
           strcmp(admin_client_text(instance, "mode"), "shadow") == 0 ? ", shadow" : "");
    cJSON_ArrayForEach(verdict, verdicts)
    {
        if (verdict->valuedouble > 0)
            printf(" %s %.0f,", verdict->string, verdict->valuedouble);
    }
    printf(" over budget %.0f", admin_client_number(instance, "over_budget"));
    if (admin_client_number(latency, "count") > 0) {
        fputs(";", stdout);
        printf(" p50 %s", units_duration(admin_client_number(latency, "p50"), text));
        printf(" p99 %s", units_duration(admin_client_number(latency, "p99"), text));
    }
    fputs("\n", stdout);
    print_relations(instance);
}

static const cJSON *find_endpoint(const cJSON *pipeline, const char *path)
{
    const cJSON *endpoint;
    cJSON_ArrayForEach(endpoint, cJSON_GetObjectItemCaseSensitive(pipeline, "endpoints"))
    {
        if (strcmp(admin_client_text(endpoint, "path"), path) == 0)
            return endpoint;
    }
    return NULL;
}

static const char *plural(double count)
{
    return count > 1 || count < 1 ? "s" : "";
}

static void print_awaited(const cJSON *pipeline)
{
    const cJSON *awaited;
    bool is_start = admin_client_number(pipeline, "generation") < 1;
    cJSON_ArrayForEach(awaited, cJSON_GetObjectItemCaseSensitive(pipeline, "awaited"))
    {
        printf("%s waits for %s of %s, whose create has not finished yet\n",
               is_start ? "the start" : "a reload", admin_client_text(awaited, "instance"),
               admin_client_text(awaited, "endpoint"));
    }
}

static void print_status(const cJSON *count, const cJSON *pipeline)
{
    const cJSON *clients;
    const cJSON *instance;
    double all = admin_client_number(count, "clients");
    printf("%.0f client%s, configuration %.0f\n", all, plural(all),
           admin_client_number(pipeline, "generation"));
    print_awaited(pipeline);
    cJSON_ArrayForEach(clients, cJSON_GetObjectItemCaseSensitive(count, "by_endpoint"))
    {
        printf("%s: %.0f client%s\n", clients->string, clients->valuedouble,
               plural(clients->valuedouble));
        const cJSON *endpoint = find_endpoint(pipeline, clients->string);
        cJSON_ArrayForEach(instance, cJSON_GetObjectItemCaseSensitive(endpoint, "pipeline"))
        {
            print_instance(instance);
        }
    }
}

int cli_status(const struct cli_options *options)
{
    cJSON *count = fetch(options, "/api/v1/count");
    cJSON *pipeline = count != NULL ? fetch(options, "/api/v1/pipeline") : NULL;
    bool good = pipeline != NULL;
    if (good && options->json) {
        cJSON_AddItemToObject(count, "pipeline", pipeline);
        pipeline = NULL; /* Now a part of the other. */
        admin_client_print(count);
    } else if (good) {
        print_status(count, pipeline);
    }
    cJSON_Delete(count);
    cJSON_Delete(pipeline);
    return good ? 0 : EXIT_WRONG;
}
