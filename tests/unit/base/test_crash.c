#include "base/crash.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct crash_subject subject = {.plugin = "foo",
                                             .version = "1.2.0",
                                             .file = "/plugins/foo.so",
                                             .instance = "foo#2",
                                             .endpoint = "/ws"};

/* What the thread has noted before it dies. */
struct noted {
    const struct crash_subject *subject;
    const char *hook;
    uint64_t client_id;
};

/* The compiler must not know either: it would warn, or leave the fault out. */
static int *volatile nowhere = (int *)16;
static int (*volatile again)(int level);

static void write_nowhere(void)
{
    *nowhere = 1;
}

/* The fault is to be in the function itself, not in what a sanitizer has it call. */
#if defined(__clang__) && __has_attribute(disable_sanitizer_instrumentation)
#define AS_WRITTEN __attribute__((disable_sanitizer_instrumentation))
#else
#define AS_WRITTEN
#endif

AS_WRITTEN static int recurse(int level)
{
    volatile char frame[1024];
    frame[0] = (char)level;
    return again(level + 1) + frame[0]; /* Not a tail call. */
}

static void overflow(void)
{
    again = recurse;
    again(0);
}

static void *overflow_of_thread(void *argument)
{
    crash_prepare_thread();
    overflow();
    return argument;
}

static void overflow_in_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, overflow_of_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

static void raise_segv(void)
{
    raise(SIGSEGV);
}

/* Dies in a child of `fault`, and returns its wait status and what it wrote to standard error. */
static int die(void (*fault)(void), const struct noted *running, char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        for (int number = 1; number < 32; number++)
            signal(number, SIG_DFL); /* cmocka's, which would go on with the tests here */
        crash_install();
        crash_about(running->client_id);
        crash_enter(running->subject, running->hook);
        fault();
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    ssize_t got;
    while (len < size - 1 && (got = read(ends[0], text + len, size - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, text);
}

static void assert_died(int status, int number)
{
    /* A sanitizer ends the process in its own way after the report. */
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == number : WEXITSTATUS(status) != 0);
}

static void names_the_plugin(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {&subject, "on_message", 42};
    assert_died(die(write_nowhere, &running, text, sizeof text), SIGSEGV);
    assert_contains(text, "sluice: crashed (SIGSEGV at address 0x10) inside plugin 'foo' 1.2.0, "
                          "hook on_message, instance foo#2 of endpoint /ws, client 42\n");
    assert_contains(text, "plugin file: /plugins/foo.so\n");
    assert_contains(text, "sluice test-plugin /plugins/foo.so");
    assert_contains(text, "+0x");
}

static void leaves_out_a_client_that_is_none(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {&subject, "create", 0};
    assert_died(die(write_nowhere, &running, text, sizeof text), SIGSEGV);
    assert_contains(text, "hook create, instance foo#2 of endpoint /ws\n");
}

static void aborts_outside_any_plugin(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {.subject = NULL};
    assert_died(die(abort, &running, text, sizeof text), SIGABRT);
    assert_contains(text, "sluice: crashed (SIGABRT) outside any plugin\n");
    assert_null(strstr(text, "test-plugin"));
}

static void write_nowhere_while_loading(void)
{
    crash_load("/plugins/half.so");
    write_nowhere();
}

static void names_the_file_that_is_loaded(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {.subject = NULL};
    assert_died(die(write_nowhere_while_loading, &running, text, sizeof text), SIGSEGV);
    assert_contains(text, "sluice: crashed (SIGSEGV at address 0x10) while loading a plugin\n"
                          "sluice: plugin file: /plugins/half.so\n");
}

static void a_sent_signal_ends_the_process_too(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {.subject = NULL};
    assert_died(die(raise_segv, &running, text, sizeof text), SIGSEGV);
    assert_contains(text, "sluice: crashed (SIGSEGV");
}

static void survives_a_used_up_stack(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {&subject, "on_message", 42};
    assert_died(die(overflow, &running, text, sizeof text), SIGSEGV);
    assert_contains(text, "inside plugin 'foo' 1.2.0, hook on_message");
    assert_contains(text, "plugin file: /plugins/foo.so\n");
}

static void survives_a_used_up_stack_of_a_thread(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {.subject = NULL};
    assert_died(die(overflow_in_thread, &running, text, sizeof text), SIGSEGV);
    assert_contains(text, "outside any plugin\n"); /* What runs is noted for each thread. */
}

static void call_exit(void)
{
    crash_watch_exit();
    exit(0);
}

static void call_exit_as_expected(void)
{
    crash_watch_exit();
    crash_expect_exit();
    exit(0);
}

static void exit_is_named_like_a_crash(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {&subject, "on_message", 42};
    int status = die(call_exit, &running, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_contains(text, "sluice: exit() was called inside plugin 'foo' 1.2.0, hook on_message, "
                          "instance foo#2 of endpoint /ws, client 42\n");
    assert_contains(text, "+0x");
}

static void exit_that_is_expected_is_silent(void **state)
{
    (void)state;
    char text[16384];
    const struct noted running = {.subject = NULL};
    int status = die(call_exit_as_expected, &running, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_null(strstr(text, "exit()"));
}

static void *prepare_and_release(void *argument)
{
    crash_prepare_thread();
    crash_prepare_thread();
    crash_release_thread();
    crash_release_thread();
    return argument;
}

static void stacks_are_given_back(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, prepare_and_release, NULL), 0);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_plugin),
        cmocka_unit_test(leaves_out_a_client_that_is_none),
        cmocka_unit_test(aborts_outside_any_plugin),
        cmocka_unit_test(names_the_file_that_is_loaded),
        cmocka_unit_test(a_sent_signal_ends_the_process_too),
        cmocka_unit_test(survives_a_used_up_stack),
        cmocka_unit_test(survives_a_used_up_stack_of_a_thread),
        cmocka_unit_test(stacks_are_given_back),
        cmocka_unit_test(exit_is_named_like_a_crash),
        cmocka_unit_test(exit_that_is_expected_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
