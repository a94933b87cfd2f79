#include "settings.h"

#include <string.h>

/* The default of `bytes_burst` is at least this: a message of the default largest size fits. */
#define LEAST_BYTES_BURST (64 * 1024)

static const char *const scopes[] = {"client", "address", "identity", NULL};
static const char *const actions[] = {"drop", "close", NULL};

const struct sl_option settings_options[SETTINGS_OPTION_COUNT] = {
    {.name = "messages",
     .type = SL_OPTION_RATE,
     .summary = "How many messages may come in the long run, such as 50/s or 1000/m"},
    {.name = "burst",
     .type = SL_OPTION_INTEGER,
     .minimum = 1,
     .maximum = 1e9,
     .summary = "How many messages may come at once; one second's worth if left out"},
    {.name = "bytes",
     .type = SL_OPTION_RATE,
     .summary = "How many bytes of messages may come in the long run, such as 65536/s"},
    {.name = "bytes_burst",
     .type = SL_OPTION_SIZE,
     .minimum = 1,
     .maximum = 1e12,
     .summary = "How many bytes may come at once; one second's worth, but at least 64KiB, if left "
                "out"},
    {.name = "per",
     .type = SL_OPTION_CHOICE,
     .default_value = "client",
     .choices = scopes,
     .summary = "Who has an allowance of its own: each connection, address or identity"},
    {.name = "action",
     .type = SL_OPTION_CHOICE,
     .default_value = "drop",
     .choices = actions,
     .summary = "What happens to a message over the limit: it is dropped, or its client closed"},
    {.name = "connections",
     .type = SL_OPTION_RATE,
     .summary = "How many upgrades one address may ask for in the long run, such as 10/m"},
    {.name = "connections_burst",
     .type = SL_OPTION_INTEGER,
     .minimum = 1,
     .maximum = 1e9,
     .summary =
         "How many upgrades one address may ask for at once; one second's worth if left out"},
    {.name = "max_keys",
     .type = SL_OPTION_INTEGER,
     .default_value = "100000",
     .minimum = 1,
     .maximum = 1e7,
     .summary = "How many addresses or identities are remembered at once"},
};

/* Reads the rate `name` and its burst. `least` is the least burst that is assumed if none is
 * given. Returns 0, or SL_ERROR after host->fail. */
static int read_limit(struct sl_instance *self, const char *name, const char *burst_name,
                      int64_t least, struct limit *limit)
{
    const struct sl_host *host = self->host;
    const struct sl_value *burst_value = host->option(self, burst_name);
    if (host->option(self, name) == NULL) {
        if (burst_value != NULL)
            return sl_fail(self, "%s has no meaning without %s: set %s to a rate such as 50/s",
                           burst_name, name, name);
        return 0;
    }
    double rate = sl_option_number(self, name);
    int64_t burst = least;
    if (burst_value != NULL)
        burst = host->value_integer(burst_value);
    else if (rate > (double)least && rate <= 1e9)
        burst = (int64_t)rate;
    const char *wrong = limit_init(limit, rate, burst);
    return wrong != NULL ? sl_fail(self, "%s %s", name, wrong) : 0;
}

static bool option_is(const struct sl_instance *self, const char *name, const char *value)
{
    struct sl_string text = sl_option_string(self, name);
    return text.len == strlen(value) && memcmp(text.data, value, text.len) == 0;
}

int settings_read(struct sl_instance *self, struct settings *settings)
{
    if (read_limit(self, "messages", "burst", 1, &settings->messages.count) != 0 ||
        read_limit(self, "bytes", "bytes_burst", LEAST_BYTES_BURST, &settings->messages.bytes) !=
            0 ||
        read_limit(self, "connections", "connections_burst", 1, &settings->connections.count) != 0)
        return SL_ERROR;
    if (settings->messages.count.per_hour == 0 && settings->messages.bytes.per_hour == 0 &&
        settings->connections.count.per_hour == 0)
        return sl_fail(self, "nothing is limited: set at least one of messages, bytes and "
                             "connections to a rate such as 50/s");
    settings->scope = option_is(self, "per", "address")    ? PER_ADDRESS
                      : option_is(self, "per", "identity") ? PER_IDENTITY
                                                           : PER_CLIENT;
    settings->close = option_is(self, "action", "close");
    settings->max_keys = (uint32_t)sl_option_integer(self, "max_keys");
    return 0;
}
