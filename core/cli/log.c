/*
 * sluice log reopen: has the running server open the file of its log again.
 */
#include "cli/admin_client.h"
#include "cli/cli_error.h"

#include <stdio.h>
#include <string.h>

int cli_log(const struct cli_options *options)
{
    if (options->argument == NULL || strcmp(options->argument, "reopen") != 0) {
        cli_error(options, "usage", "say what to do with the log: 'sluice log reopen'");
        return EXIT_USAGE;
    }
    cJSON *answer = admin_client_fetch(
        options, &(struct admin_client_request){.method = "POST", .path = "/api/v1/log/reopen"});
    if (answer == NULL)
        return EXIT_WRONG;
    if (options->json)
        admin_client_print(answer);
    else
        printf("reopened: the log goes to %s\n", admin_client_text(answer, "file"));
    cJSON_Delete(answer);
    return 0;
}
