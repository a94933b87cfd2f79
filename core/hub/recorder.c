#include "hub/recorder.h"

#include "base/clock.h"
#include "base/log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct recorder {
    pthread_mutex_t lock;
    FILE *file;
    int64_t start;
    size_t limit;
    size_t written;
    uint64_t events;
    uint64_t left_out; /* after the limit, or without memory */
};

int recorder_open(const char *path, size_t limit, struct recorder **out)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return ERR_NO_MEMORY;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    recorder->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (recorder->file == NULL) {
        free(recorder);
        return ERR_SYSTEM;
    }
    pthread_mutex_init(&recorder->lock, NULL);
    recorder->start = clock_monotonic();
    recorder->limit = limit;
    *out = recorder;
    return OK;
}

void recorder_close(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    log_info("record", "%" PRIu64 " events in %zu bytes recorded%s", recorder->events,
             recorder->written, recorder->left_out > 0 ? "; the rest did not fit" : "");
    if (fclose(recorder->file) != 0)
        log_error("record", "the recording is not complete: %s", strerror(errno));
    pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

/* -- events -- */

static cJSON *begin(const struct recorder *recorder, const char *event, uint64_t client_id)
{
    char id[24];
    cJSON *object = cJSON_CreateObject();
    snprintf(id, sizeof id, "%" PRIu64, client_id);
    cJSON_AddStringToObject(object, "event", event);
    int64_t us = (clock_monotonic() - recorder->start) / 1000;
    cJSON_AddNumberToObject(object, "us", (double)us);
    cJSON_AddStringToObject(object, "client", id);
    return object;
}

/* A whole line or nothing. */
static void put_line(struct recorder *recorder, const char *line, size_t len)
{
    pthread_mutex_lock(&recorder->lock);
    bool fits = line != NULL && recorder->written + len + 1 <= recorder->limit;
    if (fits) {
        fwrite(line, 1, len, recorder->file);
        putc('\n', recorder->file);
        recorder->written += len + 1;
        recorder->events++;
    } else if (recorder->left_out++ == 0) {
        log_warn("record", "the recording has reached %zu bytes and ends here", recorder->written);
        recorder->limit = 0; /* Nothing smaller either: it would not be what happened. */
    }
    pthread_mutex_unlock(&recorder->lock);
}

static void end(struct recorder *recorder, cJSON *object)
{
    char *line = cJSON_PrintUnformatted(object);
    put_line(recorder, line, line != NULL ? strlen(line) : 0);
    cJSON_free(line);
    cJSON_Delete(object);
}

/* -- what must not be recorded -- */

static bool contains_word(const char *name, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasestr(name, *words) != NULL)
            return true;
    return false;
}

/* Rather one too many: the values of these are left out. */
static bool is_secret(const char *name)
{
    static const char *const words[] = {"auth",   "cookie",  "token", "key",
                                        "secret", "ticket",  "passw", "signature",
                                        "code",   "session", "jwt",   "sec-websocket-protocol",
                                        NULL};
    return contains_word(name, words);
}

static void add_fields(cJSON *object, const char *member, const struct request_field *fields,
                       size_t count)
{
    char name[256];
    cJSON *list = cJSON_AddObjectToObject(object, member);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%.*s", (int)fields[i].name.len, fields[i].name.data);
        char *value = strndup(fields[i].value.data, fields[i].value.len);
        if (value != NULL && !is_secret(name) &&
            cJSON_GetObjectItemCaseSensitive(list, name) == NULL)
            cJSON_AddStringToObject(list, name, value);
        free(value);
    }
}

void recorder_on_open(struct recorder *recorder, uint64_t client_id, const char *endpoint,
                      const char *address, const char *identity, const struct request *request)
{
    cJSON *object = begin(recorder, "open", client_id);
    cJSON_AddStringToObject(object, "endpoint", endpoint);
    cJSON_AddStringToObject(object, "address", address);
    if (identity != NULL)
        cJSON_AddStringToObject(object, "identity", identity);
    add_fields(object, "headers", request->headers, request->header_count);
    add_fields(object, "query", request->parameters, request->parameter_count);
    end(recorder, object);
}

static void add_text(cJSON *object, const void *data, size_t len)
{
    char *text = strndup(data, len);
    if (text != NULL)
        cJSON_AddStringToObject(object, "text", text);
    free(text);
}

static void add_base64(cJSON *object, const void *data, size_t len)
{
    char *text = malloc(len / 3 * 4 + 5);
    if (text == NULL)
        return;
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    cJSON_AddStringToObject(object, "base64", text);
    free(text);
}

void recorder_on_message(struct recorder *recorder, uint64_t client_id, enum opcode opcode,
                         const void *data, size_t len)
{
    cJSON *object = begin(recorder, "message", client_id);
    bool is_plain_text = opcode == OPCODE_TEXT && memchr(data, '\0', len) == NULL;
    cJSON_AddStringToObject(object, "type", opcode == OPCODE_TEXT ? "text" : "binary");
    if (is_plain_text)
        add_text(object, data, len);
    else
        add_base64(object, data, len);
    end(recorder, object);
}

void recorder_on_close(struct recorder *recorder, uint64_t client_id, unsigned code)
{
    cJSON *object = begin(recorder, "close", client_id);
    cJSON_AddNumberToObject(object, "code", code);
    end(recorder, object);
}
