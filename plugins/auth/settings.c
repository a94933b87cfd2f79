#include "settings.h"

#include "token_file.h"

#include <string.h>

static const char *const source_names[CREDENTIAL_SOURCES + 1] = {
    [CREDENTIAL_HEADER] = "header",
    [CREDENTIAL_QUERY] = "query",
    [CREDENTIAL_COOKIE] = "cookie",
    [CREDENTIAL_SUBPROTOCOL] = "subprotocol",
};

const struct sl_option settings_options[SETTINGS_OPTION_COUNT] = {
    {.name = "tokens_file",
     .type = SL_OPTION_PATH,
     .summary = "A file of tokens, one a line: a name, a space, and the token or sha256: and its "
                "hash"},
    {.name = "tokens_env",
     .type = SL_OPTION_STRING,
     .minimum = 1,
     .maximum = 255,
     .summary = "The name of an environment variable with such lines, which commas may separate"},
    {.name = "required",
     .type = SL_OPTION_BOOL,
     .default_value = "true",
     .summary = "Whether a client without a token is refused; a bad token always is"},
    {.name = "allow",
     .type = SL_OPTION_STRINGS,
     .summary = "The names that may connect to this endpoint; if left out all that have a token"},
    {.name = "from",
     .type = SL_OPTION_STRINGS,
     .default_value = "[header, query, cookie, subprotocol]",
     .choices = source_names,
     .summary = "Where a token is looked for, in this order; the first one found decides"},
    {.name = "query_parameter",
     .type = SL_OPTION_STRING,
     .default_value = "token",
     .minimum = 1,
     .maximum = 255,
     .summary = "The query parameter that holds the token"},
    {.name = "cookie",
     .type = SL_OPTION_STRING,
     .default_value = "token",
     .minimum = 1,
     .maximum = 255,
     .summary = "The cookie that holds the token"},
};

static enum credential_source source_of(struct sl_string name)
{
    for (int i = 0; i < CREDENTIAL_SOURCES; i++)
        if (strlen(source_names[i]) == name.len &&
            memcmp(source_names[i], name.data, name.len) == 0)
            return (enum credential_source)i;
    return CREDENTIAL_SOURCES;
}

static int read_places(struct sl_instance *self, struct credential_places *places)
{
    const struct sl_host *host = self->host;
    const struct sl_value *from = host->option(self, "from");
    bool seen[CREDENTIAL_SOURCES] = {false};
    places->count = 0;
    for (size_t i = 0; i < host->value_count(from); i++) {
        enum credential_source source = source_of(host->value_string(host->value_at(from, i)));
        if (source == CREDENTIAL_SOURCES)
            return sl_fail(self, "from: name header, query, cookie or subprotocol");
        if (seen[source])
            return sl_fail(self, "from names %s twice", source_names[source]);
        seen[source] = true;
        places->sources[places->count++] = source;
    }
    if (places->count == 0)
        return sl_fail(self, "from is empty, so no token could ever be found: name header, query, "
                             "cookie or subprotocol");
    places->query_parameter = sl_option_string(self, "query_parameter").data;
    places->cookie = sl_option_string(self, "cookie").data;
    return 0;
}

static int read_token_file(struct sl_instance *self, struct tokens *tokens)
{
    char error[TOKEN_ERROR_SIZE];
    bool readable_by_others;
    if (self->host->option(self, "tokens_file") == NULL)
        return 0;
    const char *path = sl_option_string(self, "tokens_file").data;
    if (!token_file_read(tokens, path, &readable_by_others, error))
        return sl_fail(self, "%s", error);
    if (readable_by_others)
        sl_log(self, SL_LOG_WARN, "everybody on this machine may read %s: chmod o-r it", path);
    return 0;
}

static int read_token_env(struct sl_instance *self, struct tokens *tokens)
{
    char error[TOKEN_ERROR_SIZE];
    if (self->host->option(self, "tokens_env") == NULL)
        return 0;
    if (!token_env_read(tokens, sl_option_string(self, "tokens_env").data, error))
        return sl_fail(self, "%s", error);
    return 0;
}

static int read_tokens(struct sl_instance *self, struct tokens *tokens)
{
    if (self->host->option(self, "tokens_file") == NULL &&
        self->host->option(self, "tokens_env") == NULL)
        return sl_fail(self, "there are no tokens to compare with: set tokens_file to a file, or "
                             "tokens_env to the name of an environment variable");
    if (read_token_file(self, tokens) != 0 || read_token_env(self, tokens) != 0)
        return SL_ERROR;
    if (tokens->count == 0)
        return sl_fail(self, "tokens_file and tokens_env list no token at all: write a name, a "
                             "space and a token on a line");
    if (tokens->short_count > 0)
        sl_log(self, SL_LOG_WARN,
               "%zu of the tokens have fewer than 16 characters and can be guessed; make better "
               "ones with: openssl rand -hex 32",
               tokens->short_count);
    return 0;
}

static int read_allow(struct sl_instance *self, struct tokens *tokens)
{
    const struct sl_host *host = self->host;
    const struct sl_value *allow = host->option(self, "allow");
    size_t count = host->value_count(allow);
    for (size_t i = 0; count == 0 && i < tokens->count; i++)
        tokens->items[i].allowed = true;
    for (size_t i = 0; i < count; i++) {
        struct sl_string name = host->value_string(host->value_at(allow, i));
        if (!tokens_allow(tokens, name.data, name.len))
            return sl_fail(self, "allow names %.*s, but no token has that name", (int)name.len,
                           name.data);
    }
    return 0;
}

int settings_read(struct sl_instance *self, struct settings *settings)
{
    tokens_init(&settings->tokens, self->host);
    settings->required = sl_option_bool(self, "required");
    if (read_places(self, &settings->places) == 0 && read_tokens(self, &settings->tokens) == 0 &&
        read_allow(self, &settings->tokens) == 0)
        return 0;
    settings_deinit(settings);
    return SL_ERROR;
}

void settings_deinit(struct settings *settings)
{
    tokens_deinit(&settings->tokens);
}
