#include "client/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "client/json_bytes.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recorder {
    pthread_mutex_t lock; /* of `file` */
    struct recording_file file;
    char *path;
    int64_t start;
    _Atomic uint64_t events;
    _Atomic uint64_t lost;
};

/* -- lines -- */

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void say_why_it_ends(const struct recorder *recorder, int error)
{
    if (error == ERR_LIMIT)
        log_warn("record", "the recording %s has reached its limit and ends here, at %zu bytes",
                 recorder->path, recorder->file.size);
    else if (error == ERR_SYSTEM)
        log_error("record", "cannot write to %s: %s; the recording ends here, at %zu bytes",
                  recorder->path, strerror(errno), recorder->file.size);
}

/* Takes the object. Without memory for it the event is lost. */
static void put(struct recorder *recorder, cJSON *object)
{
    char *line = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    if (line == NULL) {
        count(&recorder->lost);
        return;
    }
    pthread_mutex_lock(&recorder->lock);
    int error = recording_file_append(&recorder->file, line, strlen(line));
    say_why_it_ends(recorder, error);
    pthread_mutex_unlock(&recorder->lock);
    count(error == OK ? &recorder->events : &recorder->lost);
    cJSON_free(line);
}

static cJSON *begin(const struct recorder *recorder, const char *event)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", event);
    int64_t us = (clock_monotonic() - recorder->start) / 1000;
    cJSON_AddNumberToObject(object, "us", (double)us);
    return object;
}

static cJSON *begin_of(const struct recorder *recorder, const char *event, uint64_t client_id)
{
    char id[24];
    cJSON *object = begin(recorder, event);
    snprintf(id, sizeof id, "%" PRIu64, client_id);
    cJSON_AddStringToObject(object, "client", id);
    return object;
}

/* -- life -- */

int recorder_open(const char *path, size_t limit, struct recorder **out,
                  char reason[RECORDING_FILE_TEXT_MAX])
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL || (recorder->path = strdup(path)) == NULL) {
        free(recorder);
        return ERR_NO_MEMORY;
    }
    int error = recording_file_open(&recorder->file, path, limit, reason);
    if (error != OK) {
        free(recorder->path);
        free(recorder);
        return error;
    }
    pthread_mutex_init(&recorder->lock, NULL);
    recorder->start = clock_monotonic();
    if (recorder->file.is_continued) /* Ids and the clock begin anew, and nobody is left. */
        put(recorder, begin(recorder, "start"));
    *out = recorder;
    return OK;
}

void recorder_close(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    uint64_t lost = recorder_lost(recorder);
    log_info("record", "%" PRIu64 " events recorded, the file has %zu bytes",
             recorder_events(recorder), recorder->file.size);
    if (lost > 0)
        log_warn("record", "%" PRIu64 " events are not in the recording", lost);
    recording_file_close(&recorder->file);
    pthread_mutex_destroy(&recorder->lock);
    free(recorder->path);
    free(recorder);
}

uint64_t recorder_events(const struct recorder *recorder)
{
    return atomic_load_explicit(&recorder->events, memory_order_relaxed);
}

uint64_t recorder_lost(const struct recorder *recorder)
{
    return atomic_load_explicit(&recorder->lost, memory_order_relaxed);
}

/* -- who comes -- */

/* Rather one too many: the values of these are left out, whatever the configuration says. */
static bool is_usual_secret(const char *name)
{
    static const char *const words[] = {"auth",   "cookie",  "token", "key",
                                        "secret", "ticket",  "passw", "signature",
                                        "code",   "session", "jwt",   "sec-websocket-protocol"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]) != NULL)
            return true;
    return false;
}

static void add_field(cJSON *texts, cJSON *pairs, const char *name,
                      const struct request_field *field)
{
    bool fits = json_bytes_is_text(field->name.data, field->name.len) &&
                json_bytes_is_text(field->value.data, field->value.len);
    if (!fits) {
        cJSON *pair = cJSON_CreateArray();
        cJSON_AddItemToArray(pair, json_bytes_base64(field->name.data, field->name.len));
        cJSON_AddItemToArray(pair, json_bytes_base64(field->value.data, field->value.len));
        cJSON_AddItemToArray(pairs, pair);
    } else if (cJSON_GetObjectItemCaseSensitive(texts, name) == NULL) {
        json_bytes_add(texts, name, name, field->value.data, field->value.len);
    }
}

/* The first field of each name; pairs in base64 for those that are no text. */
static void add_fields(cJSON *object, const char *member, const char *binary_member,
                       const struct request_field *fields, size_t field_count,
                       const struct credential_names *credentials)
{
    cJSON *texts = cJSON_AddObjectToObject(object, member);
    cJSON *pairs = cJSON_CreateArray();
    for (size_t i = 0; i < field_count; i++) {
        char *name = strndup(fields[i].name.data, fields[i].name.len);
        if (name != NULL && !is_usual_secret(name) && !credential_names_has(credentials, name))
            add_field(texts, pairs, name, &fields[i]);
        free(name);
    }
    if (cJSON_GetArraySize(pairs) > 0)
        cJSON_AddItemToObject(object, binary_member, pairs);
    else
        cJSON_Delete(pairs);
}

void recorder_on_open(struct recorder *recorder, const struct recorder_client *client,
                      const struct credential_names *credentials)
{
    const struct request *request = client->request;
    cJSON *object = begin_of(recorder, "open", client->id);
    cJSON_AddStringToObject(object, "endpoint", client->endpoint);
    cJSON_AddStringToObject(object, "address", client->address);
    if (client->identity != NULL)
        json_bytes_add(object, "identity", "identity_base64", client->identity,
                       strlen(client->identity));
    add_fields(object, "headers", "headers_base64", request->headers, request->header_count,
               credentials);
    add_fields(object, "query", "query_base64", request->parameters, request->parameter_count,
               credentials);
    put(recorder, object);
}

/* -- what is sent -- */

/* The credential that a message has as the name of a member, or NULL. Plugins look for the bytes as
 * they stand, so escapes need not be undone. */
static const char *find_credential(const struct credential_names *credentials, const char *data,
                                   size_t len)
{
    char quoted[260];
    for (size_t i = 0; i < credentials->count; i++) {
        int wanted = snprintf(quoted, sizeof quoted, "\"%s\"", credentials->items[i]);
        if (wanted < (int)sizeof quoted && memmem(data, len, quoted, (size_t)wanted) != NULL)
            return credentials->items[i];
    }
    return NULL;
}

/* An empty text in the place of a member's value. Returns 0 or ERR_NO_MEMORY. */
static int empty_member(cJSON *object, cJSON *member)
{
    cJSON *empty = cJSON_CreateString("");
    cJSON *name = cJSON_CreateString(member->string);
    int error = ERR_NO_MEMORY;
    if (empty != NULL && name != NULL) {
        empty->string = name->valuestring;
        name->valuestring = NULL;
        cJSON_ReplaceItemViaPointer(object, member, empty);
        empty = NULL;
        error = OK;
    }
    cJSON_Delete(empty);
    cJSON_Delete(name);
    return error;
}

/* Empties the members of these names, wherever they stand, and sets *found if there are any.
 * Returns 0 or ERR_NO_MEMORY. */
static int empty_members(cJSON *node, const struct credential_names *credentials, bool *found)
{
    cJSON *member = node->child;
    int error = OK;
    while (member != NULL && error == OK) {
        cJSON *next = member->next;
        if (member->string != NULL && credential_names_has(credentials, member->string)) {
            *found = true;
            error = empty_member(node, member);
        } else {
            error = empty_members(member, credentials, found);
        }
        member = next;
    }
    return error;
}

/* What is recorded of a message that may renew credentials: the message without them, or, if it is
 * no JSON, only that it was one. Sets *text, which cJSON_free frees; NULL: it holds none. Returns
 * 0, or ERR_NO_MEMORY: nothing may be recorded. */
static int without_credentials(const char *data, size_t len, const char *name,
                               const struct credential_names *credentials, char **text)
{
    cJSON *root = cJSON_ParseWithLength(data, len);
    bool is_changed = root == NULL;
    int error = ERR_NO_MEMORY;
    *text = NULL;
    if (root == NULL) {
        root = cJSON_CreateObject();
        if (cJSON_AddStringToObject(root, name, "") != NULL)
            error = OK;
    } else {
        error = empty_members(root, credentials, &is_changed);
    }
    if (error == OK && is_changed && (*text = cJSON_PrintUnformatted(root)) == NULL)
        error = ERR_NO_MEMORY;
    cJSON_Delete(root);
    return error;
}

void recorder_on_message(struct recorder *recorder, uint64_t client_id, enum opcode opcode,
                         const void *data, size_t len, const struct credential_names *credentials)
{
    bool is_binary = opcode != OPCODE_TEXT;
    const char *credential = is_binary ? NULL : find_credential(credentials, data, len);
    char *text = NULL;
    if (credential != NULL &&
        without_credentials(data, len, credential, credentials, &text) != OK) {
        count(&recorder->lost);
        return;
    }
    cJSON *object = begin_of(recorder, "message", client_id);
    cJSON_AddStringToObject(object, "type", is_binary ? "binary" : "text");
    if (text != NULL)
        cJSON_AddStringToObject(object, "text", text);
    else if (is_binary)
        cJSON_AddItemToObject(object, "base64", json_bytes_base64(data, len));
    else
        json_bytes_add(object, "text", "base64", data, len);
    cJSON_free(text);
    put(recorder, object);
}

void recorder_on_close(struct recorder *recorder, uint64_t client_id, unsigned code)
{
    cJSON *object = begin_of(recorder, "close", client_id);
    cJSON_AddNumberToObject(object, "code", code);
    put(recorder, object);
}
