/*
 * sluice clients: who is connected to the running server. Pages are printed as they come, so that
 * it takes little memory however many clients there are.
 */
#include "cli/admin_client.h"
#include "cli/cli_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 1000u  /* clients */
#define QUERY_MAX 8192u /* bytes */

/* Appends "&name=value" with what a URL may not have in %XX. Returns whether there was room. */
static bool add_parameter(char query[QUERY_MAX], const char *name, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t len = strlen(query);
    if (value == NULL)
        return true;
    if (len + strlen(name) + 3 * strlen(value) + 3 > QUERY_MAX)
        return false;
    len += (size_t)snprintf(query + len, QUERY_MAX - len, "&%s=", name);
    for (; *value != '\0'; value++)
        len += (size_t)snprintf(query + len, QUERY_MAX - len,
                                strchr(plain, *value) != NULL ? "%c" : "%%%02X",
                                (unsigned char)*value);
    return true;
}

static bool make_filter(const struct cli_options *options, char query[QUERY_MAX])
{
    query[0] = '\0';
    return add_parameter(query, "identity", options->identity) &&
           add_parameter(query, "address", options->address) &&
           add_parameter(query, "endpoint", options->endpoint) &&
           add_parameter(query, "topic", options->topic);
}

/* Prints what a client has chosen; a terminal must not follow it. */
static void print_safely(const char *text)
{
    for (; *text != '\0'; text++) {
        bool is_control = (unsigned char)*text < ' ' || *text == 0x7f;
        /* C1 controls are two bytes, the first of which is 0xC2. */
        bool is_c1 = (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
        putchar(is_control || is_c1 ? '?' : *text);
        text += is_c1 && text[1] != '\0';
    }
    putchar('\n');
}

static void print_row(const cJSON *client)
{
    char address[80];
    bool is_long = strchr(admin_client_text(client, "address"), ':') != NULL;
    snprintf(address, sizeof address, "%s%.50s%s:%.0f", is_long ? "[" : "",
             admin_client_text(client, "address"), is_long ? "]" : "",
             admin_client_number(client, "port"));
    printf("%-20s %-24s %-16s %-8s %9.1f %9.0f %6.0f ", admin_client_text(client, "id"), address,
           admin_client_text(client, "endpoint"), admin_client_text(client, "state"),
           admin_client_number(client, "silent_ms") / 1000,
           admin_client_number(client, "queued_bytes"), admin_client_number(client, "topics"));
    print_safely(admin_client_text(client, "identity"));
}

static void print_heading(void)
{
    printf("%-20s %-24s %-16s %-8s %9s %9s %6s %s\n", "ID", "ADDRESS", "ENDPOINT", "STATE",
           "SILENT s", "QUEUED B", "TOPICS", "IDENTITY");
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
    char *text = cJSON_PrintUnformatted(client);
    if (text == NULL)
        return false;
    printf("%s%s", before == 0 ? "{\"clients\":[" : ",", text);
    cJSON_free(text);
    return true;
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
        puts(printed == 0 ? "{\"clients\":[]}" : "]}");
    else if (printed == 0)
        print_heading();
    return true;
}

/* Returns 0 if it is none. */
static unsigned limit_given(const char *text)
{
    bool is_number =
        text[0] != '\0' && strlen(text) <= 9 && strspn(text, "0123456789") == strlen(text);
    return is_number ? (unsigned)strtoul(text, NULL, 10) : 0;
}

int cli_clients(const struct cli_options *options)
{
    char filter[QUERY_MAX];
    unsigned limit = options->limit != NULL ? limit_given(options->limit) : UINT32_MAX;
    if (limit == 0 || !make_filter(options, filter)) {
        cli_error(options, "usage",
                  limit == 0 ? "--limit needs a number from 1 on"
                             : "these texts are longer than any name");
        return EXIT_USAGE;
    }
    return print_all(options, filter, limit) ? 0 : EXIT_WRONG;
}
