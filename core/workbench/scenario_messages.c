/*
 * What the clients of a scenario send.
 */
#include "base/base64.h"
#include "workbench/scenario_expect.h"

#include <stdlib.h>
#include <string.h>

static char *message_text(const struct yaml_node *arguments)
{
    const char *text = scenario_text(arguments, "text");
    const struct yaml_node *json = yaml_node_get(arguments, "json");
    if (text == NULL && json != NULL && json->kind != NODE_SCALAR)
        return scenario_json(json);
    if (text == NULL && json != NULL)
        text = json->text; /* As it was written, be it JSON or not. */
    if (text == NULL)
        scenario_fail(arguments, "a message needs text, json or binary");
    char *copy = strdup(text);
    if (copy == NULL)
        abort();
    return copy;
}

void scenario_read_message(const struct yaml_node *arguments, struct scenario_message *out)
{
    const char *binary = scenario_text(arguments, "binary");
    *out = (struct scenario_message){.type = binary != NULL ? SL_BINARY : SL_TEXT};
    if (binary == NULL) {
        out->data = message_text(arguments);
        out->len = strlen(out->data);
    } else if (base64_decode(binary, &out->data, &out->len) != OK) {
        scenario_fail(yaml_node_get(arguments, "binary"), "binary: this is not base64");
    }
}
