/*
 * The check that two instances share no state.
 */
#include "workbench/checks_internal.h"

#include <stdio.h>
#include <string.h>

/* What an instance did with one client, as a text. */
static void transcribe(struct fake_instance *instance, struct sl_client *client, const char *text,
                       char *transcript, size_t size)
{
    struct fake_result result;
    fake_message(instance, client, SL_TEXT, text, strlen(text), &result);
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

static void play(struct plugin *plugin, const struct subject *subject, bool with_another,
                 char *transcript, size_t size)
{
    fake_rewind();
    fake_forget();
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    struct fake_instance *other = with_another ? subject_create(plugin, subject, "/beside") : NULL;
    struct sl_client *noise = with_another ? check_client_open(other, subject) : NULL;
    for (size_t round = 0; round < 2 * CHECK_TEXT_COUNT; round++) {
        transcribe(instance, client, check_texts[round % CHECK_TEXT_COUNT], transcript, size);
        if (noise != NULL && !check_client_send_text(
                                 other, noise, check_texts[(round * 7 + 3) % CHECK_TEXT_COUNT])) {
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
