/*
 * failing_malloc: preloaded into the server, it lets allocations on the event loops fail.
 *
 * SIGUSR2 switches it on and off; each switch is told on standard error, when it has happened.
 * While it is on, one allocation in FAILING_MALLOC_ONE_IN (from the environment), chosen as if by
 * chance but the same on every run, returns NULL in threads whose name begins with "loop-". What
 * other libraries allocate on those threads is not spared.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* A thread's own state must not need memory to come into being. */
#define THREAD_STATE static _Thread_local __attribute__((tls_model("initial-exec")))

/* What the C library calls its own allocator. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum thread_kind { THREAD_UNKNOWN, THREAD_LOOP, THREAD_OTHER };

static atomic_bool is_on;
static atomic_uint failures;
static uint64_t one_in;

THREAD_STATE enum thread_kind kind;
THREAD_STATE uint64_t chance;

/* Asked only while it is on: by then every thread has its name. */
static bool is_loop(void)
{
    char name[16] = "";
    if (kind == THREAD_UNKNOWN) {
        prctl(PR_GET_NAME, name);
        kind = strncmp(name, "loop-", 5) == 0 ? THREAD_LOOP : THREAD_OTHER;
        chance = UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)name[5];
    }
    return kind == THREAD_LOOP;
}

/* Marsaglia's xorshift generator. */
static uint64_t next_chance(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance;
}

static bool must_fail(void)
{
    if (!atomic_load_explicit(&is_on, memory_order_relaxed) || !is_loop() ||
        next_chance() % one_in != 0)
        return false;
    atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t size)
{
    return must_fail() ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __libc_calloc(count, size);
}

EXPORT void *realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __libc_realloc(memory, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __libc_memalign(alignment, size);
}

/* Writes "failing_malloc: on" or "failing_malloc: off, 12 failed"; by hand, because printf is not
 * for signal handlers. */
static void tell(bool on, unsigned count)
{
    char text[64] = "failing_malloc: on\n";
    if (!on) {
        char digits[16];
        size_t at = sizeof digits - 1;
        digits[at] = '\0';
        do {
            digits[--at] = (char)('0' + count % 10);
            count /= 10;
        } while (count > 0);
        strcpy(text, "failing_malloc: off, ");
        strcat(text, digits + at);
        strcat(text, " failed\n");
    }
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written; /* The test then waits in vain, and says for what. */
}

static void on_signal(int number)
{
    int saved = errno;
    bool on = !atomic_load(&is_on);
    (void)number;
    atomic_store(&is_on, on);
    tell(on, atomic_load(&failures));
    errno = saved;
}

__attribute__((constructor)) static void set_up(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    const char *text = getenv("FAILING_MALLOC_ONE_IN");
    one_in = text != NULL ? strtoull(text, NULL, 10) : 0;
    if (one_in > 0)
        sigaction(SIGUSR2, &action, NULL);
}
