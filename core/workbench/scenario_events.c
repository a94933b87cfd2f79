/*
 * The steps that look at what the plugin did.
 */
#include "workbench/scenario_expect.h"

#include <string.h>

/* The first event of that kind that no step has asked for yet. */
static struct fake_event *find_event(enum fake_event_kind kind, uint64_t client_id,
                                     const char *target, const char *contains)
{
    for (struct fake_event *event = fake_events(); event != NULL; event = event->next) {
        bool fits = event->kind == kind && !event->is_taken &&
                    (client_id == 0 || event->client_id == client_id) &&
                    (target == NULL || strcmp(event->target, target) == 0) &&
                    (contains == NULL || strstr(event->data, contains) != NULL);
        if (fits)
            return event;
    }
    return NULL;
}

static void expect_event(const struct yaml_node *arguments, enum fake_event_kind kind,
                         uint64_t client_id, const char *target, const char *what)
{
    const char *contains = kind == FAKE_LOGGED ? scenario_text(arguments, "contains") : NULL;
    struct fake_event *event = find_event(kind, client_id, target, contains);
    if (event == NULL)
        scenario_fail(arguments, "nothing %s%s%s", what, contains != NULL ? " with " : "",
                      contains != NULL ? contains : "");
    event->is_taken = true;
    expect_text(arguments, "text", event->data);
    expect_json(arguments, event->data);
    expect_contains(arguments, "contains", event->data);
    expect_number(arguments, "code", event->code);
}

void step_expect_sent(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text", "json", "contains", NULL};
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_SENT,
                 fake_client_number(scenario_need_client(scenario, arguments)), NULL,
                 "was sent to the client");
}

void step_expect_closed(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text", "code", NULL};
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_CLOSED,
                 fake_client_number(scenario_need_client(scenario, arguments)), NULL,
                 "has closed the client (host->close)");
}

void step_expect_nothing_sent(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", NULL};
    scenario_check_keys(arguments, keys);
    struct fake_event *event = find_event(
        FAKE_SENT, fake_client_number(scenario_need_client(scenario, arguments)), NULL, NULL);
    if (event != NULL)
        scenario_fail(arguments, "'%s' was sent to the client", event->data);
}

void step_expect_broadcast(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"endpoint", "text", "json", "contains", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_BROADCAST, 0, scenario_text(arguments, "endpoint"),
                 "was broadcast");
}

void step_expect_publish(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"topic", "text", "json", "contains", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_PUBLISHED, 0, scenario_text(arguments, "topic"),
                 "was published to the topic");
}

void step_expect_emit(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"name", "text", "json", "contains", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_EMITTED, 0, scenario_text(arguments, "name"),
                 "was emitted as that event");
}

static void expect_subscription(struct scenario *scenario, const struct yaml_node *arguments,
                                bool is_expected)
{
    static const char *const keys[] = {"client", "topic", NULL};
    scenario_check_keys(arguments, keys);
    const char *topic = scenario_text(arguments, "topic");
    if (topic == NULL)
        scenario_fail(arguments, "which topic? give its name");
    if (fake_is_subscribed(scenario_need_client(scenario, arguments), topic) != is_expected)
        scenario_fail(arguments, "the client is %ssubscribed to '%s'", is_expected ? "not " : "",
                      topic);
}

void step_expect_subscribed(struct scenario *scenario, const struct yaml_node *arguments)
{
    expect_subscription(scenario, arguments, true);
}

void step_expect_not_subscribed(struct scenario *scenario, const struct yaml_node *arguments)
{
    expect_subscription(scenario, arguments, false);
}

void step_expect_log(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"level", "contains", "text", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_LOGGED, 0, scenario_text(arguments, "level"), "was logged");
}

void step_expect_metric(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"name", "value", NULL};
    double value = 0;
    scenario_check_keys(arguments, keys);
    const char *name = scenario_text(arguments, "name");
    if (name == NULL || !fake_metric(scenario->instance, name, &value))
        scenario_fail(arguments, "the plugin has no metric '%s'", name != NULL ? name : "");
    expect_number(arguments, "value", value);
}
