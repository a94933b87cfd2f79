#include "config/yaml_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
#define NAME_MAX_LEN 255

/* The text is walked twice: once to measure, once to write, so that a secret is in one buffer only
 * and none of a growing buffer's former places keeps it. */
struct expander {
    char *text; /* NULL while measuring */
    size_t len;
    bool literal;     /* some bytes come from the file */
    bool environment; /* something was replaced */
    char *why;
    size_t why_size;
};

/* One ${NAME} or ${NAME:-default}; the parts point into the text. */
struct reference {
    char name[NAME_MAX_LEN + 1];
    const char *fallback; /* NULL: none */
    size_t fallback_len;
    const char *end; /* past the closing brace */
};

static int put(struct expander *expander, const char *bytes, size_t len)
{
    if (len > YAML_MAX_SCALAR - expander->len) {
        snprintf(expander->why, expander->why_size, "is longer than 64KiB");
        return ERR_CONFIG;
    }
    if (expander->text != NULL)
        memcpy(expander->text + expander->len, bytes, len);
    expander->len += len;
    return 0;
}

static int put_literal(struct expander *expander, const char *bytes, size_t len)
{
    expander->literal |= len > 0;
    return put(expander, bytes, len);
}

/* Reads the reference at `text`, which begins with "${". */
static int read_reference(struct expander *expander, const char *text, struct reference *reference)
{
    const char *name = text + 2;
    size_t len = strspn(name, NAME_CHARACTERS);
    const char *after = name + len;
    if (len == 0 || len > NAME_MAX_LEN || (*name >= '0' && *name <= '9'))
        goto malformed;
    memcpy(reference->name, name, len);
    reference->name[len] = '\0';
    reference->fallback = NULL;
    if (strncmp(after, ":-", 2) == 0) {
        reference->fallback = after + 2;
        reference->fallback_len = strcspn(reference->fallback, "}");
        after = reference->fallback + reference->fallback_len;
    }
    if (*after != '}')
        goto malformed;
    reference->end = after + 1;
    return 0;
malformed:
    snprintf(expander->why, expander->why_size,
             "has a malformed ${...}; write ${NAME} or ${NAME:-default}, or $${ for a literal ${");
    return ERR_CONFIG;
}

static int put_reference(struct expander *expander, const struct reference *reference)
{
    const char *value = getenv(reference->name);
    expander->environment = true;
    if (reference->fallback != NULL && (value == NULL || *value == '\0'))
        return put_literal(expander, reference->fallback, reference->fallback_len);
    if (value != NULL)
        return put(expander, value, strlen(value));
    snprintf(expander->why, expander->why_size,
             "the environment variable %s is not set; set it, or write ${%s:-default}",
             reference->name, reference->name);
    return ERR_CONFIG;
}

static int walk(struct expander *expander, const char *text)
{
    while (*text != '\0') {
        struct reference reference;
        int error;
        size_t len = strcspn(text, "$");
        if (len > 0) {
            error = put_literal(expander, text, len);
            text += len;
        } else if (strncmp(text, "$${", 3) == 0) {
            error = put_literal(expander, "${", 2);
            text += 3;
        } else if (strncmp(text, "${", 2) != 0) {
            error = put_literal(expander, text++, 1);
        } else {
            error = read_reference(expander, text, &reference);
            if (error == 0)
                error = put_reference(expander, &reference);
            text = error == 0 ? reference.end : text;
        }
        if (error != 0)
            return error;
    }
    return 0;
}

static enum node_origin origin_of(const struct expander *expander)
{
    if (!expander->environment)
        return ORIGIN_FILE;
    return expander->literal ? ORIGIN_MIXED : ORIGIN_ENVIRONMENT;
}

int yaml_expand(const char *text, struct yaml_expansion *out, char *why, size_t why_size)
{
    struct expander measure = {.why = why, .why_size = why_size};
    int error = walk(&measure, text);
    if (error != 0)
        return error;
    struct expander writer = {.text = malloc(measure.len + 1), .why = why, .why_size = why_size};
    if (writer.text == NULL)
        return ERR_NO_MEMORY;
    error = walk(&writer, text);
    if (error != 0) {
        free(writer.text);
        return error;
    }
    writer.text[writer.len] = '\0';
    out->text = writer.text;
    out->origin = origin_of(&writer);
    return 0;
}
