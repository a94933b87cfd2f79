#include "workbench/recording.h"

#include "base/base64.h"
#include "workbench/situation.h"

#include <stdlib.h>
#include <string.h>

#define TIME_MAX_US 1e15 /* thirty years */

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
static int decode_in_place(char *text)
{
    char *bytes;
    size_t len;
    int error = base64_decode(text, &bytes, &len);
    if (error == ERR_NO_MEMORY)
        abort();
    if (error != OK)
        return -1;
    memcpy(text, bytes, len + 1);
    free(bytes);
    return (int)len;
}

void recording_pairs(const struct recording *recording, cJSON *event, const char *name,
                     const char *binary_name, struct fake_pair out[FAKE_PAIRS_MAX])
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(event, name))
    {
        if (!cJSON_IsString(item))
            recording_fail(recording, "a field is no text");
        (void)fake_pairs_add(out, item->string, item->valuestring); /* More are left out. */
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(event, binary_name))
    {
        char *first = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0));
        char *second = cJSON_GetStringValue(cJSON_GetArrayItem(item, 1));
        if (first == NULL || second == NULL || decode_in_place(first) < 0 ||
            decode_in_place(second) < 0)
            recording_fail(recording, "a field is no pair in base64");
        (void)fake_pairs_add(out, first, second);
    }
}

const char *recording_identity(const struct recording *recording, cJSON *event)
{
    char *bytes = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "identity_base64"));
    if (bytes == NULL)
        return recording_text(event, "identity");
    if (decode_in_place(bytes) < 0)
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
    int decoded = text != NULL ? (int)strlen(text) : decode_in_place(data);
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
