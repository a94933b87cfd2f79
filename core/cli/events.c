/*
 * sluice events: the last events of the running server's log, and those that come.
 */
#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/interruption.h"
#include "cli/query.h"
#include "base/safe_text.h"

#include <stdio.h>
#include <string.h>

#define EVENTS_PATH "/api/v1/events"
#define AT_FIRST 20u
#define AT_ONCE 500u
#define ASK_AGAIN (500 * NS_PER_MS)
#define CURSOR_MAX 24 /* bytes, its end included */

struct event_feed {
    const struct cli_options *options;
    unsigned limit;
    char after[CURSOR_MAX]; /* empty: the newest ones */
    bool has_more;          /* that are there already */
};

/* -- one event -- */

static bool is_of_head(const char *name)
{
    static const char *const head[] = {"id", "time", "level", "module", "message"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        if (strcmp(head[i], name) == 0)
            return true;
    return false;
}

static void print_event(const cJSON *event)
{
    const cJSON *field;
    printf("%s %-5s ", admin_client_text(event, "time"), admin_client_text(event, "level"));
    safe_text_print(stdout, admin_client_text(event, "module"));
    fputs(": ", stdout);
    safe_text_print(stdout, admin_client_text(event, "message"));
    cJSON_ArrayForEach(field, event)
    {
        if (is_of_head(field->string))
            continue;
        fputc(' ', stdout);
        safe_text_print(stdout, field->string);
        fputc('=', stdout);
        if (!cJSON_IsString(field))
            printf("%.0f", cJSON_IsNumber(field) ? field->valuedouble : cJSON_IsTrue(field));
        else if (strpbrk(field->valuestring, " \"\\=") == NULL && field->valuestring[0] != '\0')
            safe_text_print(stdout, field->valuestring);
        else
            safe_text_print_quoted(stdout, field->valuestring);
    }
    fputc('\n', stdout);
}

static void print_missed(const struct cli_options *options, double missed)
{
    if (options->json)
        printf("{\"event\":\"missed\",\"events\":%.0f}\n", missed);
    else
        printf("%.0f missed: they came faster than they were read\n", missed);
}

/* -- the feed -- */

/* Shows what was read, and deletes it. */
static void show_events(struct event_feed *feed, cJSON *reading)
{
    const cJSON *event;
    double missed = admin_client_number(reading, "missed");
    if (missed > 0)
        print_missed(feed->options, missed);
    cJSON_ArrayForEach(event, cJSON_GetObjectItemCaseSensitive(reading, "events"))
    {
        if (feed->options->json)
            admin_client_print(event);
        else
            print_event(event);
    }
    fflush(stdout);
    snprintf(feed->after, sizeof feed->after, "%s", admin_client_text(reading, "next"));
    feed->has_more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reading, "more"));
    feed->limit = AT_ONCE;
    cJSON_Delete(reading);
}

/* Returns whether the server has answered; if not, an error has been printed. */
static bool ask_for_events(struct event_feed *feed)
{
    char path[QUERY_MAX];
    snprintf(path, sizeof path, EVENTS_PATH "?limit=%u", feed->limit);
    if (!query_add(path, "after", feed->after[0] != '\0' ? feed->after : NULL) ||
        !query_add(path, "event", feed->options->event) ||
        !query_add(path, "client", feed->options->argument)) {
        cli_error(feed->options, "usage", "the name of an event is shorter");
        return false;
    }
    cJSON *reading = admin_client_fetch(
        feed->options, &(struct admin_client_request){.method = "GET", .path = path});
    if (reading == NULL)
        return false;
    show_events(feed, reading);
    return true;
}

int cli_events(const struct cli_options *options)
{
    struct event_feed feed = {.options = options, .limit = AT_FIRST};
    if (options->count != NULL)
        feed.limit = arguments_count(options->count);
    if (feed.limit == 0 || feed.limit > AT_ONCE) {
        cli_error(options, "usage", "--count needs a number from 1 to 500");
        return EXIT_USAGE;
    }
    interruption_note();
    bool is_good = ask_for_events(&feed);
    while (is_good && options->follow && !interruption_came() && !ferror(stdout)) {
        if (!feed.has_more)
            interruption_wait(ASK_AGAIN);
        is_good = interruption_came() || ask_for_events(&feed);
    }
    return is_good ? 0 : EXIT_WRONG;
}
