#include "workbench/replay.h"

#include "config/config.h"
#include "config/diagnostics.h"
#include "workbench/fake.h"
#include "workbench/recording.h"
#include "workbench/situation.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_WRONG 1
#define EXIT_USAGE 2
#define OUTPUT_MAX ((size_t)64 * 1024)
#define TIME_MAX 3600 /* seconds */
#define DEADLINE (INT64_C(3601) * 1000000000)

const char replay_help[] =
    "Usage: sluice replay RECORDING -c CONFIG.yaml [--against OTHER.yaml] [--quiet]\n\n"
    "Puts recorded messages (sluice serve --record RECORDING) through the pipelines of a\n"
    "configuration, without a network, with the recording's clock, and prints each verdict. With\n"
    "--against, only what the other configuration decides differently is printed, and the exit\n"
    "status is 1 if there is any.\n\n"
    "Clients are let in with the identity that they had: credentials are not recorded. A line "
    "that\n"
    "is no event, a message whose bytes are damaged or whose client is not there end the replay\n"
    "with status 1; a last line that is cut off is left out.\n";

/* -- one run, in a process of its own -- */

struct pipeline {
    const struct endpoint_config *config;
    struct fake_instance **instances;
};

struct visitor {
    struct visitor *next;
    char id[24];
    struct sl_client *client; /* NULL: of an endpoint that the configuration does not have */
    struct pipeline *pipeline;
    cJSON *event; /* owned: what the client has brought along */
};

struct replay {
    struct recording recording;
    const char *config_file;
    FILE *out;
    struct config *config;
    struct pipeline *pipelines;
    struct visitor *visitors;
    int64_t now;   /* us */
    int64_t start; /* us: when the part of the recording began that is replayed */
};

static void load_config(struct replay *replay)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    int error = config_load(replay->config_file, NULL, 0, &diagnostics, &replay->config);
    if (error != OK && diagnostics.count > 0)
        situation_fail("%s:%u:%u: %s", diagnostics.items[0].position.file,
                       diagnostics.items[0].position.line, diagnostics.items[0].position.column,
                       diagnostics.items[0].text);
    if (error != OK)
        situation_fail("%s: %s", replay->config_file, error_text(error));
    diagnostics_deinit(&diagnostics);
}

static struct fake_instance *make_instance(struct plugin_set *plugins,
                                           const struct stage_config *stage, const char *endpoint)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    const struct position *at = &stage->position;
    if (plugin_load(plugins, stage->plugin, text, &plugin) != OK)
        situation_fail("%s:%u:%u: %s", at->file, at->line, at->column, text);
    struct fake_instance *instance = fake_instance_create(plugin, stage->options, endpoint);
    if (instance == NULL)
        situation_fail("%s:%u:%u: plugin '%s': %s", at->file, at->line, at->column, stage->plugin,
                       fake_failure());
    return instance;
}

static void make_pipelines(struct replay *replay)
{
    static struct plugin_set plugins;
    const struct config *config = replay->config;
    plugin_set_init(&plugins, config->plugin_path, config->plugin_path_count, NULL);
    plugins.in_place = true;
    replay->pipelines = calloc(config->endpoint_count, sizeof *replay->pipelines);
    if (replay->pipelines == NULL)
        abort();
    for (size_t i = 0; i < config->endpoint_count; i++) {
        const struct endpoint_config *endpoint = &config->endpoints[i];
        struct pipeline *pipeline = &replay->pipelines[i];
        pipeline->config = endpoint;
        pipeline->instances = calloc(endpoint->pipeline_length + 1, sizeof(struct fake_instance *));
        if (pipeline->instances == NULL)
            abort();
        for (size_t j = 0; j < endpoint->pipeline_length; j++)
            pipeline->instances[j] =
                make_instance(&plugins, &endpoint->pipeline[j], endpoint->path);
    }
}

/* -- events -- */

static struct visitor **find_visitor(struct replay *replay, const cJSON *event)
{
    const char *id = recording_text(event, "client");
    struct visitor **link = &replay->visitors;
    if (id[0] == '\0' || strlen(id) >= sizeof(*link)->id)
        recording_fail(&replay->recording, "the event has no client's id");
    while (*link != NULL && strcmp((*link)->id, id) != 0)
        link = &(*link)->next;
    return link;
}

static struct visitor **find_known_visitor(struct replay *replay, const cJSON *event)
{
    struct visitor **link = find_visitor(replay, event);
    if (*link == NULL)
        recording_fail(&replay->recording, "the client has not come, or has left already");
    return link;
}

static struct pipeline *find_pipeline(struct replay *replay, const char *path)
{
    for (size_t i = 0; i < replay->config->endpoint_count; i++)
        if (strcmp(replay->config->endpoints[i].path, path) == 0)
            return &replay->pipelines[i];
    return NULL;
}

/* What was deferred is waited for; what is never decided is an error. */
static void settle(struct sl_client *client, struct fake_result *result)
{
    if (!fake_is_deferred(client))
        return;
    fake_result_release(result);
    if (fake_await(client, 5000, result))
        return;
    fake_advance(DEADLINE);
    if (!fake_await(client, 1000, result))
        *result = (struct fake_result){.verdict = SL_ERROR};
}

/* Lets a client in that has come to an endpoint of the configuration. */
static void let_in(const struct replay *replay, struct visitor *visitor)
{
    cJSON *event = visitor->event;
    struct fake_arrival arrival = {.address = recording_text(event, "address"),
                                   .path = recording_text(event, "endpoint")};
    struct fake_result result;
    recording_pairs(&replay->recording, event, "headers", "headers_base64", &arrival.headers);
    recording_pairs(&replay->recording, event, "query", "query_base64", &arrival.query);
    visitor->client = fake_client_create(&arrival);
    for (size_t i = 0; visitor->pipeline->instances[i] != NULL; i++) {
        fake_connect(visitor->pipeline->instances[i], visitor->client, &result);
        settle(visitor->client, &result);
        fake_result_release(&result);
    }
    fake_client_identify(visitor->client, recording_identity(&replay->recording, event));
    for (size_t i = 0; visitor->pipeline->instances[i] != NULL; i++)
        fake_open(visitor->pipeline->instances[i], visitor->client);
}

static void on_open(struct replay *replay, const cJSON *original)
{
    const char *path = recording_text(original, "endpoint");
    if (*find_visitor(replay, original) != NULL)
        recording_fail(&replay->recording, "the client is there already");
    struct visitor *visitor = calloc(1, sizeof *visitor);
    cJSON *event = cJSON_Duplicate(original, true);
    if (visitor == NULL || event == NULL)
        abort();
    *visitor = (struct visitor){.pipeline = find_pipeline(replay, path), .event = event};
    snprintf(visitor->id, sizeof visitor->id, "%s", recording_text(event, "client"));
    if (visitor->pipeline != NULL)
        let_in(replay, visitor);
    else
        fprintf(replay->out, "line %u, client %s, %s: there is no such endpoint, left out\n",
                replay->recording.line, visitor->id, path);
    visitor->next = replay->visitors;
    replay->visitors = visitor;
}

/* Runs the chain. Returns the verdict; `result` has the message as it is then. */
static enum sl_verdict run_chain(struct visitor *visitor, enum sl_message_type type,
                                 const char *data, size_t len, struct fake_result *result,
                                 const char **by)
{
    const struct pipeline *pipeline = visitor->pipeline;
    char *current = malloc(len + 1);
    if (current == NULL)
        abort();
    memcpy(current, data, len);
    *result = (struct fake_result){.verdict = SL_CONTINUE, .type = type};
    for (size_t i = 0; pipeline->instances[i] != NULL; i++) {
        const struct stage_config *stage = &pipeline->config->pipeline[i];
        fake_result_release(result);
        fake_message(pipeline->instances[i], visitor->client, type, current, len, result);
        settle(visitor->client, result);
        *by = stage->plugin;
        bool passes = result->verdict == SL_CONTINUE || stage->mode == MODE_SHADOW ||
                      (result->verdict == SL_ERROR && stage->on_error == ON_ERROR_CONTINUE);
        if (!passes)
            break;
        if (result->verdict == SL_CONTINUE && stage->mode != MODE_SHADOW && result->data != NULL) {
            free(current);
            type = result->type;
            len = result->len;
            current = malloc(len + 1);
            if (current == NULL)
                abort();
            memcpy(current, result->data, len);
        }
        result->verdict = SL_CONTINUE;
    }
    enum sl_verdict verdict = result->verdict;
    free(result->data);
    result->data = current;
    result->len = len;
    result->data[len] = '\0';
    return verdict;
}

static void on_message(struct replay *replay, const cJSON *event)
{
    static const char *const names[] = {"error", "continue", "drop", "handled", "close"};
    struct visitor *visitor = *find_known_visitor(replay, event);
    struct fake_result result;
    const char *by = "";
    size_t len = 0;
    char *data = recording_payload(&replay->recording, event, &len);
    enum sl_message_type type = recording_type(&replay->recording, event);
    if (visitor->client == NULL) {
        free(data);
        return;
    }
    enum sl_verdict verdict = run_chain(visitor, type, data, len, &result, &by);
    bool is_changed = result.len != len || memcmp(result.data, data, len) != 0;
    fprintf(replay->out, "line %u, client %s, %s, %zu bytes: %s", replay->recording.line,
            visitor->id, visitor->pipeline->config->path, len, names[verdict + 1]);
    if (verdict != SL_CONTINUE)
        fprintf(replay->out, " by %s%s%s", by, result.reason[0] != '\0' ? ": " : "", result.reason);
    else if (is_changed)
        fprintf(replay->out, ", changed to %.*s",
                (int)(type == SL_TEXT ? strcspn(result.data, "\n") : 0), result.data);
    putc('\n', replay->out);
    fake_result_release(&result);
    free(data);
}

/* Takes the visitor out of the list at `link`. */
static void let_go(struct visitor **link, int code)
{
    struct visitor *visitor = *link;
    *link = visitor->next;
    for (size_t i = 0; visitor->client != NULL && visitor->pipeline->instances[i] != NULL; i++)
        fake_close(visitor->pipeline->instances[i], visitor->client, code, true);
    if (visitor->client != NULL)
        fake_client_destroy(visitor->client);
    cJSON_Delete(visitor->event);
    free(visitor);
}

static void on_close(struct replay *replay, const cJSON *event)
{
    struct visitor **link = find_known_visitor(replay, event);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(event, "code");
    if (!cJSON_IsNumber(code))
        recording_fail(&replay->recording, "the close has no code");
    let_go(link, code->valueint);
}

/* The server was started anew: nobody is left, and the clock goes on from where it was. */
static void on_start(struct replay *replay)
{
    while (replay->visitors != NULL)
        let_go(&replay->visitors, 1006);
    replay->start = replay->now;
}

static void advance(struct replay *replay, const cJSON *event)
{
    int64_t now = replay->start + recording_time(&replay->recording, event);
    if (now > replay->now)
        fake_advance((now - replay->now) * 1000);
    replay->now = now > replay->now ? now : replay->now;
}

static void on_event(struct replay *replay, const cJSON *event)
{
    const char *name = recording_text(event, "event");
    situation_doing("line %u of %s", replay->recording.line, replay->recording.file);
    if (strcmp(name, "start") == 0)
        on_start(replay);
    advance(replay, event);
    if (strcmp(name, "open") == 0)
        on_open(replay, event);
    else if (strcmp(name, "message") == 0)
        on_message(replay, event);
    else if (strcmp(name, "close") == 0)
        on_close(replay, event);
    else if (strcmp(name, "start") != 0)
        recording_fail(&replay->recording, "this is not a line of a recording");
    fake_forget();
}

/* A line without an end is what a server leaves that was killed, or that the disk was full for. */
static void on_line(struct replay *replay, const char *line)
{
    cJSON *event = cJSON_Parse(line);
    if (event == NULL && strchr(line, '\n') == NULL)
        fprintf(replay->out, "line %u is cut off, left out\n", replay->recording.line);
    else
        on_event(replay, event);
    cJSON_Delete(event);
}

static void run(void *argument)
{
    struct replay *replay = argument;
    char *line = NULL;
    size_t size = 0;
    FILE *recording = fopen(replay->recording.file, "re");
    if (recording == NULL)
        situation_fail("%s: %s", replay->recording.file, strerror(errno));
    load_config(replay);
    fake_begin();
    make_pipelines(replay);
    while (getline(&line, &size, recording) > 0) {
        replay->recording.line++;
        on_line(replay, line);
    }
    free(line);
    fclose(recording);
    fflush(replay->out);
}

/* -- the command -- */

static bool run_one(struct replay *replay)
{
    static char output[OUTPUT_MAX];
    replay->out = tmpfile();
    if (replay->out == NULL)
        return false;
    enum outcome outcome = situation_run(run, replay, TIME_MAX, output, sizeof output);
    if (outcome != OUTCOME_PASSED)
        fprintf(stderr, "sluice replay: %s%s%s\n%s", situation->sentence,
                situation->doing[0] != '\0' ? ", at " : "", situation->doing, output);
    return fseek(replay->out, 0, SEEK_SET) == 0 && outcome == OUTCOME_PASSED;
}

static void count_verdict(const char *line, unsigned counts[5])
{
    static const char *const words[] = {": error", ": continue", ": drop", ": handled", ": close"};
    for (int i = 0; i < 5; i++)
        if (strstr(line, words[i]) != NULL) {
            counts[i]++;
            return;
        }
}

static void print_summary(const char *config, const unsigned counts[5])
{
    printf("%s: %u continue, %u drop, %u handled, %u close, %u error\n", config, counts[1],
           counts[2], counts[3], counts[4], counts[0]);
}

static int print_all(const struct replay *replay, bool is_quiet)
{
    char *line = NULL;
    size_t size = 0;
    unsigned counts[5] = {0};
    while (getline(&line, &size, replay->out) > 0) {
        count_verdict(line, counts);
        if (!is_quiet)
            fputs(line, stdout);
    }
    free(line);
    print_summary(replay->config_file, counts);
    return 0;
}

static int print_differences(const struct replay *replay, const struct replay *other)
{
    char *line = NULL, *other_line = NULL;
    size_t size = 0, other_size = 0;
    unsigned counts[5] = {0}, other_counts[5] = {0}, changed = 0;
    while (getline(&line, &size, replay->out) > 0 &&
           getline(&other_line, &other_size, other->out) > 0) {
        count_verdict(line, counts);
        count_verdict(other_line, other_counts);
        if (strcmp(line, other_line) == 0)
            continue;
        changed++;
        printf("- %s+ %s", line, other_line);
    }
    free(line);
    free(other_line);
    print_summary(replay->config_file, counts);
    print_summary(other->config_file, other_counts);
    printf("%u decided differently\n", changed);
    return changed > 0 ? EXIT_WRONG : 0;
}

int replay_main(int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"against", required_argument, NULL, 'a'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct replay replay = {.config_file = NULL}, other = {.config_file = NULL};
    bool is_quiet = false;
    int option;
    while ((option = getopt_long(argc, argv, "c:a:qh", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(replay_help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_USAGE;
        is_quiet = is_quiet || option == 'q';
        if (option == 'c')
            replay.config_file = optarg;
        if (option == 'a')
            other.config_file = optarg;
    }
    if (argc - optind != 1 || replay.config_file == NULL) {
        fputs("sluice replay: give one recording, and a configuration with -c (see 'sluice help "
              "replay')\n",
              stderr);
        return EXIT_USAGE;
    }
    replay.recording.file = other.recording.file = argv[optind];
    if (!run_one(&replay) || (other.config_file != NULL && !run_one(&other)))
        return EXIT_WRONG;
    int status = other.config_file != NULL ? print_differences(&replay, &other)
                                           : print_all(&replay, is_quiet);
    fclose(replay.out);
    if (other.out != NULL)
        fclose(other.out);
    return status;
}
