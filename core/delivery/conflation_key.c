#include "delivery/conflation_key.h"

#include <stdlib.h>
#include <string.h>

/* What has not been looked at of a JSON text. */
struct json {
    const char *at;
    const char *end;
};

/* -- making one -- */

/* Splits "/a/b" at its slashes in place, undoing ~1 and ~0. Returns how many names there are. */
static size_t split_pointer(const char *text, char *to)
{
    size_t depth = 0;
    for (; *text != '\0'; text++) {
        if (*text == '/') {
            if (depth++ > 0)
                *to++ = '\0';
        } else if (*text == '~' && (text[1] == '0' || text[1] == '1')) {
            *to++ = *++text == '1' ? '/' : '~';
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
    return depth;
}

struct conflation_key *conflation_key_create(const char *text)
{
    size_t size = strlen(text) + 1;
    struct conflation_key *key = malloc(sizeof *key + size);
    if (key == NULL)
        return NULL;
    *key = (struct conflation_key){.is_topic = text[0] != '/', .names = malloc(size)};
    memcpy(key->text, text, size);
    if (key->names == NULL) {
        free(key);
        return NULL;
    }
    key->depth = split_pointer(text, key->names);
    return key;
}

void conflation_key_destroy(struct conflation_key *key)
{
    if (key != NULL)
        free(key->names);
    free(key);
}

/* -- reading JSON (RFC 8259), only as far as the value lies -- */

static void skip_space(struct json *json)
{
    while (json->at < json->end && memchr(" \t\r\n", *json->at, 4) != NULL)
        json->at++;
}

/* Takes a character, behind white space, if it is the next one. */
static bool take_char(struct json *json, char expected)
{
    skip_space(json);
    if (json->at == json->end || *json->at != expected)
        return false;
    json->at++;
    return true;
}

/* Behind a string whose opening quote is the next character. */
static bool skip_string(struct json *json)
{
    for (json->at++; json->at < json->end; json->at++) {
        if (*json->at == '\\' && json->at + 1 < json->end)
            json->at++;
        else if (*json->at == '"') {
            json->at++;
            return true;
        }
    }
    json->at = json->end;
    return false;
}

static void skip_scalar(struct json *json)
{
    while (json->at < json->end && memchr(" \t\r\n,:]}[{\"", *json->at, 11) == NULL)
        json->at++;
}

/* Behind a value of any depth. False: the text ends before. */
static bool skip_value(struct json *json)
{
    size_t depth = 0;
    do {
        skip_space(json);
        if (json->at == json->end)
            return false;
        char next = *json->at;
        if (next == '"') {
            if (!skip_string(json))
                return false;
        } else if (memchr("{[]},:", next, 6) != NULL) {
            json->at++;
            if (next == '{' || next == '[')
                depth++;
            else if (next == '}' || next == ']')
                depth -= depth > 0;
        } else {
            skip_scalar(json);
        }
    } while (depth > 0);
    return true;
}

/* To the value of the member of that name. */
static bool enter_object(struct json *json, const char *name)
{
    size_t len = strlen(name);
    do {
        skip_space(json);
        const char *begin = json->at;
        if (begin == json->end || *begin != '"' || !skip_string(json))
            return false;
        bool is_it = (size_t)(json->at - begin) == len + 2 && memcmp(begin + 1, name, len) == 0;
        if (!take_char(json, ':'))
            return false;
        if (is_it)
            return true;
        if (!skip_value(json))
            return false;
    } while (take_char(json, ','));
    return false;
}

/* To the element of that index. */
static bool enter_array(struct json *json, const char *name)
{
    char *end;
    unsigned long index = strtoul(name, &end, 10);
    if (name[0] < '0' || name[0] > '9' || *end != '\0')
        return false;
    for (; index > 0; index--)
        if (!skip_value(json) || !take_char(json, ','))
            return false;
    return true;
}

static bool enter_value(struct json *json, const char *name)
{
    if (take_char(json, '{'))
        return enter_object(json, name);
    return take_char(json, '[') && enter_array(json, name);
}

uint64_t conflation_key_of_json(const struct conflation_key *key, const struct siphash_key *secret,
                                const void *data, size_t len)
{
    struct json json = {.at = data, .end = (const char *)data + len};
    const char *name = key->names;
    for (size_t i = 0; i < key->depth; i++, name += strlen(name) + 1)
        if (len == 0 || !enter_value(&json, name))
            return CONFLATION_NO_KEY;
    skip_space(&json);
    const char *begin = json.at;
    if (begin == json.end || *begin == '{' || *begin == '[')
        return CONFLATION_NO_KEY;
    if (*begin != '"')
        skip_scalar(&json);
    else if (!skip_string(&json))
        return CONFLATION_NO_KEY;
    if (json.at == begin)
        return CONFLATION_NO_KEY;
    uint64_t hash = siphash_1_3(secret, begin, (size_t)(json.at - begin));
    return hash != CONFLATION_NO_KEY ? hash : 1;
}
