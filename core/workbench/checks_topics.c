/*
 * Checks of on_subscribe and on_publish: topics of every kind, clients that are not open yet, and
 * messages that nobody's client has sent.
 */
#include "workbench/checks_internal.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST ((size_t)1024 * 1024) /* that a message of the fake host may be */

/* A topic as it can be printed. */
static void doing_with_topic(const char *what, const char *topic)
{
    char shown[64];
    size_t len = 0;
    for (; topic[len] != '\0' && len < sizeof shown - 1; len++)
        shown[len] = topic[len] >= ' ' && topic[len] < 0x7f ? topic[len] : '?';
    shown[len] = '\0';
    situation_doing("%s '%s'%s", what, shown, topic[len] != '\0' ? " (255 bytes)" : "");
}

/* As another plugin's on_open does, which stands before this one's. */
static void subscribe_before_open(struct fake_instance *instance, const struct subject *subject)
{
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    check_client_leave(instance, client);
    struct fake_result result;
    client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    if (result.verdict == SL_CONTINUE) {
        situation_doing("another plugin's on_open subscribes, and publishes, before this one's");
        fake_open_for_others(instance, client);
        check_client_use_topic(instance, client, subject, 0);
        fake_open(instance, client);
        check_client_opens(client);
        check_client_leave(instance, client);
    } else {
        fake_client_destroy(client);
    }
    fake_result_release(&result);
}

void check_subscriptions(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    if (plugin->table.on_subscribe == NULL)
        situation_skip("the plugin has no on_subscribe");
    struct sl_client *all = check_client_open_or_skip(instance, subject);
    for (size_t i = 0; i < check_topic_count(subject); i++) {
        struct sl_client *client = check_client_open_or_skip(instance, subject);
        doing_with_topic("another plugin subscribes a client to", check_topic(subject, i));
        fake_subscribe(client, check_topic(subject, i));
        fake_subscribe(client, check_topic(subject, i));
        fake_subscribe(all, check_topic(subject, i));
        check_client_leave(instance, client);
    }
    check_client_leave(instance, all);
    subscribe_before_open(instance, subject);
    fake_instance_destroy(instance);
}

/* Whether a client has sent it or not. */
static void publish(struct fake_instance *instance, struct sl_client *client, const char *topic,
                    const struct scenario_message *message)
{
    fake_publish(instance, client, topic, message->type, message->data, message->len, NULL);
    fake_publish(instance, NULL, topic, message->type, message->data, message->len, NULL);
    fake_run_offloaded();
}

static void publish_others(struct fake_instance *instance, struct sl_client *client,
                           const char *topic)
{
    char *text = malloc(LARGEST);
    if (text == NULL)
        abort();
    memset(text, 'x', LARGEST);
    situation_doing("an empty message is published");
    publish(instance, client, topic, &(struct scenario_message){SL_TEXT, text, 0});
    publish(instance, client, topic, &(struct scenario_message){SL_BINARY, text, 0});
    situation_doing("bytes that are no UTF-8 are published");
    publish(instance, client, topic, &(struct scenario_message){SL_BINARY, (char[]){"\0\xff"}, 2});
    situation_doing("the largest message that there may be (1 MiB) is published");
    publish(instance, client, topic, &(struct scenario_message){SL_TEXT, text, LARGEST});
    free(text);
}

void check_publications(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    if (plugin->table.on_publish == NULL)
        situation_skip("the plugin has no on_publish");
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    for (size_t i = 0; i < check_topic_count(subject); i++) {
        doing_with_topic("another plugin publishes to", check_topic(subject, i));
        for (size_t n = 0; n < check_message_count(subject); n++)
            publish(instance, client, check_topic(subject, i), check_message(subject, n));
    }
    for (size_t i = 0; i < check_topic_count(subject); i++)
        publish_others(instance, client, check_topic(subject, i));
    check_client_leave(instance, client);
    subscribe_before_open(instance, subject);
    fake_advance(60 * SECOND);
    fake_instance_destroy(instance);
}
