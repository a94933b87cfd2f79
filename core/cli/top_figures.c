#include "cli/top_figures.h"

#include "cli/admin_client.h"
#include "pipeline/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 256

/* By how much a counter has grown; one that has begun anew has not. */
static double growth(double before, double after)
{
    return after > before ? after - before : 0;
}

/* How much the counters with these labels have grown a second. */
static double rate(const struct top_interval *interval, const char *name, const char *part)
{
    return growth(samples_sum(interval->before, name, part),
                  samples_sum(interval->after, name, part)) /
           interval->seconds;
}

/* The same of one sample, which may be new. */
static double rate_of(const struct top_interval *interval, const char *name, const char *labels)
{
    const struct sample *before = samples_find(interval->before, name, labels);
    const struct sample *after = samples_find(interval->after, name, labels);
    return growth(before != NULL ? before->value : 0, after != NULL ? after->value : 0) /
           interval->seconds;
}

static void add_both_ways(cJSON *figures, const struct top_interval *interval, const char *member,
                          const char *name)
{
    cJSON *object = cJSON_AddObjectToObject(figures, member);
    cJSON_AddNumberToObject(object, "in", rate(interval, name, "direction=\"in\""));
    cJSON_AddNumberToObject(object, "out", rate(interval, name, "direction=\"out\""));
}

/* Those of plugins, limits and bans alike. */
static void add_upgrades(cJSON *figures, const struct top_interval *interval)
{
    cJSON *object = cJSON_AddObjectToObject(figures, "upgrades");
    double opened = rate(interval, "sluice_upgrades_total", "outcome=\"opened\"");
    double all = rate(interval, "sluice_upgrades_total", NULL);
    cJSON_AddNumberToObject(object, "opened", opened);
    cJSON_AddNumberToObject(object, "refused",
                            growth(opened, all) +
                                rate(interval, "sluice_upgrades_refused_total", NULL));
}

/* -- loops -- */

static void add_loops(cJSON *figures, const struct top_interval *interval)
{
    static const char name[] = "sluice_loop_iteration_seconds_sum";
    cJSON *loops = cJSON_AddArrayToObject(figures, "loops");
    for (size_t i = 0; i < interval->after->count; i++) {
        const struct sample *sample = &interval->after->items[i];
        char label[LABEL_MAX];
        if (strcmp(sample->name, name) != 0)
            continue;
        double busy = rate_of(interval, name, sample->labels);
        cJSON *loop = cJSON_CreateObject();
        cJSON_AddStringToObject(loop, "loop", samples_label(sample, "loop", label, sizeof label));
        cJSON_AddNumberToObject(loop, "busy", busy < 1 ? busy : 1);
        cJSON_AddItemToArray(loops, loop);
    }
}

/* -- plugins -- */

static void add_label(cJSON *object, const struct sample *sample, const char *label)
{
    char text[LABEL_MAX];
    cJSON_AddStringToObject(object, label, samples_label(sample, label, text, sizeof text));
}

static void add_verdicts(cJSON *plugin, const struct top_interval *interval, const char *labels)
{
    cJSON *verdicts = cJSON_AddObjectToObject(plugin, "verdicts");
    for (int slot = 0; slot < VERDICT_SLOT_COUNT; slot++) {
        char all[2048];
        const char *verdict = verdict_slot_name((enum verdict_slot)slot);
        snprintf(all, sizeof all, "%s,verdict=\"%s\"", labels, verdict);
        cJSON_AddNumberToObject(verdicts, verdict,
                                rate_of(interval, "sluice_plugin_verdicts_total", all));
    }
}

static cJSON *describe_plugin(const struct top_interval *interval, const struct sample *sample)
{
    cJSON *plugin = cJSON_CreateObject();
    double calls = rate_of(interval, "sluice_plugin_latency_seconds_count", sample->labels);
    double spent = rate_of(interval, "sluice_plugin_latency_seconds_sum", sample->labels);
    add_label(plugin, sample, "instance");
    add_label(plugin, sample, "endpoint");
    add_label(plugin, sample, "mode");
    cJSON_AddNumberToObject(plugin, "calls", calls);
    cJSON_AddNumberToObject(plugin, "busy", spent);
    cJSON_AddNumberToObject(plugin, "mean_ns", calls > 0 ? spent / calls * 1e9 : 0);
    add_verdicts(plugin, interval, sample->labels);
    return plugin;
}

static int compare_plugins(const void *one, const void *other)
{
    double a = admin_client_number(*(cJSON *const *)one, "busy");
    double b = admin_client_number(*(cJSON *const *)other, "busy");
    return (a < b) - (a > b);
}

/* Takes the plugins into an array, the most expensive first. Without memory they stay as they are.
 */
static cJSON *sort_plugins(cJSON *plugins)
{
    int count = cJSON_GetArraySize(plugins);
    cJSON **items = calloc((size_t)count + 1, sizeof(cJSON *));
    if (items == NULL)
        return plugins;
    for (int i = 0; i < count; i++)
        items[i] = cJSON_DetachItemFromArray(plugins, 0);
    qsort(items, (size_t)count, sizeof(cJSON *), compare_plugins);
    for (int i = 0; i < count; i++)
        cJSON_AddItemToArray(plugins, items[i]);
    free(items);
    return plugins;
}

static void add_plugins(cJSON *figures, const struct top_interval *interval)
{
    cJSON *plugins = cJSON_CreateArray();
    for (size_t i = 0; i < interval->after->count; i++) {
        const struct sample *sample = &interval->after->items[i];
        if (strcmp(sample->name, "sluice_plugin_latency_seconds_count") == 0)
            cJSON_AddItemToArray(plugins, describe_plugin(interval, sample));
    }
    cJSON_AddItemToObject(figures, "plugins", sort_plugins(plugins));
}

static void add_clients(cJSON *figures, const cJSON *clients)
{
    const cJSON *client;
    cJSON *waiting = cJSON_AddArrayToObject(figures, "largest_queues");
    cJSON_ArrayForEach(client, cJSON_GetObjectItemCaseSensitive(clients, "clients"))
    {
        if (admin_client_number(client, "queued_bytes") > 0)
            cJSON_AddItemToArray(waiting, cJSON_Duplicate(client, true));
    }
}

cJSON *top_figures(const struct top_interval *interval, const cJSON *clients)
{
    const struct samples *after = interval->after;
    cJSON *figures = cJSON_CreateObject();
    cJSON_AddNumberToObject(figures, "seconds", interval->seconds);
    cJSON_AddNumberToObject(figures, "configuration",
                            samples_sum(after, "sluice_configuration_generation", NULL));
    cJSON_AddNumberToObject(figures, "clients", samples_sum(after, "sluice_clients", NULL));
    add_both_ways(figures, interval, "messages", "sluice_messages_total");
    add_both_ways(figures, interval, "bytes", "sluice_bytes_total");
    add_upgrades(figures, interval);
    cJSON_AddNumberToObject(figures, "closes", rate(interval, "sluice_closes_total", NULL));
    cJSON_AddNumberToObject(figures, "drops",
                            rate(interval, "sluice_drops_total", NULL) +
                                rate(interval, "sluice_dropped_messages_total", NULL));
    cJSON_AddNumberToObject(figures, "queued_bytes",
                            samples_sum(after, "sluice_queued_bytes", NULL));
    add_loops(figures, interval);
    add_plugins(figures, interval);
    add_clients(figures, clients);
    return figures;
}
