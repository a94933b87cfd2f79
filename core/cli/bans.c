/*
 * sluice ban, sluice unban and sluice bans: who is not let in by the running server.
 */
#include "cli/admin_client.h"
#include "cli/cli_error.h"
#include "cli/json_list.h"
#include "cli/query.h"
#include "cli/request_body.h"
#include "base/safe_text.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX 1000u /* bans */

static int refuse_usage(const struct cli_options *options, const char *fault)
{
    cli_error(options, "usage", "%s", fault);
    return EXIT_USAGE;
}

/* -- ban -- */

static char *make_ban_request(const struct cli_options *options)
{
    const struct request_text texts[] = {{"identity", options->identity},
                                         {"address", options->address},
                                         {"for", options->duration},
                                         {"until", options->until},
                                         {"reason", options->reason}};
    cJSON *request = cJSON_CreateObject();
    if (cJSON_AddBoolToObject(request, "keep", options->keep) == NULL) {
        cJSON_Delete(request);
        return NULL;
    }
    return request_body(request, texts, sizeof texts / sizeof *texts, options->code);
}

static const char *ban_options_fault(const struct cli_options *options)
{
    if ((options->identity == NULL) == (options->address == NULL))
        return "say whom: --identity NAME or --address ADDRESS";
    if (options->duration != NULL && options->until != NULL)
        return "an end is given by --for or by --until, not by both";
    if (options->code != NULL && !request_code_is_number(options->code))
        return "--code needs a close code, like 1008 or 4003";
    return NULL;
}

/* Says that a change is not in the server's file. Returns the exit status. */
static int report_saved(const struct cli_options *options, const cJSON *answer)
{
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "saved")))
        return 0;
    if (!options->json)
        fprintf(stderr, "sluice: this is in force, but not in the server's bans.file yet: %s\n",
                admin_client_text(answer, "detail"));
    return EXIT_WRONG;
}

int cli_ban(const struct cli_options *options)
{
    const char *fault = ban_options_fault(options);
    if (fault != NULL)
        return refuse_usage(options, fault);
    char *text = make_ban_request(options);
    if (text == NULL) {
        cli_error(options, "no_memory", "out of memory");
        return EXIT_WRONG;
    }
    cJSON *answer = admin_client_fetch(
        options,
        &(struct admin_client_request){.method = "POST", .path = "/api/v1/bans", .json = text});
    cJSON_free(text);
    if (answer == NULL)
        return EXIT_WRONG;
    double closed = admin_client_number(answer, "closed");
    if (options->json)
        admin_client_print(answer);
    else
        printf("ban %.0f is in force; %.0f client%s being closed\n",
               admin_client_number(answer, "id"), closed, closed == 1 ? " is" : "s are");
    int status = report_saved(options, answer);
    cJSON_Delete(answer);
    return status;
}

/* -- unban -- */

static const char *unban_options_fault(const struct cli_options *options)
{
    const char *id = options->argument;
    int named = (id != NULL) + (options->identity != NULL) + (options->address != NULL);
    if (named != 1)
        return "name one ban: its id, which 'sluice bans' shows, --identity or --address";
    if (id != NULL && (id[0] == '\0' || strlen(id) > 20 || strspn(id, "0123456789") != strlen(id)))
        return "the id of a ban is a number, which 'sluice bans' shows";
    return NULL;
}

int cli_unban(const struct cli_options *options)
{
    char path[QUERY_MAX + 32], query[QUERY_MAX] = "";
    const char *fault = unban_options_fault(options);
    if (fault == NULL && !(query_add(query, "identity", options->identity) &&
                           query_add(query, "address", options->address)))
        fault = "this text is longer than any name";
    if (fault != NULL)
        return refuse_usage(options, fault);
    if (options->argument != NULL)
        snprintf(path, sizeof path, "/api/v1/bans/%s", options->argument);
    else
        snprintf(path, sizeof path, "/api/v1/bans?%s", query + 1);
    cJSON *answer = admin_client_fetch(
        options, &(struct admin_client_request){.method = "DELETE", .path = path});
    if (answer == NULL)
        return EXIT_WRONG;
    if (options->json)
        admin_client_print(answer);
    else
        printf("ban %.0f is lifted\n",
               admin_client_number(cJSON_GetObjectItemCaseSensitive(answer, "lifted"), "id"));
    int status = report_saved(options, answer);
    cJSON_Delete(answer);
    return status;
}

/* -- bans -- */

static void print_ban(const cJSON *ban)
{
    bool is_address = cJSON_HasObjectItem(ban, "address");
    const char *until = admin_client_text(ban, "until");
    printf("%-8.0f %-20s ", admin_client_number(ban, "id"), until[0] != '\0' ? until : "for good");
    printf("%-8s ", is_address ? "address" : "identity");
    const char *subject = admin_client_text(ban, is_address ? "address" : "identity");
    safe_text_print(stdout, subject);
    printf("%*s ", strlen(subject) < 24 ? 24 - (int)strlen(subject) : 0, "");
    safe_text_print(stdout, admin_client_text(ban, "reason"));
    putchar('\n');
}

/* Prints a page. Returns whether there was memory. */
static bool print_bans(const struct cli_options *options, const cJSON *page)
{
    const cJSON *ban;
    cJSON_ArrayForEach(ban, cJSON_GetObjectItemCaseSensitive(page, "bans"))
    {
        if (!options->json)
            print_ban(ban);
        else if (!json_list_add("bans", ban))
            return false;
    }
    return true;
}

int cli_bans(const struct cli_options *options)
{
    char path[64];
    char next[24] = "0";
    if (!options->json)
        printf("%-8s %-20s %-8s %-24s %s\n", "ID", "UNTIL", "BANNED", "", "REASON");
    while (next[0] != '\0') {
        snprintf(path, sizeof path, "/api/v1/bans?limit=%u&after=%s", PAGE_MAX, next);
        cJSON *page = admin_client_fetch(
            options, &(struct admin_client_request){.method = "GET", .path = path});
        if (page == NULL)
            return EXIT_WRONG;
        bool good = print_bans(options, page);
        snprintf(next, sizeof next, "%s", admin_client_text(page, "next"));
        cJSON_Delete(page);
        if (!good) {
            cli_error(options, "no_memory", "out of memory");
            return EXIT_WRONG;
        }
    }
    if (options->json)
        json_list_end("bans");
    return 0;
}
