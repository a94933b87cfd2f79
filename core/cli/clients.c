/*
 * sluice clients: who is connected to the running server. Pages are printed as they come, so that
 * it takes little memory however many clients there are.
 */
#include "cli/admin_client.h"
#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/json_list.h"
#include "base/safe_text.h"
#include "cli/query.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX 1000u      /* clients */
#define SORTED_DEFAULT 100u /* clients: what is sorted is one page */

static bool make_filter(const struct cli_options *options, char query[QUERY_MAX])
{
    query[0] = '\0';
    return query_add(query, "identity", options->identity) &&
           query_add(query, "address", options->address) &&
           query_add(query, "endpoint", options->endpoint) &&
           query_add(query, "topic", options->topic) && query_add(query, "sort", options->sort);
}

static void print_row(const cJSON *client)
{
    char address[80];
    bool is_long = strchr(admin_client_text(client, "address"), ':') != NULL;
    snprintf(address, sizeof address, "%s%.50s%s:%.0f", is_long ? "[" : "",
             admin_client_text(client, "address"), is_long ? "]" : "",
             admin_client_number(client, "port"));
    printf("%-20s %-24s %-16s %-8s %9.0f %9.1f %9.0f %11.0f %11.0f %10.0f %10.0f %8.0f %6.0f ",
           admin_client_text(client, "id"), address, admin_client_text(client, "endpoint"),
           admin_client_text(client, "state"), admin_client_number(client, "age_ms") / 1000,
           admin_client_number(client, "silent_ms") / 1000,
           admin_client_number(client, "queued_bytes"), admin_client_number(client, "bytes_in"),
           admin_client_number(client, "bytes_out"), admin_client_number(client, "messages_in"),
           admin_client_number(client, "messages_out"),
           admin_client_number(client, "messages_dropped"), admin_client_number(client, "topics"));
    safe_text_print(stdout, admin_client_text(client, "identity"));
    putchar('\n');
}

static void print_heading(void)
{
    printf("%-20s %-24s %-16s %-8s %9s %9s %9s %11s %11s %10s %10s %8s %6s %s\n", "ID", "ADDRESS",
           "ENDPOINT", "STATE", "AGE s", "SILENT s", "QUEUED B", "IN B", "OUT B", "IN MSG",
           "OUT MSG", "DROPPED", "TOPICS", "IDENTITY");
}

/* Prints one client, as a row or as a member of a list. Returns whether there was memory. */
static bool print_client(const struct cli_options *options, const cJSON *client, unsigned before)
{
    if (!options->json && before == 0)
        print_heading();
    if (!options->json) {
        print_row(client);
        return true;
    }
    return json_list_add("clients", client);
}

/* Prints a page and frees it. Writes the id that the next one begins behind, or "". */
static bool print_page(const struct cli_options *options, cJSON *page, unsigned *printed,
                       char next[33])
{
    bool good = true;
    const cJSON *client;
    cJSON_ArrayForEach(client, cJSON_GetObjectItemCaseSensitive(page, "clients")) good =
        good && print_client(options, client, (*printed)++);
    snprintf(next, 33, "%s", admin_client_text(page, "next"));
    cJSON_Delete(page);
    if (!good)
        cli_error(options, "no_memory", "out of memory");
    return good;
}

static bool print_all(const struct cli_options *options, const char *filter, unsigned limit)
{
    char path[QUERY_MAX + 128];
    char next[33] = "";
    unsigned printed = 0;
    do {
        unsigned rest = limit - printed;
        snprintf(path, sizeof path, "/api/v1/clients?limit=%u%s%s%s",
                 rest < PAGE_MAX ? rest : PAGE_MAX, next[0] != '\0' ? "&after=" : "", next, filter);
        cJSON *page = admin_client_fetch(
            options, &(struct admin_client_request){.method = "GET", .path = path});
        if (page == NULL || !print_page(options, page, &printed, next))
            return false;
    } while (next[0] != '\0' && printed < limit);
    if (options->json)
        json_list_end("clients");
    else if (printed == 0)
        print_heading();
    return true;
}

/* What is wrong with the command line, or NULL. */
static const char *clients_options_fault(const struct cli_options *options, unsigned limit,
                                         char filter[QUERY_MAX])
{
    if (limit == 0)
        return "--limit needs a number from 1 on";
    if (options->sort != NULL && limit > PAGE_MAX)
        return "--sort takes a --limit of 1000 at most";
    return make_filter(options, filter) ? NULL : "these texts are longer than any name";
}

int cli_clients(const struct cli_options *options)
{
    char filter[QUERY_MAX];
    unsigned limit = options->sort != NULL ? SORTED_DEFAULT : UINT32_MAX;
    if (options->limit != NULL)
        limit = arguments_count(options->limit);
    const char *fault = clients_options_fault(options, limit, filter);
    if (fault != NULL) {
        cli_error(options, "usage", "%s", fault);
        return EXIT_USAGE;
    }
    return print_all(options, filter, limit) ? 0 : EXIT_WRONG;
}
