/*
 * The checks with two instances: they share no state, and one takes over from the other. And what
 * is left when the last one is gone.
 */
#include "workbench/checks_internal.h"

#include <stdio.h>
#include <string.h>

/* What an instance did with one client, as a text. */
static void transcribe(struct fake_instance *instance, struct sl_client *client,
                       const struct scenario_message *message, char *transcript, size_t size)
{
    struct fake_result result;
    fake_message(instance, client, message->type, message->data, message->len, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
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

/* What it says about other plugins' topics. */
static void transcribe_topic(struct fake_instance *instance, struct sl_client *client,
                             const struct subject *subject, size_t index, char *transcript,
                             size_t size)
{
    const struct scenario_message *message = check_message(subject, index);
    const char *topic = check_topic(subject, index);
    struct fake_result result;
    size_t used = strlen(transcript);
    if (!fake_has_topic_hooks(instance))
        return;
    int subscribed = fake_subscribe(client, topic);
    fake_publish(instance, client, topic, message->type, message->data, message->len, &result);
    snprintf(transcript + used, size - used, "%d %d %.*s\n", subscribed, result.verdict,
             (int)(result.len < 200 ? result.len : 200), result.data != NULL ? result.data : "");
    fake_result_release(&result);
}

static void play(struct plugin *plugin, const struct subject *subject, bool with_another,
                 char *transcript, size_t size)
{
    fake_rewind();
    fake_forget();
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    struct fake_instance *other = with_another ? subject_create(plugin, subject, "/beside") : NULL;
    struct sl_client *noise = with_another ? check_client_open(other, subject) : NULL;
    for (size_t round = 0; round < 2 * check_message_count(subject); round++) {
        transcribe_topic(instance, client, subject, round, transcript, size);
        check_client_hear(instance, CHECK_EMITTER, client, subject, round);
        transcribe(instance, client, check_message(subject, round), transcript, size);
        if (noise != NULL) {
            check_client_use_topic(other, noise, subject, round * 5 + 1);
            check_client_hear(other, CHECK_EMITTER, noise, subject, round * 3 + 1);
        }
        if (noise != NULL && !check_client_send_nth(other, noise, subject, round * 7 + 3)) {
            check_client_leave(other, noise);
            noise = check_client_open(other, subject);
        }
    }
    check_client_leave(instance, client);
    if (noise != NULL)
        check_client_leave(other, noise);
    fake_instance_destroy(instance);
    if (other != NULL)
        fake_instance_destroy(other);
}

void check_two_instances(const struct subject *subject)
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

/* -- on_handover -- */

#define FAILURES_MAX 100

/* The nth allocation of on_handover and destroy fails; 0: none does. Returns whether it was asked
 * for. */
static bool hand_over_once(struct plugin *plugin, const struct subject *subject, unsigned long nth)
{
    struct fake_instance *old = subject_create(plugin, subject, "/ws");
    check_client_run(old, subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    check_client_run(instance, subject);
    fake_fail_allocation(nth);
    fake_instance_replace(old, instance);
    bool was_reached = fake_allocations() >= nth;
    fake_fail_allocation(0);
    check_client_run(instance, subject);
    fake_run_offloaded();
    fake_instance_destroy(instance);
    if (fake_live_allocations() > 0)
        situation_fail("after an on_handover, and both destroys, %zu allocations of host->allocate "
                       "were never released: what on_handover takes out of the old state is the "
                       "new instance's",
                       fake_live_allocations());
    return was_reached;
}

void check_taking_over(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    if (plugin->table.on_handover == NULL)
        situation_skip("the plugin has no on_handover");
    situation_doing("an instance takes over from another one");
    hand_over_once(plugin, subject, 0);
    for (unsigned long nth = 1; nth <= FAILURES_MAX; nth++) {
        situation_doing("the %lu. allocation of on_handover fails", nth);
        if (!hand_over_once(plugin, subject, nth))
            return;
    }
}

/* -- the file -- */

void check_unloads(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    check_client_run(instance, subject);
    fake_run_offloaded();
    fake_instance_destroy(instance);
    if (fake_is_left_running()) /* That has been said, and the thread would crash now. */
        situation_skip("a thread of the plugin's is left in the file");
    situation_doing("the file is unloaded");
    enum elf_stay stay = plugin->library.stay;
    const char *reason = plugin_library_close(&plugin->library, plugin->path);
    if (reason == NULL)
        return;
    if (stay == ELF_STAY_FLAG)
        situation_skip("the file stays in memory when a reload replaces it: %s", reason);
    situation_fail("the file stays in memory when a reload replaces it, and so will each that "
                   "follows it: %s",
                   reason);
}
