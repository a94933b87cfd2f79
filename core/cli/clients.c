/*
 * sluice clients: who is connected to the running server.
 */
#include "cli/admin_client.h"

#include <stdio.h>
#include <string.h>

#define PAGE_PATH "/api/v1/clients?limit=1000"

/* Appends all clients to `all`, page by page. */
static bool fetch_all(const struct cli_options *options, cJSON *all)
{
    char path[128] = PAGE_PATH;
    for (;;) {
        cJSON *page = admin_client_fetch(
            options, &(struct admin_client_request){.method = "GET", .path = path});
        if (page == NULL)
            return false;
        cJSON *clients = cJSON_GetObjectItemCaseSensitive(page, "clients");
        cJSON *client;
        while ((client = cJSON_DetachItemFromArray(clients, 0)) != NULL)
            cJSON_AddItemToArray(all, client);
        const char *next = admin_client_text(page, "next");
        bool has_next = next[0] != '\0';
        snprintf(path, sizeof path, PAGE_PATH "&after=%.32s", next);
        cJSON_Delete(page);
        if (!has_next)
            return true;
    }
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

static void print_clients(const cJSON *all)
{
    const cJSON *client;
    printf("%-20s %-24s %-16s %s\n", "ID", "ADDRESS", "ENDPOINT", "IDENTITY");
    cJSON_ArrayForEach(client, all)
    {
        char address[80];
        bool is_long = strchr(admin_client_text(client, "address"), ':') != NULL;
        snprintf(address, sizeof address, "%s%.50s%s:%.0f", is_long ? "[" : "",
                 admin_client_text(client, "address"), is_long ? "]" : "",
                 admin_client_number(client, "port"));
        printf("%-20s %-24s %-16s ", admin_client_text(client, "id"), address,
               admin_client_text(client, "endpoint"));
        print_safely(admin_client_text(client, "identity"));
    }
}

int cli_clients(const struct cli_options *options)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON *all = cJSON_AddArrayToObject(answer, "clients");
    bool good = all != NULL && fetch_all(options, all);
    if (good && options->json)
        admin_client_print(answer);
    else if (good)
        print_clients(all);
    cJSON_Delete(answer);
    return good ? 0 : EXIT_WRONG;
}
