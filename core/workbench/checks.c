#include "workbench/checks_internal.h"

struct plugin *subject_load(const struct subject *subject)
{
    situation_doing("loading %s", subject->file);
    situation_begin_host();
    situation->scope = SCOPE_FILE;
    struct plugin *plugin = fake_plugin_load(subject->file);
    situation->scope = SCOPE_CHECK;
    return plugin;
}

struct fake_instance *subject_create(struct plugin *plugin, const struct subject *subject,
                                     const char *endpoint)
{
    situation->scope = SCOPE_OPTIONS;
    struct fake_instance *instance = fake_instance_create(plugin, subject->options, endpoint);
    if (instance == NULL)
        situation_fail("create failed with these options: %s (give some that work with --set "
                       "NAME=VALUE, --options FILE, or a scenario's options)",
                       fake_failure());
    situation->scope = SCOPE_CHECK;
    return instance;
}

static void check_abi(const struct subject *subject)
{
    subject_load(subject);
}

const struct check checks[] = {
    {"contract/abi", "the file loads and its table is sound", check_abi},
    {"contract/create", "instances are created and destroyed without a trace", check_create},
    {"contract/options", "every option works at its bounds and with each choice", check_options},
    {"contract/empty-message", "an empty message does no harm", check_empty_message},
    {"contract/messages", "text, JSON, binary, large messages get a verdict", check_messages},
    {"contract/subscriptions", "other plugins subscribe clients to any topic", check_subscriptions},
    {"contract/publications", "other plugins publish anything to any topic", check_publications},
    {"contract/events", "other plugins emit anything to which it listens", check_events},
    {"contract/borrowed", "nothing borrowed is kept or freed", check_borrowed},
    {"contract/lifecycle", "clients come and go in any order", check_lifecycle},
    {"contract/two-instances", "two instances do not share state", check_two_instances},
    {"contract/disconnect-while-deferred", "a client may leave while its verdict is awaited",
     check_disconnect_while_deferred},
    {"contract/deadline", "a deferral may miss its deadline", check_deadline},
    {"contract/failing-allocations", "each allocation may fail", check_failing_allocations},
    {"contract/leaks", "clients leave nothing behind", check_leaks},
    {"contract/reload", "options may be read anew while clients are there", check_reload},
    {"contract/taking-over", "an instance takes over from the one that it replaces",
     check_taking_over},
    {"contract/unloads", "a reload can unload the file", check_unloads},
    {"contract/random-messages", "random messages, departures and pauses do no harm",
     check_random_messages},
};
const size_t check_count = sizeof checks / sizeof *checks;
