/*
 * sluice top: what the running server does, interval by interval.
 */
#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/interruption.h"
#include "cli/samples.h"
#include "cli/top_figures.h"
#include "cli/top_screen.h"
#include "config/values.h"

#include <stdint.h>
#include <stdio.h>

#define INTERVAL_LEAST (100 * NS_PER_MS)
#define INTERVAL_MOST (3600 * NS_PER_S)
#define CLIENTS_PATH "/api/v1/clients?sort=queue&limit=10"

/* The metrics at one end of an interval. */
struct moment {
    struct samples samples;
    int64_t at; /* monotonic ns */
};

struct top {
    const struct cli_options *options;
    int64_t interval;    /* ns */
    unsigned count;      /* of intervals; 0: no limit */
    bool is_on_terminal; /* the screen is redrawn */
};

/* Asks for the metrics. Returns whether they are there; else an error has been printed. */
static bool read_moment(const struct cli_options *options, struct moment *out)
{
    struct buffer body;
    buffer_init(&body, SIZE_MAX);
    int status = admin_client_ask(
        options, &(struct admin_client_request){.method = "GET", .path = "/metrics"}, &body);
    int error = status == 200 ? samples_read(&out->samples, (const char *)body.data) : ERR_INVALID;
    out->at = clock_monotonic();
    buffer_release(&body);
    if (error == ERR_NO_MEMORY)
        cli_error(options, "no_memory", "out of memory");
    else if (error != OK && status >= 0)
        cli_error(options, "no_metrics", "the server does not show its metrics (HTTP %d)", status);
    admin_client_advise(options, status);
    return error == OK;
}

/* Those with the largest queues, for cJSON_Delete, or NULL: an error has been printed. */
static cJSON *read_clients(const struct cli_options *options)
{
    return admin_client_fetch(
        options, &(struct admin_client_request){.method = "GET", .path = CLIENTS_PATH});
}

static void show_figures(const struct top *top, const cJSON *figures, unsigned shown)
{
    if (top->options->json) {
        admin_client_print(figures);
    } else if (top->is_on_terminal) {
        top_screen_redraw(figures, top_screen_size());
    } else {
        fputs(shown > 0 ? "\n" : "", stdout);
        top_screen_print(figures);
    }
    fflush(stdout);
}

/* Shows what has happened since `before`, which it brings to the interval's end. Returns false
 * after an error, which has been printed. */
static bool show_interval(const struct top *top, struct moment *before, unsigned shown)
{
    struct moment after = {.at = 0};
    cJSON *clients = read_clients(top->options);
    bool is_good = clients != NULL && read_moment(top->options, &after);
    if (is_good) {
        const struct top_interval interval = {.before = &before->samples,
                                              .after = &after.samples,
                                              .seconds =
                                                  (double)(after.at - before->at) / NS_PER_S};
        cJSON *figures = top_figures(&interval, clients);
        show_figures(top, figures, shown);
        cJSON_Delete(figures);
        samples_free(&before->samples);
        *before = after;
    }
    cJSON_Delete(clients);
    return is_good;
}

static int run_top(const struct top *top)
{
    struct moment before = {.at = 0};
    bool is_good = read_moment(top->options, &before);
    for (unsigned shown = 0; is_good && (top->count == 0 || shown < top->count) && !ferror(stdout);
         shown++) {
        interruption_wait(before.at + top->interval - clock_monotonic());
        if (interruption_came())
            break;
        is_good = show_interval(top, &before, shown);
    }
    samples_free(&before.samples);
    return is_good ? 0 : EXIT_WRONG;
}

int cli_top(const struct cli_options *options)
{
    struct top top = {.options = options, .interval = NS_PER_S, .count = options->once ? 1 : 0};
    const char *wrong = NULL;
    if (options->interval != NULL &&
        (duration_parse(options->interval, &top.interval) != 0 || top.interval < INTERVAL_LEAST ||
         top.interval > INTERVAL_MOST))
        wrong = "--interval needs a duration from 100ms to 1h, like 2s";
    else if (options->count != NULL && (top.count = arguments_count(options->count)) == 0)
        wrong = "--count needs a number from 1 on";
    else if (options->count != NULL && options->once)
        wrong = "--once means one interval; leave --count out";
    if (wrong != NULL) {
        cli_error(options, "usage", "%s", wrong);
        return EXIT_USAGE;
    }
    top.is_on_terminal = !options->json && !options->once && top_screen_is_terminal();
    interruption_note();
    int status = run_top(&top);
    if (top.is_on_terminal)
        top_screen_end();
    return status;
}
