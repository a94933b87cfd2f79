#include "workbench/recording.h"

#include "workbench/situation.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX_US 1e15 /* thirty years */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void recording_fail(const struct recording *recording, const char *what)
{
    situation_fail("%s:%u: %s", recording->file, recording->line, what);
}

const char *recording_text(const cJSON *event, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, name));
    return text != NULL ? text : "";
}

int64_t recording_time(const struct recording *recording, const cJSON *event)
{
    const cJSON *us = cJSON_GetObjectItemCaseSensitive(event, "us");
    if (!cJSON_IsNumber(us) || us->valuedouble < 0 || us->valuedouble > TIME_MAX_US)
        recording_fail(recording, "the event has no time");
    return (int64_t)us->valuedouble;
}

/* Decodes in place, as zero-terminated bytes. Returns the length, or -1: it is no base64. */
static int decode_base64(char *text)
{
    size_t len = strlen(text);
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    if (len % 4 != 0 || strspn(text, base64_digits) != len - padding)
        return -1;
    unsigned char *bytes = malloc(len + 1);
    int decoded =
        bytes != NULL ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len) : -1;
    if (decoded >= (int)padding) {
        decoded -= (int)padding;
        memcpy(text, bytes, (size_t)decoded);
        text[decoded] = '\0';
    }
    free(bytes);
    return decoded;
}

static void add_pair(struct fake_pairs *out, const char *name, const char *value)
{
    if (out->count == FAKE_PAIRS_MAX)
        return;
    out->names[out->count] = name;
    out->values[out->count++] = value;
}

void recording_pairs(const struct recording *recording, cJSON *event, const char *name,
                     const char *binary_name, struct fake_pairs *out)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(event, name))
    {
        if (!cJSON_IsString(item))
            recording_fail(recording, "a field is no text");
        add_pair(out, item->string, item->valuestring);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(event, binary_name))
    {
        char *first = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0));
        char *second = cJSON_GetStringValue(cJSON_GetArrayItem(item, 1));
        if (first == NULL || second == NULL || decode_base64(first) < 0 ||
            decode_base64(second) < 0)
            recording_fail(recording, "a field is no pair in base64");
        add_pair(out, first, second);
    }
}

const char *recording_identity(const struct recording *recording, cJSON *event)
{
    char *bytes = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "identity_base64"));
    if (bytes == NULL)
        return recording_text(event, "identity");
    if (decode_base64(bytes) < 0)
        recording_fail(recording, "the identity is no base64");
    return bytes;
}

char *recording_payload(const struct recording *recording, const cJSON *event, size_t *len)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "text"));
    const char *base64 = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "base64"));
    if ((text == NULL) == (base64 == NULL))
        recording_fail(recording, "the message needs either a text or a base64");
    char *data = strdup(text != NULL ? text : base64);
    if (data == NULL)
        abort();
    int decoded = text != NULL ? (int)strlen(text) : decode_base64(data);
    if (decoded < 0)
        recording_fail(recording, "the message's base64 is damaged");
    *len = (size_t)decoded;
    return data;
}

enum sl_message_type recording_type(const struct recording *recording, const cJSON *event)
{
    const char *type = recording_text(event, "type");
    if (strcmp(type, "text") != 0 && strcmp(type, "binary") != 0)
        recording_fail(recording, "the message's type is neither text nor binary");
    return type[0] == 't' ? SL_TEXT : SL_BINARY;
}
