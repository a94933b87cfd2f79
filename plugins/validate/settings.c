#include "settings.h"

#include <string.h>

static const char *const message_types[] = {"text", "binary", NULL};
static const char *const format_choices[] = {"ignore", "assert", NULL};
static const char *const actions[] = {"drop", "close", NULL};
static const char *const text_rules[] = {"allow", "refuse", "remove", NULL};

const struct sl_option settings_options[SETTINGS_OPTION_COUNT] = {
    {.name = "types",
     .type = SL_OPTION_STRINGS,
     .choices = message_types,
     .summary = "Which messages may pass; if left out both, or with json: true text only"},
    {.name = "min_size",
     .type = SL_OPTION_SIZE,
     .maximum = 1e12,
     .summary = "The least size of a message"},
    {.name = "max_size",
     .type = SL_OPTION_SIZE,
     .minimum = 1,
     .maximum = 1e12,
     .summary = "The greatest size of a message; the endpoint's message.max_size applies as well"},
    {.name = "json",
     .type = SL_OPTION_BOOL,
     .default_value = "false",
     .summary = "Whether text messages have to be well-formed JSON"},
    {.name = "max_depth",
     .type = SL_OPTION_INTEGER,
     .default_value = "32",
     .minimum = 1,
     .maximum = 1000,
     .summary = "How many arrays and objects may be inside each other"},
    {.name = "max_values",
     .type = SL_OPTION_INTEGER,
     .default_value = "65536",
     .minimum = 1,
     .maximum = 1e7,
     .summary = "How many values a message may hold, nested ones included"},
    {.name = "required",
     .type = SL_OPTION_MAP,
     .summary = "Members that the top-level object must have, each with its type: string, number, "
                "integer, boolean, object, array, \"null\" or any"},
    {.name = "action",
     .type = SL_OPTION_CHOICE,
     .default_value = "close",
     .choices = actions,
     .summary = "What happens to a bad message: it is dropped, or its client closed"},
    {.name = "notify",
     .type = SL_OPTION_BOOL,
     .default_value = "false",
     .summary = "With action: drop, tell the client why in a small JSON text message"},
    {.name = "schema",
     .type = SL_OPTION_PATH,
     .summary = "A JSON Schema (draft 2020-12) that every text message has to meet"},
    {.name = "schemas",
     .type = SL_OPTION_MAP,
     .summary = "Schemas for types of messages: the discriminator's value, and a file in "
                "schema_folder; other types are refused"},
    {.name = "schema_folder",
     .type = SL_OPTION_PATH,
     .summary = "The folder that the files of schemas are in"},
    {.name = "discriminator",
     .type = SL_OPTION_STRING,
     .default_value = "type",
     .minimum = 1,
     .maximum = 255,
     .summary = "The member that tells a message's type"},
    {.name = "formats",
     .type = SL_OPTION_CHOICE,
     .default_value = "ignore",
     .choices = format_choices,
     .summary = "Whether a schema's format is asserted"},
    {.name = "match_limit",
     .type = SL_OPTION_INTEGER,
     .default_value = "100000",
     .minimum = 100,
     .maximum = 1e8,
     .summary =
         "How many steps one match of a pattern may take, besides some for each byte; all matches "
         "of a message may take four times as many; a message that needs more is refused"},
    {.name = "unique_members",
     .type = SL_OPTION_BOOL,
     .summary = "Whether an object with two members of one name is refused; if left out, only with "
                "schema or schemas"},
    {.name = "max_members",
     .type = SL_OPTION_INTEGER,
     .default_value = "10000",
     .minimum = 1,
     .maximum = 1e7,
     .summary = "How many members an object may have"},
    {.name = "max_string",
     .type = SL_OPTION_SIZE,
     .default_value = "1MiB",
     .minimum = 1,
     .maximum = 1e9,
     .summary = "How long a string or a name may be, decoded"},
    {.name = "max_number",
     .type = SL_OPTION_INTEGER,
     .default_value = "63",
     .minimum = 1,
     .maximum = 1000,
     .summary = "How many characters a number may have"},
    {.name = "control_characters",
     .type = SL_OPTION_CHOICE,
     .default_value = "allow",
     .choices = text_rules,
     .summary = "What happens to texts with control characters other than tab and line ends: they "
                "pass, the message is refused, or the characters are removed"},
    {.name = "bidi_controls",
     .type = SL_OPTION_CHOICE,
     .default_value = "allow",
     .choices = text_rules,
     .summary = "The same for characters that change the direction of text"},
    {.name = "require_nfc",
     .type = SL_OPTION_BOOL,
     .default_value = "false",
     .summary = "Whether texts have to be in Unicode's normal form C"},
    {.name = "allow_pattern",
     .type = SL_OPTION_STRING,
     .minimum = 1,
     .maximum = 65536,
     .summary = "A pattern (PCRE2) that a text message as a whole has to match"},
    {.name = "deny_patterns",
     .type = SL_OPTION_STRINGS,
     .summary = "Patterns (PCRE2) that no text may match: with json: true no string and no name, "
                "else not the message"},
    {.name = "escape_html",
     .type = SL_OPTION_STRINGS,
     .summary = "Members whose texts are escaped for HTML: names, or JSON Pointers with * for any "
                "step; an empty one stands for the whole message"},
};

static bool equals_cstr(struct sl_string text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

static int read_types(struct sl_instance *self, struct settings *settings)
{
    const struct sl_host *host = self->host;
    const struct sl_value *types = host->option(self, "types");
    bool json = sl_option_bool(self, "json");
    settings->text = types == NULL;
    settings->binary = types == NULL && !json;
    for (size_t i = 0; i < host->value_count(types); i++) {
        struct sl_string type = host->value_string(host->value_at(types, i));
        settings->text |= equals_cstr(type, "text");
        settings->binary |= equals_cstr(type, "binary");
    }
    if (!settings->text && !settings->binary)
        return sl_fail(self, "types is empty, so no message could ever pass: name text or binary");
    if (json && !settings->text)
        return sl_fail(self, "json: true is about text messages, but types lets none pass: add "
                             "text to types");
    return 0;
}

static int read_sizes(struct sl_instance *self, struct settings *settings)
{
    settings->min_size = (uint64_t)sl_option_integer(self, "min_size");
    settings->max_size = UINT64_MAX;
    if (self->host->option(self, "max_size") != NULL)
        settings->max_size = (uint64_t)sl_option_integer(self, "max_size");
    if (settings->min_size > settings->max_size)
        return sl_fail(self, "min_size is greater than max_size, so no message could ever pass");
    return 0;
}

static int read_action(struct sl_instance *self, struct settings *settings)
{
    settings->close = equals_cstr(sl_option_string(self, "action"), "close");
    settings->notify = sl_option_bool(self, "notify");
    if (settings->close && settings->notify)
        return sl_fail(self, "notify tells why a message was dropped, but with action: close the "
                             "close reason does: leave one of them out");
    return 0;
}

int settings_read(struct sl_instance *self, struct settings *settings)
{
    *settings = (struct settings){0};
    return read_types(self, settings) == 0 && read_sizes(self, settings) == 0 &&
                   read_action(self, settings) == 0
               ? 0
               : SL_ERROR;
}
