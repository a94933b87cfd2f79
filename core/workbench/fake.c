/*
 * The fake host itself: who watches over it, its lock, its clock's beginning, its table.
 */
#include "workbench/fake_internal.h"

#include "pipeline/pipeline.h"

#include <stdarg.h>
#include <stdio.h>

#define START INT64_C(1000000000000)            /* where the monotonic clock begins */
#define WALL_AHEAD INT64_C(1767225600000000000) /* of the monotonic clock: 2026-01-01 */

struct fake fake;
_Thread_local struct fake_running fake_running;
unsigned fake_hook_limit = 1000;

static const struct fake_observer *observer;
static struct sl_host table;

/* -- the observer -- */

void fake_fail(const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (observer != NULL)
        observer->fail(sentence);
    fprintf(stderr, "fake host: %s\n", sentence);
    abort();
}

static _Thread_local unsigned running_hooks;
static _Thread_local bool is_driver; /* it has begun the fake host */

void fake_enter(const char *hook, unsigned milliseconds)
{
    running_hooks++;
    if (observer != NULL && observer->enter != NULL)
        observer->enter(hook, milliseconds);
}

void fake_leave(void)
{
    running_hooks--;
    if (observer != NULL && observer->leave != NULL)
        observer->leave();
}

bool fake_is_strict(void)
{
    return observer != NULL && !fake_allows_any_verdict();
}

/* The test's own threads may call what they like. */
void fake_require_hook(const char *function)
{
    if (running_hooks == 0 && !is_driver && !fake_has_loop())
        fake_fail("host->%s was called on a thread of the plugin's own or in offloaded work, where "
                  "its client may be gone: only hooks may call what sluice/plugin.h does not mark "
                  "[any thread]; keep the client's id and use host->send, host->close or "
                  "host->complete there",
                  function);
}

/* -- what its parts share -- */

void fake_lock(void)
{
    pthread_mutex_lock(&fake.lock);
}

void fake_unlock(void)
{
    pthread_mutex_unlock(&fake.lock);
}

void *fake_zalloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* -- log, time and what else is short -- */

static bool log_enabled_always(enum sl_log_level level)
{
    (void)level;
    return true;
}

static void note_log(const struct sl_instance *self, enum sl_log_level level, const char *text,
                     size_t len)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *name = (unsigned)level < 4 ? names[level] : "debug";
    fake_note(FAKE_LOGGED, self, 0, fake_string(name), SL_TEXT, (struct sl_string){text, len}, 0);
}

static void note_failure(struct sl_instance *self, const char *text, size_t len)
{
    struct instance *instance = (struct instance *)self;
    free(instance->failure);
    instance->failure = strndup(text, len);
    snprintf(fake.failure, sizeof fake.failure, "%.*s", (int)len, text);
}

const char *fake_failure(void)
{
    return fake.failure;
}

static int64_t time_monotonic(void)
{
    return fake.now;
}

static int64_t time_wall(void)
{
    return fake.now + WALL_AHEAD;
}

/* Nobody asks the fake host whether it is ready. */
static void set_unready(struct sl_instance *self, const char *reason_cstr)
{
    (void)self;
    if (reason_cstr != NULL && reason_cstr[0] == '\0')
        fake_fail("host->set_unready needs a sentence, or NULL");
}

static int64_t stage_timeout(const struct sl_instance *self)
{
    return ((const struct instance *)self)->timeout;
}

static enum sl_mode instance_mode_of(const struct sl_instance *self)
{
    return instance_mode((const struct instance *)self);
}

static void fill_table(struct sl_host *host)
{
    *host = (struct sl_host){.struct_size = sizeof *host,
                             .abi_major = SL_ABI_MAJOR,
                             .abi_minor = SL_ABI_MINOR,
                             .log_enabled = log_enabled_always,
                             .log = note_log,
                             .fail = note_failure,
                             .time_monotonic = time_monotonic,
                             .time_wall = time_wall,
                             .set_unready = set_unready,
                             .timeout = stage_timeout,
                             .mode = instance_mode_of};
    fake_memory_provide(host);
    fake_options_provide(host);
    fake_request_provide(host);
    fake_client_provide(host);
    fake_payload_provide(host);
    fake_topics_provide(host);
    fake_deferral_provide(host);
    fake_offload_provide(host);
    fake_http_provide(host);
    fake_timers_provide(host);
    fake_watches_provide(host);
    fake_metrics_provide(host);
    fake_lists_provide(host);
    fake_storage_provide(host);
    fake_services_provide(host);
    fake_await_provide(host);
}

void fake_begin(const struct fake_observer *watching, bool has_guard_pages)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&fake.lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    pthread_cond_init(&fake.changed, NULL);
    observer = watching;
    is_driver = true;
    borrowed_guard(has_guard_pages);
    fill_table(&table);
    fake_pipeline_begin(&table);
    fake_rewind();
}

void fake_set_mode(enum sl_mode mode)
{
    fake.is_shadow = mode == SL_MODE_SHADOW;
    fake_pipeline()->mode = fake.is_shadow ? SL_MODE_SERVE : mode;
}

void fake_rewind(void)
{
    fake_set_now(START);
    fake.next_id = 1;
}
