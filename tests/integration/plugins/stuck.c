/*
 * stuck: does not return from where it is told to: from the hook that a message names, or from
 * create, on_reload or destroy.
 */
#include <sluice/plugin.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct sl_option options[] = {
    {.name = "where",
     .type = SL_OPTION_STRING,
     .default_value = "nowhere",
     .summary = "create, on_reload or destroy: the hook that never returns"},
};

/* Not static and not inlined: its name is looked for in backtraces. */
__attribute__((visibility("default"), noinline)) void stuck_for_ever(void);
void stuck_for_ever(void)
{
    for (;;)
        pause();
}

/* However often it is interrupted. */
static void stay(double seconds)
{
    struct timespec now, end, step = {.tv_nsec = 5000000};
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += (long)((seconds - (double)(long)seconds) * 1e9);
    end.tv_sec += (long)seconds + end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    do {
        nanosleep(&step, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

static void get_stuck_if(const struct sl_instance *self, const char *where)
{
    struct sl_string chosen = sl_option_string(self, "where");
    if (chosen.len == strlen(where) && memcmp(chosen.data, where, chosen.len) == 0)
        stuck_for_ever();
}

static int create(struct sl_instance *self)
{
    get_stuck_if(self, "create");
    return 0;
}

static int on_reload(struct sl_instance *self)
{
    get_stuck_if(self, "on_reload");
    return 0;
}

static void destroy(struct sl_instance *self)
{
    get_stuck_if(self, "destroy");
}

static void work(struct sl_instance *self, void *context)
{
    (void)self;
    (void)context;
    stuck_for_ever();
}

static bool says(const struct sl_message *message, const char *text)
{
    return message->len == strlen(text) && memcmp(message->data, text, message->len) == 0;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    if (says(message, "hang"))
        stuck_for_ever();
    else if (says(message, "stay"))
        stay(0.6);
    else if (says(message, "exit"))
        exit(0);
    else if (says(message, "offload"))
        self->host->offload(self, self->host->client_id(client), work, NULL, NULL);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "stuck",          .version = "1.0.0", .summary = "Never returns",
    .license = "MIT",   SL_OPTIONS(options),      .create = create,   .on_reload = on_reload,
    .destroy = destroy, .on_message = on_message,
};
