/*
 * The check of on_event: payloads of every kind, about clients in every state and about none.
 */
#include "workbench/checks_internal.h"

/* As long as a plugin's name may be (127 bytes), and the largest number. */
#define BYTES_63 "a-plugin-whose-name-is-so-long-that-no-small-buffer-has-room-xy"
#define LONG_EMITTER BYTES_63 "-" BYTES_63 "#4294967295"

static void hear_all(struct fake_instance *instance, const char *emitter, struct sl_client *client,
                     const struct subject *subject)
{
    for (size_t i = 0; i < check_payload_count(subject); i++) {
        situation_doing("another plugin emits an event about %s; its payload is %s",
                        client != NULL ? "a client" : "none", check_payload_kind(subject, i));
        check_client_hear(instance, emitter, client, subject, i);
        fake_run_offloaded();
    }
}

/* As another plugin's on_open does, which stands before this one's. */
static void hear_before_open(struct fake_instance *instance, const struct subject *subject)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    if (result.verdict == SL_CONTINUE) {
        fake_open_for_others(instance, client);
        hear_all(instance, CHECK_EMITTER, client, subject);
        fake_open(instance, client);
        check_client_leave(instance, client);
    } else {
        fake_client_destroy(client);
    }
    fake_result_release(&result);
}

void check_events(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    if (plugin->table.on_event == NULL)
        situation_skip("the plugin has no on_event");
    if (fake_event_name(instance, 0) == NULL)
        situation_skip("with these options it listens to no event");
    hear_all(instance, CHECK_EMITTER, NULL, subject);
    hear_all(instance, LONG_EMITTER, NULL, subject);
    struct sl_client *client = check_client_open(instance, subject);
    if (client != NULL) {
        hear_all(instance, CHECK_EMITTER, client, subject);
        check_client_leave(instance, client);
        hear_before_open(instance, subject);
    }
    fake_advance(60 * SECOND);
    fake_instance_destroy(instance);
}
