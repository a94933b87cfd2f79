/*
 * sluice drain: closes the clients of the running server, or of an endpoint, at a pace.
 */
#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/cli_error.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DRAIN_PATH "/api/v1/drain"
#define STOP_PATH DRAIN_PATH "/stop"
#define LOOK_AGAIN (200 * NS_PER_MS)
#define LINE_EACH NS_PER_S

/* Sends the order. Returns the answer, for cJSON_Delete, or NULL: an error has been printed. */
static cJSON *send_drain_order(const struct cli_options *options)
{
    cJSON *request = cJSON_CreateObject();
    if (options->endpoint != NULL)
        cJSON_AddStringToObject(request, "endpoint", options->endpoint);
    if (options->over != NULL)
        cJSON_AddStringToObject(request, "over", options->over);
    char *text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (text == NULL) {
        cli_error(options, "no_memory", "out of memory");
        return NULL;
    }
    const char *path = options->stop ? STOP_PATH : DRAIN_PATH;
    cJSON *answer = admin_client_fetch(
        options, &(struct admin_client_request){.method = "POST", .path = path, .json = text});
    cJSON_free(text);
    return answer;
}

/* The drain that was asked for, or NULL: it is not in force. */
static const cJSON *find_drain(const cJSON *answer, const struct cli_options *options)
{
    const cJSON *drain;
    cJSON_ArrayForEach(drain, cJSON_GetObjectItemCaseSensitive(answer, "drains"))
    {
        const cJSON *endpoint = cJSON_GetObjectItemCaseSensitive(drain, "endpoint");
        const char *path = cJSON_GetStringValue(endpoint);
        bool is_same = options->endpoint == NULL
                           ? cJSON_IsNull(endpoint)
                           : path != NULL && strcmp(path, options->endpoint) == 0;
        if (is_same)
            return drain;
    }
    return NULL;
}

static bool is_drained(const cJSON *drain)
{
    return strcmp(admin_client_text(drain, "state"), "drained") == 0;
}

static void print_drain(const cJSON *drain)
{
    const char *path = admin_client_text(drain, "endpoint");
    printf("%s: %s, %.0f clients left, %.0f closed", path[0] != '\0' ? path : "all endpoints",
           admin_client_text(drain, "state"), admin_client_number(drain, "clients"),
           admin_client_number(drain, "closed"));
    if (is_drained(drain))
        putchar('\n');
    else
        printf(", %.1f s to go\n", admin_client_number(drain, "left_ms") / 1000);
    fflush(stdout);
}

/* What a stop has changed. What is still drained is printed behind it. */
static void print_stopped(const struct cli_options *options, const cJSON *answer)
{
    bool are_some_left = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "drains")) > 0;
    bool is_whole_drained = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "draining"));
    if (admin_client_number(answer, "stopped") > 0)
        puts(is_whole_drained ? "stopped, but all endpoints are drained still"
                              : "stopped; new clients come in again");
    else if (are_some_left)
        printf("%s was not drained\n",
               options->endpoint != NULL ? options->endpoint : "the server");
    else
        puts("nothing was drained");
}

static void print_drains(const struct cli_options *options, const cJSON *answer)
{
    const cJSON *drains = cJSON_GetObjectItemCaseSensitive(answer, "drains");
    const cJSON *drain;
    if (options->stop)
        print_stopped(options, answer);
    else if (cJSON_GetArraySize(drains) == 0)
        puts("nothing is drained");
    cJSON_ArrayForEach(drain, drains) print_drain(drain);
}

static void pause_between_looks(void)
{
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN};
    nanosleep(&pause, NULL);
}

/* Asks until all clients are gone. Takes `answer`; returns the last one, or NULL: an error has been
 * printed. */
static cJSON *wait_until_drained(const struct cli_options *options, cJSON *answer)
{
    int64_t next_line = clock_monotonic() + LINE_EACH;
    const cJSON *drain;
    while ((drain = find_drain(answer, options)) != NULL && !is_drained(drain)) {
        if (!options->json && clock_monotonic() >= next_line) {
            print_drain(drain);
            next_line += LINE_EACH;
        }
        cJSON_Delete(answer);
        pause_between_looks();
        answer = admin_client_fetch(
            options, &(struct admin_client_request){.method = "GET", .path = DRAIN_PATH});
        if (answer == NULL)
            return NULL;
    }
    if (drain == NULL)
        fputs("sluice drain: the drain was stopped\n", stderr);
    return answer;
}

int cli_drain(const struct cli_options *options)
{
    if (options->stop && (options->wait || options->over != NULL)) {
        cli_error(options, "usage", "--stop goes with neither --over nor --wait");
        return EXIT_USAGE;
    }
    cJSON *answer = send_drain_order(options);
    if (answer != NULL && options->wait)
        answer = wait_until_drained(options, answer);
    if (answer == NULL)
        return EXIT_WRONG;
    if (options->json)
        admin_client_print(answer);
    else
        print_drains(options, answer);
    bool is_good = !options->wait || find_drain(answer, options) != NULL;
    cJSON_Delete(answer);
    return is_good ? 0 : EXIT_WRONG;
}
