#include "admin/client_selection.h"

#include "hub/hub.h"

#include <stdio.h>
#include <string.h>

static int read_address(const char *text, struct client_filter *out, char *buffer,
                        const char **fault)
{
    char error[160];
    const char *wrong = sl_prefix_parse(text, strlen(text), &out->address, error);
    out->has_address = true;
    if (wrong == NULL)
        return OK;
    snprintf(buffer, SELECTION_TEXT_MAX, "address: \"%.100s\" %s", text, wrong);
    *fault = buffer;
    return ERR_INVALID;
}

/* Identities are names of the same form as topics. */
static int read_name(const char *text, char out[TOPIC_NAME_MAX + 1], const char *wrong,
                     const char **fault)
{
    size_t len = strlen(text);
    if (!topic_is_name(text, len)) {
        *fault = wrong;
        return ERR_INVALID;
    }
    memcpy(out, text, len + 1);
    return OK;
}

int client_selection_read(struct hub *hub, const struct client_selection *selection,
                          struct client_filter *out, char *buffer, const char **fault)
{
    int error = OK;
    *out = (struct client_filter){.endpoint = NULL};
    if (selection->identity != NULL)
        error = read_name(selection->identity, out->identity,
                          "an identity is 1 to 255 bytes of UTF-8", fault);
    if (error == OK && selection->topic != NULL)
        error =
            read_name(selection->topic, out->topic, "a topic is 1 to 255 bytes of UTF-8", fault);
    if (error == OK && selection->address != NULL)
        error = read_address(selection->address, out, buffer, fault);
    if (error != OK || selection->endpoint == NULL)
        return error;
    out->endpoint = hub_find_endpoint(hub, selection->endpoint);
    *fault = "there is no endpoint with this path";
    return out->endpoint != NULL ? OK : ERR_NOT_FOUND;
}

void client_selection_describe(const struct client_selection *selection, char *text, size_t size)
{
    const struct {
        const char *name;
        const char *value;
    } parts[] = {{"identity", selection->identity},
                 {"address", selection->address},
                 {"endpoint", selection->endpoint},
                 {"topic", selection->topic}};
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts && len < size; i++)
        if (parts[i].value != NULL)
            len += (size_t)snprintf(text + len, size - len, "%s%s \"%s\"", len > 0 ? ", " : "",
                                    parts[i].name, parts[i].value);
}
