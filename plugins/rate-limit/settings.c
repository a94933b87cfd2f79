#include "settings.h"

#include "amount.h"

#include <string.h>

#define LEAST_BYTES_BURST 65536
#define NAME_DEFAULT "all" /* of what per: all shares */

static const char *const scope_names[SCOPES + 1] = {
    [PER_CLIENT] = "client",       [PER_ADDRESS] = "address",   [PER_IDENTITY] = "identity",
    [PER_ATTRIBUTE] = "attribute", [PER_ENDPOINT] = "endpoint", [PER_ALL] = "all"};
static const char *const action_names[ACTIONS + 1] = {
    [ACTION_DROP] = "drop", [ACTION_DELAY] = "delay", [ACTION_CLOSE] = "close"};
static const char *const connection_scopes[] = {"address", "all", NULL};

const struct sl_option settings_options[SETTINGS_OPTION_COUNT] = {
    {.name = "messages",
     .type = SL_OPTION_RATE,
     .summary = "How many messages may come in the long run, such as 50/s"},
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
     .summary = "How many bytes may come at once; one second's worth, at least 64KiB, if left out"},
    {.name = "per",
     .type = SL_OPTION_CHOICE,
     .default_value = "client",
     .choices = scope_names,
     .summary = "Which clients share an allowance: none (each connection has its own), those of an "
                "address, of an identity, with one value of an attribute, of this endpoint, or of "
                "all entries with this name"},
    {.name = "attribute",
     .type = SL_OPTION_STRING,
     .minimum = 1,
     .maximum = ATTRIBUTE_NAME_MAX,
     .summary = "With per: attribute, its name; clients without it count by their address"},
    {.name = "name",
     .type = SL_OPTION_STRING,
     .default_value = NAME_DEFAULT,
     .minimum = 1,
     .maximum = ATTRIBUTE_NAME_MAX,
     .summary = "With per: all, the name of the allowance that entries of all pipelines share"},
    {.name = "action",
     .type = SL_OPTION_CHOICE,
     .default_value = "drop",
     .choices = action_names,
     .summary = "What happens to a message over the limit: it is dropped, waits, or its client is "
                "closed"},
    {.name = "limits",
     .type = SL_OPTION_MAPS,
     .summary = "More limits, all of which have to be met; each with messages, burst, bytes, "
                "bytes_burst, per, attribute, name and action"},
    {.name = "max_delay",
     .type = SL_OPTION_DURATION,
     .default_value = "10s",
     .minimum = 1e6,
     .maximum = 3600e9,
     .summary =
         "With action: delay, how long a message may wait; one that would wait longer is dropped"},
    {.name = "notify",
     .type = SL_OPTION_BOOL,
     .default_value = "false",
     .summary = "Whether a client is told, at most once a second, that a message was dropped"},
    {.name = "connections",
     .type = SL_OPTION_RATE,
     .summary = "How many upgrades one address may ask for in the long run, such as 10/m"},
    {.name = "connections_burst",
     .type = SL_OPTION_INTEGER,
     .minimum = 1,
     .maximum = 1e9,
     .summary =
         "How many upgrades one address may ask for at once; one second's worth if left out"},
    {.name = "connections_per",
     .type = SL_OPTION_CHOICE,
     .default_value = "address",
     .choices = connection_scopes,
     .summary = "Whether each address has an allowance of upgrades, or all share one"},
    {.name = "ipv4_prefix",
     .type = SL_OPTION_INTEGER,
     .default_value = "32",
     .minimum = 1,
     .maximum = 32,
     .summary = "How many bits of an IPv4 address count"},
    {.name = "ipv6_prefix",
     .type = SL_OPTION_INTEGER,
     .default_value = "64",
     .minimum = 1,
     .maximum = 128,
     .summary = "How many bits of an IPv6 address count"},
    {.name = "exempt_addresses",
     .type = SL_OPTION_STRINGS,
     .summary = "Prefixes whose clients are not limited, such as 10.0.0.0/8"},
    {.name = "exempt_identities",
     .type = SL_OPTION_STRINGS,
     .summary = "Identities that are not limited"},
    {.name = "max_keys",
     .type = SL_OPTION_INTEGER,
     .default_value = "100000",
     .minimum = 1,
     .maximum = 1e7,
     .summary = "How many addresses, identities or values are remembered at once"},
};

const char *settings_scope_name(enum scope scope)
{
    return scope_names[scope];
}

static int index_of(const char *const *names, struct sl_string name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strlen(names[i]) == name.len && memcmp(names[i], name.data, name.len) == 0)
            return i;
    return -1;
}

/* -- the short form: options of the instance -- */

/* Reads the rate `name` and its burst; `least` is the smallest burst that is assumed if none is
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

static void copy_name(char out[ATTRIBUTE_NAME_MAX + 1], struct sl_string name)
{
    size_t len = name.len <= ATTRIBUTE_NAME_MAX ? name.len : ATTRIBUTE_NAME_MAX;
    if (len > 0)
        memcpy(out, name.data, len);
    out[len] = '\0';
}

static int check_rule(struct sl_instance *self, const struct rule *rule, const char *where)
{
    if (rule->scope == PER_ATTRIBUTE && rule->attribute[0] == '\0')
        return sl_fail(self, "%sper: attribute needs the attribute's name: set attribute", where);
    if (rule->scope != PER_ATTRIBUTE && rule->attribute[0] != '\0')
        return sl_fail(self, "%sattribute has no meaning without per: attribute", where);
    if (rule->scope != PER_ALL && rule->name[0] != '\0' && strcmp(rule->name, NAME_DEFAULT) != 0)
        return sl_fail(self, "%sname has no meaning without per: all", where);
    return 0;
}

static int read_first_rule(struct sl_instance *self, struct settings *settings)
{
    struct rule *rule = &settings->rules[0];
    if (read_limit(self, "messages", "burst", 1, &rule->limits.count) != 0 ||
        read_limit(self, "bytes", "bytes_burst", LEAST_BYTES_BURST, &rule->limits.bytes) != 0)
        return SL_ERROR;
    if (rule->limits.count.per_hour == 0 && rule->limits.bytes.per_hour == 0)
        return 0;
    rule->scope = (enum scope)index_of(scope_names, sl_option_string(self, "per"));
    rule->action = (enum action)index_of(action_names, sl_option_string(self, "action"));
    copy_name(rule->attribute, sl_option_string(self, "attribute"));
    copy_name(rule->name, sl_option_string(self, "name"));
    settings->rule_count = 1;
    return check_rule(self, rule, "");
}

/* -- limits: a list of maps -- */

/* The members of one map that have been read. */
struct entry {
    double messages;
    int64_t burst;
    double bytes;
    int64_t bytes_burst;
    bool has_messages;
    bool has_bytes;
};

static const char *read_name(char name[ATTRIBUTE_NAME_MAX + 1], struct sl_string text)
{
    copy_name(name, text);
    return text.len > 0 && text.len <= ATTRIBUTE_NAME_MAX ? NULL : "has to have 1 to 63 characters";
}

static const char *read_scope(struct rule *rule, struct sl_string text)
{
    int choice = index_of(scope_names, text);
    rule->scope = choice >= 0 ? (enum scope)choice : PER_CLIENT;
    return choice >= 0 ? NULL : "has to be client, address, identity, attribute, endpoint or all";
}

static const char *read_action(struct rule *rule, struct sl_string text)
{
    int choice = index_of(action_names, text);
    rule->action = choice >= 0 ? (enum action)choice : ACTION_DROP;
    return choice >= 0 ? NULL : "has to be drop, delay or close";
}

/* Reads one member. Returns NULL, or what is wrong with its value as the rest of a sentence. */
static const char *read_member(struct rule *rule, struct entry *entry, const struct sl_host *host,
                               struct sl_string key, const struct sl_value *value)
{
    static const char *const names[] = {"messages",  "burst", "bytes",  "bytes_burst", "per",
                                        "attribute", "name",  "action", NULL};
    struct sl_string text = host->value_string(value);
    switch (index_of(names, key)) {
    case 0:
        entry->has_messages = amount_rate(text, &entry->messages);
        return entry->has_messages ? NULL : "has to be a rate such as 50/s, 1000/m or 10/h";
    case 1:
        entry->burst = host->value_integer(value);
        return entry->burst >= 1 && entry->burst <= 1000000000
                   ? NULL
                   : "has to be a number from 1 to 1000000000";
    case 2:
        entry->has_bytes = amount_rate(text, &entry->bytes);
        return entry->has_bytes ? NULL : "has to be a rate such as 65536/s";
    case 3:
        if (text.len == 0)
            entry->bytes_burst = host->value_integer(value);
        return (text.len == 0 || amount_size(text, &entry->bytes_burst)) && entry->bytes_burst >= 1
                   ? NULL
                   : "has to be a size such as 64KiB";
    case 4:
        return read_scope(rule, text);
    case 5:
        return read_name(rule->attribute, text);
    case 6:
        return read_name(rule->name, text);
    case 7:
        return read_action(rule, text);
    default:
        return "is not known here: there are messages, burst, bytes, bytes_burst, per, attribute, "
               "name and action";
    }
}

static int64_t burst_or(int64_t given, double rate, int64_t least)
{
    if (given > 0)
        return given;
    return rate > (double)least && rate <= 1e9 ? (int64_t)rate : least;
}

static int finish_rule(struct sl_instance *self, size_t index, struct rule *rule,
                       const struct entry *entry)
{
    char where[32];
    const char *wrong = NULL;
    snprintf(where, sizeof where, "limits[%zu]: ", index);
    if (!entry->has_messages && !entry->has_bytes)
        return sl_fail(self, "%snothing is limited: set messages or bytes", where);
    if ((entry->burst > 0 && !entry->has_messages) || (entry->bytes_burst > 0 && !entry->has_bytes))
        return sl_fail(self, "%sa burst has no meaning without its rate", where);
    if (entry->has_messages)
        wrong = limit_init(&rule->limits.count, entry->messages,
                           burst_or(entry->burst, entry->messages, 1));
    if (wrong == NULL && entry->has_bytes)
        wrong = limit_init(&rule->limits.bytes, entry->bytes,
                           burst_or(entry->bytes_burst, entry->bytes, LEAST_BYTES_BURST));
    return wrong != NULL ? sl_fail(self, "%sa rate %s", where, wrong)
                         : check_rule(self, rule, where);
}

static int read_rule(struct sl_instance *self, size_t index, const struct sl_value *map,
                     struct rule *rule)
{
    const struct sl_host *host = self->host;
    struct entry entry = {.messages = 0};
    copy_name(rule->name, sl_string_of(NAME_DEFAULT));
    for (size_t i = 0; i < host->value_count(map); i++) {
        struct sl_string key = host->value_key(map, i);
        const char *wrong = read_member(rule, &entry, host, key, host->value_at(map, i));
        if (wrong != NULL)
            return sl_fail(self, "limits[%zu]: %.*s %s", index, (int)(key.len < 64 ? key.len : 64),
                           key.data, wrong);
    }
    return finish_rule(self, index, rule, &entry);
}

static int read_rules(struct sl_instance *self, struct settings *settings)
{
    const struct sl_host *host = self->host;
    const struct sl_value *limits = host->option(self, "limits");
    for (size_t i = 0; i < host->value_count(limits); i++) {
        if (settings->rule_count == RULES_MAX)
            return sl_fail(self,
                           "there are more than %d limits; put this plugin into the pipeline "
                           "twice",
                           RULES_MAX);
        if (read_rule(self, i, host->value_at(limits, i),
                      &settings->rules[settings->rule_count++]) != 0)
            return SL_ERROR;
    }
    return 0;
}

/* -- the rest -- */

static int read_exemptions(struct sl_instance *self, struct settings *settings)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, "exempt_addresses");
    size_t count = host->value_count(list);
    char error[160];
    if (count > EXEMPTIONS_MAX)
        return sl_fail(self, "exempt_addresses lists %zu prefixes, but %d is the most", count,
                       EXEMPTIONS_MAX);
    if (count == 0)
        return 0;
    settings->exempt = host->allocate(count * sizeof *settings->exempt);
    if (settings->exempt == NULL)
        return sl_fail(self, "there is no memory for exempt_addresses");
    for (; settings->exempt_count < count; settings->exempt_count++) {
        struct sl_string text = host->value_string(host->value_at(list, settings->exempt_count));
        const char *wrong =
            sl_prefix_parse(text.data, text.len, &settings->exempt[settings->exempt_count], error);
        if (wrong != NULL)
            return sl_fail(self, "exempt_addresses: \"%.*s\" %s",
                           (int)(text.len < 64 ? text.len : 64), text.data, wrong);
    }
    return 0;
}

static int check_meaning(struct sl_instance *self, const struct settings *settings)
{
    bool drops = false;
    for (size_t i = 0; i < settings->rule_count; i++)
        drops |= settings->rules[i].action != ACTION_CLOSE;
    if (settings->rule_count == 0 && settings->connections.count.per_hour == 0)
        return sl_fail(self, "nothing is limited: set at least one of messages, bytes, limits and "
                             "connections, such as messages: 50/s");
    if (settings->notify && !drops)
        return sl_fail(self, "notify tells that a message was dropped, but with action: close the "
                             "close reason does: leave one of them out");
    return 0;
}

int settings_read(struct sl_instance *self, struct settings *settings)
{
    settings->connections_of_all = sl_option_string(self, "connections_per").len == 3;
    settings->max_keys = (uint32_t)sl_option_integer(self, "max_keys");
    settings->ipv4_bits = (unsigned)sl_option_integer(self, "ipv4_prefix");
    settings->ipv6_bits = (unsigned)sl_option_integer(self, "ipv6_prefix");
    settings->max_delay = sl_option_integer(self, "max_delay");
    settings->notify = sl_option_bool(self, "notify");
    if (read_first_rule(self, settings) == 0 && read_rules(self, settings) == 0 &&
        read_limit(self, "connections", "connections_burst", 1, &settings->connections.count) ==
            0 &&
        check_meaning(self, settings) == 0 && read_exemptions(self, settings) == 0)
        return 0;
    settings_deinit(settings, self->host);
    return SL_ERROR;
}

void settings_deinit(struct settings *settings, const struct sl_host *host)
{
    host->release(settings->exempt);
    settings->exempt = NULL;
}
