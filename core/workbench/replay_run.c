#include "workbench/replay_run.h"

#include "base/json_text.h"
#include "base/safe_text.h"
#include "config/config.h"
#include "config/diagnostics.h"
#include "pipeline/instance.h"
#include "workbench/fake.h"
#include "workbench/recording.h"
#include "workbench/situation.h"
#include "workbench/verdict_text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE 5000 /* ms of real time for a deferred verdict, before its deadline passes */

/* An endpoint of the configuration. */
struct served {
    const struct endpoint_config *config;
    struct fake_instance *pipeline;
};

struct recorded_client {
    struct recorded_client *next;
    char id[24];
    struct sl_client *client; /* NULL: of an endpoint that the configuration does not have */
    const struct served *endpoint;
    cJSON *event; /* owned: with the client's upgrade request */
};

struct replay {
    struct replay_run *run;
    struct recording recording;
    FILE *out;
    struct config *config;
    struct served *endpoints;
    struct recorded_client *clients;
    int64_t now;   /* us */
    int64_t start; /* us: when the part of the recording began that is replayed */
};

static void load_config(struct replay *replay)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    int error = config_load(replay->run->config_file, NULL, 0, &diagnostics, &replay->config);
    if (error != OK)
        situation_fail_first(&diagnostics, error);
    diagnostics_deinit(&diagnostics);
}

static void make_pipelines(struct replay *replay)
{
    static struct plugin_set plugins;
    const struct config *config = replay->config;
    struct diagnostics diagnostics;
    plugin_set_init(&plugins, config->plugin_path, config->plugin_path_count, NULL);
    plugins.in_place = true;
    replay->endpoints = calloc(config->endpoint_count, sizeof *replay->endpoints);
    if (replay->endpoints == NULL)
        abort();
    diagnostics_init(&diagnostics);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        struct served *endpoint = &replay->endpoints[i];
        endpoint->config = &config->endpoints[i];
        endpoint->pipeline =
            fake_pipeline_create(endpoint->config, replay->config, &plugins, &diagnostics);
        if (endpoint->pipeline == NULL)
            situation_fail_first(&diagnostics, ERR_NO_MEMORY);
    }
    diagnostics_deinit(&diagnostics);
}

/* -- events -- */

static struct recorded_client **find_client(struct replay *replay, const cJSON *event)
{
    const char *id = recording_text(event, "client");
    struct recorded_client **link = &replay->clients;
    if (id[0] == '\0' || strlen(id) >= sizeof(*link)->id)
        recording_fail(&replay->recording, "the event has no client's id");
    while (*link != NULL && strcmp((*link)->id, id) != 0)
        link = &(*link)->next;
    return link;
}

static struct recorded_client **find_known_client(struct replay *replay, const cJSON *event)
{
    struct recorded_client **link = find_client(replay, event);
    if (*link == NULL)
        recording_fail(&replay->recording, "the client has not come, or has left already");
    return link;
}

static const struct served *find_endpoint(const struct replay *replay, const char *path)
{
    for (size_t i = 0; i < replay->config->endpoint_count; i++)
        if (strcmp(replay->endpoints[i].config->path, path) == 0)
            return &replay->endpoints[i];
    return NULL;
}

/* Lets a client in that has come to an endpoint of the configuration. */
static void connect_client(const struct replay *replay, struct recorded_client *recorded)
{
    cJSON *event = recorded->event;
    struct fake_upgrade upgrade = {.address = recording_text(event, "address"),
                                   .path = recording_text(event, "endpoint")};
    struct fake_result result;
    recording_pairs(&replay->recording, event, "headers", "headers_base64", upgrade.headers);
    recording_pairs(&replay->recording, event, "query", "query_base64", upgrade.query);
    recorded->client = fake_client_create(&upgrade);
    fake_client_let_in(recorded->client);
    fake_connect(recorded->endpoint->pipeline, recorded->client, &result);
    fake_settle(recorded->client, PATIENCE, &result);
    fake_client_identify(recorded->client, recording_identity(&replay->recording, event));
    fake_result_release(&result);
    fake_open(recorded->endpoint->pipeline, recorded->client);
    fake_settle(recorded->client, PATIENCE, &result);
    fake_result_release(&result);
}

/* What a line of JSON says begins with this. */
static cJSON *begin_json(const struct replay *replay, const char *client, const char *endpoint)
{
    cJSON *said = cJSON_CreateObject();
    cJSON_AddNumberToObject(said, "line", replay->recording.line);
    if (client != NULL)
        cJSON_AddStringToObject(said, "client", client);
    if (endpoint != NULL)
        cJSON_AddStringToObject(said, "endpoint", endpoint);
    return said;
}

static void end_json(const struct replay *replay, cJSON *said)
{
    char *text = cJSON_PrintUnformatted(said);
    if (text == NULL)
        abort();
    json_text_print(replay->out, text);
    putc('\n', replay->out);
    cJSON_free(text);
    cJSON_Delete(said);
}

/* What the recording has, a peer has chosen. */
static void print_safely(const struct replay *replay, const char *before, const char *text)
{
    fputs(before, replay->out);
    safe_text_print(replay->out, text);
}

static void print_place(const struct replay *replay, const char *client, const char *endpoint)
{
    fprintf(replay->out, "line %u", replay->recording.line);
    print_safely(replay, ", client ", client);
    print_safely(replay, ", ", endpoint);
}

static void print_left_out(const struct replay *replay, const char *client, const char *endpoint)
{
    static const char why[] = "there is no such endpoint";
    if (replay->run->json) {
        cJSON *said = begin_json(replay, client, endpoint);
        cJSON_AddStringToObject(said, "left_out", why);
        end_json(replay, said);
    } else {
        print_place(replay, client, endpoint);
        fprintf(replay->out, ": %s, left out\n", why);
    }
}

static void on_open(struct replay *replay, const cJSON *original)
{
    const char *path = recording_text(original, "endpoint");
    if (*find_client(replay, original) != NULL)
        recording_fail(&replay->recording, "the client is there already");
    struct recorded_client *recorded = calloc(1, sizeof *recorded);
    cJSON *event = cJSON_Duplicate(original, true);
    if (recorded == NULL || event == NULL)
        abort();
    *recorded = (struct recorded_client){.endpoint = find_endpoint(replay, path), .event = event};
    snprintf(recorded->id, sizeof recorded->id, "%s", recording_text(event, "client"));
    if (recorded->endpoint != NULL)
        connect_client(replay, recorded);
    else
        print_left_out(replay, recorded->id, path);
    recorded->next = replay->clients;
    replay->clients = recorded;
}

static const char *plugin_name(const struct sl_instance *instance)
{
    return ((const struct instance *)instance)->plugin->table.name;
}

static void print_json(const struct replay *replay, const struct recorded_client *recorded,
                       const struct fake_result *result, const char *data, size_t len)
{
    cJSON *said = begin_json(replay, recorded->id, recorded->endpoint->config->path);
    cJSON_AddNumberToObject(said, "bytes", (double)len);
    cJSON_AddStringToObject(said, "verdict", verdict_text(result->verdict));
    if (result->by != NULL) {
        cJSON_AddStringToObject(said, "by", plugin_name(result->by));
        cJSON_AddStringToObject(said, "reason", result->reason);
    } else {
        bool is_changed = result->len != len || memcmp(result->data, data, len) != 0;
        cJSON_AddBoolToObject(said, "changed", is_changed);
        if (is_changed && result->type == SL_TEXT)
            cJSON_AddStringToObject(said, "text", result->data);
        if (result->topic[0] != '\0')
            cJSON_AddStringToObject(said, "topic", result->topic);
    }
    end_json(replay, said);
}

static void print_text(const struct replay *replay, const struct recorded_client *recorded,
                       const struct fake_result *result, const char *data, size_t len)
{
    bool is_changed = result->len != len || memcmp(result->data, data, len) != 0;
    print_place(replay, recorded->id, recorded->endpoint->config->path);
    fprintf(replay->out, ", %zu bytes: %s", len, verdict_text(result->verdict));
    if (result->by != NULL)
        print_safely(replay, " by ", plugin_name(result->by));
    if (result->by != NULL && result->reason[0] != '\0')
        print_safely(replay, ": ", result->reason);
    if (result->by == NULL && is_changed) {
        fputs(", changed to ", replay->out);
        if (result->type == SL_TEXT)
            safe_text_print_visible(replay->out, result->data, strcspn(result->data, "\n"));
    }
    if (result->by == NULL && result->topic[0] != '\0')
        print_safely(replay, ", to the topic ", result->topic);
    putc('\n', replay->out);
}

static void on_message(struct replay *replay, const cJSON *event)
{
    const struct recorded_client *recorded = *find_known_client(replay, event);
    struct fake_result result;
    size_t len = 0;
    char *data = recording_payload(&replay->recording, event, &len);
    enum sl_message_type type = recording_type(&replay->recording, event);
    if (recorded->client != NULL) {
        fake_message(recorded->endpoint->pipeline, recorded->client, type, data, len, &result);
        fake_settle(recorded->client, PATIENCE, &result);
        if (replay->run->json)
            print_json(replay, recorded, &result, data, len);
        else
            print_text(replay, recorded, &result, data, len);
        fake_result_release(&result);
    }
    free(data);
}

/* Takes the recorded out of the list at `link`. */
static void remove_client(struct recorded_client **link, int code)
{
    struct recorded_client *recorded = *link;
    *link = recorded->next;
    if (recorded->client != NULL) {
        fake_close(recorded->endpoint->pipeline, recorded->client, code, true);
        fake_client_destroy(recorded->client);
    }
    cJSON_Delete(recorded->event);
    free(recorded);
}

static void on_close(struct replay *replay, const cJSON *event)
{
    struct recorded_client **link = find_known_client(replay, event);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(event, "code");
    if (!cJSON_IsNumber(code))
        recording_fail(&replay->recording, "the close has no code");
    remove_client(link, code->valueint);
}

/* The server was started anew: nobody is left, and the clock goes on from where it was. */
static void on_start(struct replay *replay)
{
    while (replay->clients != NULL)
        remove_client(&replay->clients, 1006);
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

static void print_cut_off(const struct replay *replay)
{
    if (replay->run->json) {
        cJSON *said = begin_json(replay, NULL, NULL);
        cJSON_AddStringToObject(said, "left_out", "the line is cut off");
        end_json(replay, said);
    } else {
        fprintf(replay->out, "line %u is cut off, left out\n", replay->recording.line);
    }
}

/* A line without an end is what a server leaves that was killed, or that the disk was full for. */
static void on_line(struct replay *replay, const char *line)
{
    cJSON *event = cJSON_Parse(line);
    if (event == NULL && strchr(line, '\n') == NULL)
        print_cut_off(replay);
    else
        on_event(replay, event);
    cJSON_Delete(event);
}

static void read_recording(struct replay *replay)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(replay->recording.file, "re");
    if (file == NULL)
        situation_fail("%s: %s", replay->recording.file, strerror(errno));
    load_config(replay);
    situation_begin_host();
    fake_set_mode(SL_MODE_REPLAY);
    fake_allow_any_verdict();
    make_pipelines(replay);
    while (getline(&line, &size, file) > 0) {
        replay->recording.line++;
        on_line(replay, line);
    }
    free(line);
    fclose(file);
    fflush(replay->out);
}

void replay_run(void *argument)
{
    static struct replay replay; /* What it owns ends with the process, which is the run's own. */
    struct replay_run *run = argument;
    replay = (struct replay){.run = run, .recording = {.file = run->recording}, .out = run->out};
    read_recording(&replay);
}
