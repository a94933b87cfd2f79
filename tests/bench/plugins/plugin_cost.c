/*
 * What plugins cost: nanoseconds for each message and each upgrade, allocations, and bytes for each
 * client and each instance. Drives the chains of the built plugins as the server does, without
 * sockets, and prints two tables in Markdown: chains of plugins that do nothing, and what ships.
 *
 * usage: plugin_cost BUILD [PLUGIN]
 */
#include "base/log.h"
#include "base/ticks.h"
#include "cases.h"
#include "measure.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPELINE_MAX 32768

/* -- chains -- */

static void print_chain(const char *build, unsigned plugins, double *without)
{
    char pipeline[PIPELINE_MAX] = "[";
    struct figures figures;
    for (unsigned i = 0; i < plugins; i++)
        strcat(pipeline, i == 0 ? "{plugin: nothing}" : ", {plugin: nothing}");
    strcat(pipeline, "]");
    measure(&(struct subject){.build = build, .pipeline = pipeline}, &figures);
    if (plugins == 0)
        *without = figures.message_ns;
    printf("| %u | %.1f | ", plugins, figures.message_ns);
    if (plugins > 0)
        printf("%.1f ", (figures.message_ns - *without) / plugins);
    printf("| %.3g |\n", figures.message_allocations);
    fflush(stdout);
}

static void print_chains(const char *build)
{
    static const unsigned lengths[] = {0, 1, 4, 16};
    double without = 0;
    printf("| plugins | ns a message | ns a plugin | allocations a message |\n"
           "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        print_chain(build, lengths[i], &without);
}

/* -- plugins -- */

/* A whole number, not below 0: the difference of two measurements may be. */
static void print_figure(bool has, double value)
{
    if (has)
        printf(" | %.0f", value > 0 ? value : 0.0);
    else
        printf(" | -");
}

static void print_case(const char *build, const struct cost_case *it, char *const *headers,
                       const struct figures *without)
{
    char once[PIPELINE_MAX], twice[PIPELINE_MAX];
    struct figures figures;
    struct subject subject = {.build = build,
                              .pipeline = once,
                              .authorization = headers[it->credential],
                              .is_named = it->is_named};
    snprintf(once, sizeof once, "[{plugin: %s, options: %s}]", it->plugin, it->options);
    snprintf(twice, sizeof twice, "[{plugin: %s, options: %s}, {plugin: %s, options: %s}]",
             it->plugin, it->options, it->plugin, it->options);
    measure(&subject, &figures);
    long bytes = -measure_hub(&subject);
    subject.pipeline = twice;
    bytes += measure_hub(&subject);
    printf("| %s | %s", it->plugin, it->title);
    print_figure(figures.has_message, figures.message_ns - without->message_ns);
    print_figure(figures.has_message, figures.message_allocations);
    print_figure(figures.has_upgrade, figures.upgrade_ns - without->upgrade_ns);
    print_figure(true, (double)figures.state_bytes);
    print_figure(true, figures.client_bytes - without->client_bytes);
    print_figure(true, (double)bytes);
    printf(" |\n");
    fflush(stdout);
}

static void print_cases(const char *build, const char *plugin, char *const *headers)
{
    struct subject nothing = {.build = build, .pipeline = "[]"};
    struct figures without[2];
    measure(&nothing, &without[false]);
    nothing.is_named = true;
    measure(&nothing, &without[true]);
    printf("| plugin | options | ns a message | allocations a message | ns an upgrade "
           "| bytes of state a client | bytes a client, in all | bytes an instance |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < cost_case_count; i++)
        if (plugin == NULL || strcmp(plugin, cost_cases[i].plugin) == 0)
            print_case(build, &cost_cases[i], headers, &without[cost_cases[i].is_named]);
}

/* -- the rest -- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/plugin-cost-XXXXXX";
    char *headers[CREDENTIALS];
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: plugin_cost BUILD [PLUGIN]\n");
        return 2;
    }
    if (mkdtemp(folder) == NULL) {
        perror("plugin_cost: /tmp");
        return 1;
    }
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    ticks_init();
    credentials_make(folder, headers);
    cases_write_files(folder);
    if (argc == 2) {
        print_chains(argv[1]);
        printf("\n");
    }
    print_cases(argv[1], argc == 3 ? argv[2] : NULL, headers);
    for (int i = 0; i < CREDENTIALS; i++)
        free(headers[i]);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
