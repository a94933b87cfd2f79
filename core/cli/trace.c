/*
 * sluice trace: shows the way of each message of some clients, as it happens.
 */
#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/interruption.h"
#include "base/safe_text.h"
#include "cli/units.h"

#include <stdio.h>
#include <string.h>

#define TRACES_PATH "/api/v1/traces"
#define READ_AGAIN (200 * NS_PER_MS)
#define PAYLOAD_DEFAULT 256u
#define PAYLOAD_MAX 4096u

/* What has been shown so far. */
struct shown {
    unsigned messages;
    unsigned most; /* of them; 0: no limit */
    double lost;
    bool is_over;
};

/* -- one record -- */

static bool is_word(const cJSON *object, const char *name, const char *wanted)
{
    return strcmp(admin_client_text(object, name), wanted) == 0;
}

static void print_steps(const cJSON *record)
{
    const cJSON *step;
    char text[UNITS_TEXT_MAX];
    const char *before = "  ";
    cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(record, "plugins"))
    {
        double ns = admin_client_number(step, "ns");
        printf("%s%s %s", before, admin_client_text(step, "instance"),
               admin_client_text(step, "verdict"));
        if (is_word(step, "mode", "shadow"))
            fputs(" (shadow)", stdout);
        if (ns > 0)
            printf(" %s", units_duration(ns, text));
        before = ", ";
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(record, "plugins_left_out")))
        fputs(", ...", stdout);
}

static void print_close(const cJSON *record)
{
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(record, "reason");
    printf(" %.0f", admin_client_number(record, "code"));
    if (cJSON_IsString(reason) && reason->valuestring[0] != '\0') {
        fputc(' ', stdout);
        safe_text_print_quoted(stdout, reason->valuestring);
    }
}

static void print_delivery(const cJSON *record)
{
    double bytes_out = admin_client_number(record, "bytes_out");
    printf(" to %.0f", admin_client_number(record, "receivers"));
    const char *topic = admin_client_text(record, "topic");
    if (topic[0] != '\0') {
        fputs(" of topic ", stdout);
        safe_text_print_quoted(stdout, topic);
    }
    double bytes = admin_client_number(record, "bytes");
    if (bytes_out < bytes || bytes_out > bytes)
        printf(" as %.0f B", bytes_out);
}

static void print_outcome(const cJSON *record)
{
    const char *outcome = admin_client_text(record, "outcome");
    if (strcmp(outcome, "no_memory") == 0)
        outcome = "lost: the server is short of memory";
    else if (strcmp(outcome, "not_open") == 0)
        outcome = "not delivered: the client is closing";
    printf("  -> %s", outcome);
    if (strcmp(outcome, "delivered") == 0)
        print_delivery(record);
    else if (strcmp(outcome, "closed") == 0)
        print_close(record);
}

static void print_payload(const cJSON *record)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(record, "payload");
    const cJSON *base64 = cJSON_GetObjectItemCaseSensitive(record, "payload_base64");
    bool is_cut = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(record, "payload_cut"));
    if (!cJSON_IsString(text) && !cJSON_IsString(base64))
        return;
    fputs("    ", stdout);
    if (cJSON_IsString(text))
        safe_text_print_quoted(stdout, text->valuestring);
    else
        printf("base64 %s", base64->valuestring);
    puts(is_cut ? "..." : "");
}

static void print_message(const cJSON *record)
{
    bool is_compressed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(record, "compressed"));
    printf("%-3s %s %.0f B%s", admin_client_text(record, "direction"),
           admin_client_text(record, "type"), admin_client_number(record, "bytes"),
           is_compressed ? " compressed" : "");
    if (is_word(record, "event", "resumed"))
        fputs(" resumed", stdout);
    print_steps(record);
    if (is_word(record, "direction", "in"))
        print_outcome(record);
    fputc('\n', stdout);
    print_payload(record);
}

static void print_record(const cJSON *record)
{
    const char *time = admin_client_text(record, "time");
    const char *of_day = strchr(time, 'T');
    printf("%.15s %s ", of_day != NULL ? of_day + 1 : time, admin_client_text(record, "client"));
    if (is_word(record, "event", "opened")) {
        puts("opened");
    } else if (is_word(record, "event", "closed")) {
        fputs("closed", stdout);
        print_close(record);
        printf(" by the %s\n", admin_client_text(record, "by"));
    } else {
        print_message(record);
    }
}

/* -- what a reading says -- */

static bool is_counted(const cJSON *record)
{
    return is_word(record, "event", "received") || is_word(record, "event", "sent");
}

static void show_lost(const struct cli_options *options, double lost)
{
    if (options->json)
        printf("{\"event\":\"lost\",\"records\":%.0f}\n", lost);
    else
        printf("%.0f lost: they came faster than they were read\n", lost);
}

/* Shows what was read, and deletes it. */
static void show_reading(const struct cli_options *options, cJSON *reading, struct shown *shown)
{
    const cJSON *record;
    double lost = admin_client_number(reading, "lost");
    cJSON_ArrayForEach(record, cJSON_GetObjectItemCaseSensitive(reading, "records"))
    {
        if (shown->most > 0 && shown->messages >= shown->most)
            break;
        if (options->json)
            admin_client_print(record);
        else
            print_record(record);
        shown->messages += is_counted(record);
    }
    if (lost > 0)
        show_lost(options, lost);
    shown->lost += lost;
    shown->is_over = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reading, "over")) ||
                     (shown->most > 0 && shown->messages >= shown->most);
    fflush(stdout);
    shown->is_over = shown->is_over || ferror(stdout);
    cJSON_Delete(reading);
}

/* -- the trace -- */

/* Returns the bytes of each message that are to be shown, or more than PAYLOAD_MAX: it is no such
 * number. */
static unsigned payload_given(const char *text)
{
    if (text == NULL)
        return 0;
    if (text[0] == '\0')
        return PAYLOAD_DEFAULT;
    unsigned bytes = arguments_count(text);
    return bytes == 0 ? PAYLOAD_MAX + 1 : bytes;
}

static void add_text(cJSON *object, const char *name, const char *value)
{
    if (value != NULL)
        cJSON_AddStringToObject(object, name, value);
}

/* Begins it. Returns the answer, for cJSON_Delete, or NULL: an error has been printed. */
static cJSON *begin_trace(const struct cli_options *options, unsigned payload)
{
    cJSON *request = cJSON_CreateObject();
    add_text(request, "client", options->argument);
    add_text(request, "identity", options->identity);
    add_text(request, "endpoint", options->endpoint);
    add_text(request, "for", options->duration);
    if (payload > 0)
        cJSON_AddNumberToObject(request, "payload", payload);
    char *text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (text == NULL) {
        cli_error(options, "no_memory", "out of memory");
        return NULL;
    }
    cJSON *begun = admin_client_fetch(
        options,
        &(struct admin_client_request){.method = "POST", .path = TRACES_PATH, .json = text});
    cJSON_free(text);
    return begun;
}

static cJSON *ask_trace(const struct cli_options *options, const char *method, const cJSON *begun)
{
    char path[128];
    snprintf(path, sizeof path, TRACES_PATH "/%.64s", admin_client_text(begun, "trace"));
    return admin_client_fetch(options,
                              &(struct admin_client_request){.method = method, .path = path});
}

static void say_begun(const struct cli_options *options, const cJSON *begun)
{
    double clients = admin_client_number(begun, "clients");
    if (!options->json)
        fprintf(stderr, "sluice trace: %.0f client%s, for %.0f s; Ctrl-C ends it\n", clients,
                clients > 1 || clients < 1 ? "s" : "", admin_client_number(begun, "for_ms") / 1000);
}

/* Reads until it is over. Returns whether the server has answered. */
static bool follow_trace(const struct cli_options *options, const cJSON *begun, struct shown *shown)
{
    while (!shown->is_over && !interruption_came()) {
        cJSON *reading = ask_trace(options, "GET", begun);
        if (reading == NULL)
            return false;
        show_reading(options, reading, shown);
        if (!shown->is_over)
            interruption_wait(READ_AGAIN);
    }
    cJSON_Delete(ask_trace(options, "DELETE", begun));
    return true;
}

int cli_trace(const struct cli_options *options)
{
    struct shown shown = {.most = options->count != NULL ? arguments_count(options->count) : 0};
    unsigned payload = payload_given(options->payload);
    const char *wrong = NULL;
    if ((options->argument == NULL) == (options->identity == NULL))
        wrong = "say whom: the id of a client ('sluice clients' lists them), or --identity NAME";
    else if (options->argument != NULL && options->endpoint != NULL)
        wrong = "--endpoint goes with --identity; an id means one client";
    else if (options->count != NULL && shown.most == 0)
        wrong = "--count needs a number from 1 on";
    else if (payload > PAYLOAD_MAX)
        wrong = "--payload needs a number of bytes from 1 to 4096, like --payload=100";
    if (wrong != NULL) {
        cli_error(options, "usage", "%s", wrong);
        return EXIT_USAGE;
    }
    interruption_note();
    cJSON *begun = begin_trace(options, payload);
    if (begun == NULL)
        return EXIT_WRONG;
    say_begun(options, begun);
    bool is_good = follow_trace(options, begun, &shown);
    cJSON_Delete(begun);
    if (!options->json)
        fprintf(stderr, "sluice trace: %u messages, %.0f records lost\n", shown.messages,
                shown.lost);
    return is_good ? 0 : EXIT_WRONG;
}
