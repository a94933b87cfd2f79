#include "workbench/checks.h"

#include "config/diagnostics.h"
#include "config/yaml.h"
#include "config/yaml_node.h"
#include "workbench/situation.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define WAIT 2000 /* ms of real time for a deferred verdict */
#define ALLOCATIONS_MAX 300
#define RANDOM_STEPS 1500
#define RANDOM_CLIENTS 6

struct plugin *subject_load(const struct subject *subject)
{
    static struct plugin_set set;
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    situation_doing("loading %s", subject->file);
    plugin_set_init(&set, NULL, 0, NULL);
    set.in_place = true;   /* So that sanitizers and debuggers find its symbols. */
    set.is_trusted = true; /* Who has just built it runs it, whatever the umask was. */
    if (plugin_load_file(&set, subject->file, text, &plugin) != OK)
        situation_fail("%s", text);
    fake_begin();
    return plugin;
}

static struct fake_instance *make(struct plugin *plugin, const struct yaml_node *options)
{
    struct fake_instance *instance = fake_instance_create(plugin, options, "/ws");
    if (instance == NULL)
        situation_fail("create failed with these options: %s (give some that work with --set "
                       "NAME=VALUE, --options FILE, or a scenario's options)",
                       fake_failure());
    return instance;
}

/* -- a client's life -- */

/* Waits for what is deferred; its verdict, or the deadline's. */
static void settle(struct sl_client *client, struct fake_result *result)
{
    if (!fake_is_deferred(client))
        return;
    fake_result_release(result);
    if (fake_await(client, 200, result))
        return;
    fake_advance(3600 * SECOND + SECOND);
    if (!fake_await(client, WAIT, result))
        situation_fail("a deferral was never completed and has no deadline");
}

/* A client that has connected; NULL if the plugin did not let it in. */
static struct sl_client *enter(struct fake_instance *instance, const struct subject *subject)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->arrival);
    fake_connect(instance, client, &result);
    settle(client, &result);
    bool is_in = result.verdict == SL_CONTINUE;
    fake_result_release(&result);
    if (is_in) {
        fake_open(instance, client);
        return client;
    }
    fake_client_destroy(client);
    return NULL;
}

static struct sl_client *must_enter(struct fake_instance *instance, const struct subject *subject)
{
    struct sl_client *client = enter(instance, subject);
    if (client == NULL)
        situation_skip("the plugin lets nobody in; a scenario whose first step connects shows how");
    return client;
}

static void depart(struct fake_instance *instance, struct sl_client *client)
{
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
}

/* Returns whether the client may go on. */
static bool say(struct fake_instance *instance, struct sl_client *client, enum sl_message_type type,
                const char *data, size_t len)
{
    struct fake_result result;
    fake_message(instance, client, type, data, len, &result);
    settle(client, &result);
    bool stays = result.verdict != SL_CLOSE;
    fake_result_release(&result);
    return stays;
}

static bool say_text(struct fake_instance *instance, struct sl_client *client, const char *text)
{
    return say(instance, client, SL_TEXT, text, strlen(text));
}

static const char *const texts[] = {
    "hello",
    "{\"type\":\"chat\",\"text\":\"hello\"}",
    "{}",
    "[1,2,3]",
    "{\"subscribe\":\"news\"}",
    "\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f",
    "a b c d e f g",
    "-1",
    "null",
    " ",
};
#define TEXT_COUNT (sizeof texts / sizeof *texts)

/* A visit with a bit of everything. */
static void visit(struct fake_instance *instance, const struct subject *subject)
{
    struct sl_client *client = enter(instance, subject);
    if (client == NULL)
        return;
    bool stays = true;
    for (size_t i = 0; stays && i < TEXT_COUNT; i++)
        stays = say_text(instance, client, texts[i]);
    if (stays)
        say(instance, client, SL_BINARY, "\0\xff\x80", 3);
    depart(instance, client);
}

/* -- the checks -- */

static void check_abi(const struct subject *subject)
{
    subject_load(subject);
}

static void check_create(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    for (int round = 0; round < 3; round++) {
        fake_instance_destroy(make(plugin, subject->options));
        if (fake_live_allocations() > 0)
            situation_fail("destroy left %zu allocations of host->allocate behind: release in "
                           "destroy what create has allocated",
                           fake_live_allocations());
    }
}

/* A copy of the options with one of them set. */
static struct yaml_node *with_option(const struct subject *subject, const char *name,
                                     const char *value)
{
    struct yaml_budget budget = {.nodes = YAML_MAX_NODES, .text = YAML_MAX_TEXT};
    struct diagnostics diagnostics;
    struct yaml_node *copy = NULL;
    diagnostics_init(&diagnostics);
    bool good =
        subject->options == NULL || yaml_node_copy(subject->options, 0, &budget, &copy) == OK;
    good = good && yaml_override(&copy, name, value, &diagnostics) == OK;
    diagnostics_deinit(&diagnostics);
    return good ? copy : NULL;
}

static void try_option(struct plugin *plugin, const struct subject *subject, const char *name,
                       const char *value)
{
    struct yaml_node *options = with_option(subject, name, value);
    situation_doing("with the option %s: %s", name, value);
    if (options == NULL)
        return;
    struct fake_instance *instance = fake_instance_create(plugin, options, "/ws");
    if (instance != NULL) {
        visit(instance, subject);
        fake_instance_destroy(instance);
    }
    yaml_node_destroy(options);
}

static void try_bounds(struct plugin *plugin, const struct subject *subject,
                       const struct sl_option *row)
{
    double bounds[] = {row->minimum, row->maximum};
    char value[64];
    for (int i = 0; i < 2 && row->minimum < row->maximum; i++) {
        if (row->type == SL_OPTION_DURATION)
            snprintf(value, sizeof value, "%.0fus", bounds[i] / 1000);
        else if (row->type == SL_OPTION_RATE)
            snprintf(value, sizeof value, "%.0f/s", bounds[i]);
        else
            snprintf(value, sizeof value, "%.17g", bounds[i]);
        try_option(plugin, subject, row->name, value);
    }
}

static void try_values(struct plugin *plugin, const struct subject *subject,
                       const struct sl_option *row)
{
    switch (row->type) {
    case SL_OPTION_BOOL:
        try_option(plugin, subject, row->name, "true");
        try_option(plugin, subject, row->name, "false");
        break;
    case SL_OPTION_CHOICE:
        for (const char *const *choice = row->choices; choice != NULL && *choice != NULL; choice++)
            try_option(plugin, subject, row->name, *choice);
        break;
    case SL_OPTION_STRING:
        try_option(plugin, subject, row->name, "\"\"");
        try_option(plugin, subject, row->name, "x");
        break;
    case SL_OPTION_INTEGER:
    case SL_OPTION_NUMBER:
    case SL_OPTION_DURATION:
    case SL_OPTION_SIZE:
    case SL_OPTION_RATE:
        try_bounds(plugin, subject, row);
        break;
    default:
        break;
    }
}

static void check_options(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    if (plugin->options.count == 0)
        situation_skip("the plugin has no options");
    for (size_t i = 0; i < plugin->options.count; i++)
        try_values(plugin, subject, option_table_row(&plugin->options, i));
}

static void check_empty_message(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = make(plugin, subject->options);
    if (plugin->table.on_message == NULL)
        situation_skip("the plugin has no on_message");
    for (int type = SL_TEXT; type <= SL_BINARY; type++) {
        struct sl_client *client = must_enter(instance, subject);
        situation_doing("an empty %s message", type == SL_TEXT ? "text" : "binary");
        say(instance, client, (enum sl_message_type)type, "", 0);
        depart(instance, client);
    }
    fake_instance_destroy(instance);
}

static void check_messages(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = make(plugin, subject->options);
    size_t large = 256 * 1024;
    char *text = malloc(large);
    if (plugin->table.on_message == NULL || text == NULL)
        situation_skip("the plugin has no on_message");
    memset(text, 'x', large);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        struct sl_client *client = must_enter(instance, subject);
        situation_doing("the message '%s'", texts[i]);
        if (say_text(instance, client, texts[i]))
            say(instance, client, SL_BINARY, "\0\xff\x80", 3);
        depart(instance, client);
    }
    struct sl_client *client = must_enter(instance, subject);
    situation_doing("a message of 256 KiB");
    say(instance, client, SL_TEXT, text, large);
    depart(instance, client);
    fake_instance_destroy(instance);
}

/* What was kept is used when the next thing happens, if not before. */
static void check_borrowed(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = make(plugin, subject->options);
    struct sl_client *client = must_enter(instance, subject);
    bool stays = true;
    for (size_t i = 0; stays && i < TEXT_COUNT; i++)
        stays = say_text(instance, client, texts[i]);
    for (int i = 0; i < 3; i++) {
        visit(instance, subject);
        fake_advance(10 * SECOND);
        fake_run_offloaded();
    }
    depart(instance, client);
    fake_advance(120 * SECOND);
    fake_instance_destroy(instance);
}

static void check_lifecycle(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = make(plugin, subject->options);
    struct sl_client *clients[8];
    struct fake_result result;
    situation_doing("a client that connects, and leaves before it is open");
    struct sl_client *early = fake_client_create(subject->arrival);
    fake_connect(instance, early, &result);
    fake_result_release(&result);
    fake_client_destroy(early);
    situation_doing("eight clients that come and go in another order");
    for (size_t i = 0; i < 8; i++)
        clients[i] = must_enter(instance, subject);
    for (size_t i = 0; i < 8; i++)
        say_text(instance, clients[i], texts[i % TEXT_COUNT]);
    for (size_t i = 0; i < 8; i++)
        depart(instance, clients[i * 3 % 8]);
    situation_doing("an instance that is destroyed while time passes");
    fake_advance(60 * SECOND);
    fake_instance_destroy(instance);
}

/* -- two instances -- */

/* What an instance did with one client, as a text. */
static void transcribe(struct fake_instance *instance, struct sl_client *client, const char *text,
                       char *transcript, size_t size)
{
    struct fake_result result;
    fake_message(instance, client, SL_TEXT, text, strlen(text), &result);
    settle(client, &result);
    size_t used = strlen(transcript);
    snprintf(transcript + used, size - used, "%d %d %.*s\n", result.verdict, result.code,
             (int)(result.len < 200 ? result.len : 200), result.data != NULL ? result.data : "");
    fake_result_release(&result);
    for (struct fake_event *event = fake_events(); event != NULL; event = event->next) {
        bool is_its = event->by == fake_instance_seen(instance) && event->kind != FAKE_LOGGED;
        if (!is_its || event->is_taken)
            continue;
        event->is_taken = true;
        used = strlen(transcript);
        snprintf(transcript + used, size - used, "event %d %s %s\n", (int)event->kind,
                 event->target, event->data);
    }
}

static void play(struct plugin *plugin, const struct subject *subject, bool with_another,
                 char *transcript, size_t size)
{
    fake_rewind();
    fake_forget();
    struct fake_instance *instance = make(plugin, subject->options);
    struct sl_client *client = must_enter(instance, subject);
    struct fake_instance *other = with_another ? make(plugin, subject->options) : NULL;
    struct sl_client *noise = with_another ? enter(other, subject) : NULL;
    for (size_t round = 0; round < 2 * TEXT_COUNT; round++) {
        transcribe(instance, client, texts[round % TEXT_COUNT], transcript, size);
        if (noise != NULL && !say_text(other, noise, texts[(round * 7 + 3) % TEXT_COUNT])) {
            depart(other, noise);
            noise = enter(other, subject);
        }
    }
    depart(instance, client);
    if (noise != NULL)
        depart(other, noise);
    fake_instance_destroy(instance);
    if (other != NULL)
        fake_instance_destroy(other);
}

static void check_two_instances(const struct subject *subject)
{
    static char alone[64 * 1024], beside[64 * 1024];
    struct plugin *plugin = subject_load(subject);
    play(plugin, subject, false, alone, sizeof alone);
    play(plugin, subject, true, beside, sizeof beside);
    if (strcmp(alone, beside) == 0)
        return;
    size_t at = 0;
    while (alone[at] == beside[at])
        at++;
    while (at > 0 && alone[at - 1] != '\n')
        at--;
    situation_fail("an instance behaves differently when the plugin is in a pipeline twice (alone: "
                   "'%.*s', beside another: '%.*s'): keep state in self->state and "
                   "host->client_state, not in globals",
                   (int)strcspn(alone + at, "\n"), alone + at, (int)strcspn(beside + at, "\n"),
                   beside + at);
}

/* -- deferral -- */

/* Calls `end` for each thing that the plugin defers. Returns how many there were. */
static unsigned for_each_deferral(struct fake_instance *instance, const struct subject *subject,
                                  void (*end)(struct fake_instance *, struct sl_client *,
                                              bool is_open))
{
    unsigned count = 0;
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->arrival);
    fake_connect(instance, client, &result);
    fake_result_release(&result);
    if (fake_is_deferred(client)) {
        end(instance, client, false);
        count++;
    } else {
        fake_client_destroy(client);
    }
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        client = enter(instance, subject);
        if (client == NULL)
            return count;
        fake_message(instance, client, SL_TEXT, texts[i], strlen(texts[i]), &result);
        fake_result_release(&result);
        if (fake_is_deferred(client)) {
            end(instance, client, true);
            count++;
        } else {
            depart(instance, client);
        }
    }
    return count;
}

static void leave_while_deferred(struct fake_instance *instance, struct sl_client *client,
                                 bool is_open)
{
    if (is_open)
        depart(instance, client);
    else
        fake_client_destroy(client);
    fake_run_offloaded(); /* What it had begun ends only now. */
    fake_advance(5 * SECOND);
}

static void let_deadline_pass(struct fake_instance *instance, struct sl_client *client,
                              bool is_open)
{
    struct fake_result result;
    fake_advance(3601 * SECOND);
    if (fake_await(client, WAIT, &result))
        fake_result_release(&result);
    leave_while_deferred(instance, client, is_open);
}

static void check_disconnect_while_deferred(const struct subject *subject)
{
    struct fake_instance *instance = make(subject_load(subject), subject->options);
    situation_doing("a client that leaves while its verdict is awaited");
    if (for_each_deferral(instance, subject, leave_while_deferred) == 0)
        situation_skip("nothing was deferred");
    visit(instance, subject);
    fake_instance_destroy(instance);
}

static void check_deadline(const struct subject *subject)
{
    struct fake_instance *instance = make(subject_load(subject), subject->options);
    situation_doing("a deferral that misses its deadline");
    if (for_each_deferral(instance, subject, let_deadline_pass) == 0)
        situation_skip("nothing was deferred");
    visit(instance, subject);
    fake_instance_destroy(instance);
}

/* -- memory -- */

static void check_failing_allocations(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    for (unsigned long nth = 1; nth <= ALLOCATIONS_MAX; nth++) {
        situation_doing("the %lu. allocation through the host fails", nth);
        fake_fail_allocation(nth);
        struct fake_instance *instance = fake_instance_create(plugin, subject->options, "/ws");
        if (instance != NULL) {
            visit(instance, subject);
            visit(instance, subject);
            fake_instance_destroy(instance);
        }
        bool was_reached = fake_allocations() >= nth;
        fake_fail_allocation(0);
        if (fake_live_allocations() > 0)
            situation_fail("after the %lu. allocation had failed, %zu others were never released",
                           nth, fake_live_allocations());
        if (!was_reached && nth == 1)
            situation_skip("the plugin allocates nothing through the host");
        if (!was_reached)
            return;
    }
}

static size_t heap_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void many_visits(struct fake_instance *instance, const struct subject *subject,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        visit(instance, subject);
        fake_run_offloaded();
        fake_forget();
    }
}

struct footprint {
    size_t allocations; /* of host->allocate that are alive */
    size_t heap;        /* bytes */
};

static struct footprint footprint_now(void)
{
    return (struct footprint){fake_live_allocations(), heap_in_use()};
}

static size_t growth(size_t before, size_t after)
{
    return after > before ? after - before : 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What clients leave behind is there after every round. A buffer that a library or a thread of the
 * plugin's happens to hold at the end of one round is not; so the smallest growth of several rounds
 * counts, and the first round without any ends the check. */
static void check_leaks(const struct subject *subject)
{
    const unsigned visits = 200;
    const unsigned rounds = 6;
    struct fake_instance *instance = make(subject_load(subject), subject->options);
    situation_doing("hundreds of clients that come and go");
    many_visits(instance, subject, visits);
    struct footprint left = {SIZE_MAX, SIZE_MAX};
    struct footprint before = footprint_now();
    for (unsigned i = 0; i < rounds && (left.allocations >= visits || left.heap > visits * 16);
         i++) {
        many_visits(instance, subject, visits);
        struct footprint after = footprint_now();
        left.allocations = least(left.allocations, growth(before.allocations, after.allocations));
        left.heap = least(left.heap, growth(before.heap, after.heap));
        before = after;
    }
    if (left.allocations >= visits)
        situation_fail("each client leaves %zu allocations of host->allocate behind: release in "
                       "on_close what belongs to a client",
                       left.allocations / visits);
    if (left.heap > visits * 16)
        situation_fail(
            "each client leaves about %zu bytes behind: release in on_close what belongs "
            "to a client (a table that is bounded grows only at first)",
            left.heap / visits);
    fake_instance_destroy(instance);
    if (fake_live_allocations() > 0)
        situation_fail("destroy left %zu allocations of host->allocate behind",
                       fake_live_allocations());
}

/* -- the rest -- */

static void check_reload(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    if (plugin->table.on_reload == NULL)
        situation_skip("the plugin has no on_reload: it gets a new instance instead");
    struct fake_instance *instance = make(plugin, subject->options);
    struct sl_client *client = must_enter(instance, subject);
    for (int round = 0; round < 3; round++) {
        if (!fake_instance_reload(instance, subject->options))
            situation_fail("on_reload refused the options that the instance was created with: %s",
                           fake_failure());
        say_text(instance, client, texts[round]);
        visit(instance, subject);
        fake_advance(SECOND);
    }
    depart(instance, client);
    fake_instance_destroy(instance);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static size_t random_text(uint32_t *random, char *text, size_t size)
{
    static const char alphabet[] = "{}[]\":,0123456789.-+eE abcxyz\\/\n\ttruefalsenull";
    size_t len = next_random(random) % size;
    if (next_random(random) % 4 == 0) {
        snprintf(text, size, "%s", texts[next_random(random) % TEXT_COUNT]);
        return strlen(text);
    }
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[next_random(random) % (sizeof alphabet - 1)];
    return len;
}

static void random_step(struct fake_instance *instance, const struct subject *subject,
                        struct sl_client **client, uint32_t *random)
{
    char text[400];
    if (*client == NULL) {
        *client = enter(instance, subject);
        return;
    }
    uint32_t choice = next_random(random) % 16;
    if (choice < 12) {
        enum sl_message_type type = choice == 0 ? SL_BINARY : SL_TEXT;
        if (say(instance, *client, type, text, random_text(random, text, sizeof text)))
            return;
    } else if (choice < 14) {
        fake_advance((int64_t)(next_random(random) % 3000) * 1000000);
        return;
    }
    depart(instance, *client);
    *client = NULL;
}

static void check_random_messages(const struct subject *subject)
{
    struct fake_instance *instance = make(subject_load(subject), subject->options);
    struct sl_client *clients[RANDOM_CLIENTS] = {NULL};
    uint32_t random = subject->seed * 2654435761u + 1;
    for (unsigned step = 0; step < RANDOM_STEPS; step++) {
        situation_doing("step %u of random messages (--seed %u)", step, subject->seed);
        random_step(instance, subject, &clients[next_random(&random) % RANDOM_CLIENTS], &random);
        fake_forget();
    }
    for (unsigned i = 0; i < RANDOM_CLIENTS; i++)
        if (clients[i] != NULL)
            depart(instance, clients[i]);
    fake_instance_destroy(instance);
}

const struct check checks[] = {
    {"contract/abi", "the file loads and its table is sound", check_abi},
    {"contract/create", "instances are created and destroyed without a trace", check_create},
    {"contract/options", "every option works at its bounds and with each choice", check_options},
    {"contract/empty-message", "an empty message does no harm", check_empty_message},
    {"contract/messages", "text, JSON, binary, large messages get a verdict", check_messages},
    {"contract/borrowed", "nothing borrowed is kept or freed", check_borrowed},
    {"contract/lifecycle", "clients come and go in any order", check_lifecycle},
    {"contract/two-instances", "two instances do not share state", check_two_instances},
    {"contract/disconnect-while-deferred", "a client may leave while its verdict is awaited",
     check_disconnect_while_deferred},
    {"contract/deadline", "a deferral may miss its deadline", check_deadline},
    {"contract/failing-allocations", "each allocation may fail", check_failing_allocations},
    {"contract/leaks", "clients leave nothing behind", check_leaks},
    {"contract/reload", "options may be read anew while clients are there", check_reload},
    {"contract/random-messages", "random messages, departures and pauses do no harm",
     check_random_messages},
};
const size_t check_count = sizeof checks / sizeof *checks;
