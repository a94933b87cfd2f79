/*
 * What plugins cost: nanoseconds for each message and each upgrade, allocations, and bytes for each
 * client and each instance. Drives the chains of the built plugins as the server does, without
 * sockets, and prints tables in Markdown: chains of plugins that do nothing, the storage, and what
 * ships.
 *
 * usage: plugin_cost [--quick] BUILD [PLUGIN]
 *
 * --quick only sees whether everything can still be measured, for the tests.
 */
#include "base/log.h"
#include "base/ticks.h"
#include "cases.h"
#include "measure.h"
#include "storage.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPELINE_MAX 32768

/* -- chains -- */

/* What was asked for. */
struct order {
    const char *build;
    const char *plugin; /* NULL: all */
    bool is_quick;
};

static struct subject subject_of(const struct order *order, const char *pipeline)
{
    return (struct subject){
        .build = order->build, .pipeline = pipeline, .is_quick = order->is_quick};
}

static void print_chain(const struct order *order, unsigned plugins, double *without)
{
    char pipeline[PIPELINE_MAX] = "[";
    struct figures figures;
    for (unsigned i = 0; i < plugins; i++)
        strcat(pipeline, i == 0 ? "{plugin: nothing}" : ", {plugin: nothing}");
    strcat(pipeline, "]");
    struct subject subject = subject_of(order, pipeline);
    measure(&subject, &figures);
    if (plugins == 0)
        *without = figures.message_ns;
    printf("| %u | %.1f | ", plugins, figures.message_ns);
    if (plugins > 0)
        printf("%.1f ", (figures.message_ns - *without) / plugins);
    printf("| %.3g |\n", figures.message_allocations);
    fflush(stdout);
}

static void print_chains(const struct order *order)
{
    static const unsigned lengths[] = {0, 1, 4, 16};
    double without = 0;
    printf("| plugins | ns a message | ns a plugin | allocations a message |\n"
           "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        print_chain(order, lengths[i], &without);
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

static void print_case(const struct order *order, const struct cost_case *it, char *const *headers,
                       const struct figures *without)
{
    char once[PIPELINE_MAX], twice[PIPELINE_MAX];
    struct figures figures;
    struct subject subject = subject_of(order, once);
    subject.authorization = headers[it->credential];
    subject.is_named = it->is_named;
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

static void print_cases(const struct order *order, char *const *headers)
{
    struct subject nothing = subject_of(order, "[]");
    struct figures without[2];
    measure(&nothing, &without[false]);
    nothing.is_named = true;
    measure(&nothing, &without[true]);
    printf("| plugin | options | ns a message | allocations a message | ns an upgrade "
           "| bytes of state a client | bytes a client, in all | bytes an instance |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < cost_case_count; i++)
        if (order->plugin == NULL || strcmp(order->plugin, cost_cases[i].plugin) == 0)
            print_case(order, &cost_cases[i], headers, &without[cost_cases[i].is_named]);
}

/* -- the rest -- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static bool read_arguments(int argc, char **argv, struct order *order)
{
    int first = 1;
    *order = (struct order){.is_quick = argc > 1 && strcmp(argv[1], "--quick") == 0};
    first += order->is_quick;
    if (argc != first + 1 && argc != first + 2)
        return false;
    order->build = argv[first];
    order->plugin = argc == first + 2 ? argv[first + 1] : NULL;
    return true;
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/plugin-cost-XXXXXX";
    char *headers[CREDENTIALS];
    struct order order;
    if (!read_arguments(argc, argv, &order)) {
        fprintf(stderr, "usage: plugin_cost [--quick] BUILD [PLUGIN]\n");
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
    if (order.plugin == NULL) {
        print_chains(&order);
        printf("\n");
        storage_print(order.build, order.is_quick);
        printf("\n");
    }
    print_cases(&order, headers);
    for (int i = 0; i < CREDENTIALS; i++)
        free(headers[i]);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
