#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct plugin *plugin;

static char token_path[] = "/tmp/sluice-auth-test-XXXXXX";

int set_up(void **state)
{
    (void)state;
    fake_forget();
    fake_fail_allocation(0);
    return setenv(TOKENS_VARIABLE, "alice " ALICE ", bob sha256:" BOB_SHA256, 1);
}

const char *write_tokens(const char *text, size_t len, unsigned mode)
{
    FILE *file = fopen(token_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(token_path, mode), 0);
    return token_path;
}

__attribute__((format(printf, 3, 0))) static void put_path(char *out, size_t size,
                                                           const char *options, ...)
{
    va_list arguments;
    va_start(arguments, options);
    vsnprintf(out, size, options, arguments);
    va_end(arguments);
}

struct fake_instance *instance_with(const char *options, const char *path)
{
    char text[512];
    put_path(text, sizeof text, options, path);
    struct fake_instance *instance = fake_instance_parse(plugin, text);
    if (instance == NULL)
        fail_msg("%s: %s", text, fake_failure());
    return instance;
}

void assert_refused(const char *options, const char *path, const char *expected)
{
    char text[512];
    put_path(text, sizeof text, options, path);
    struct fake_instance *instance = fake_instance_parse(plugin, text);
    if (instance != NULL)
        fail_msg("%s was accepted", text);
    if (strstr(fake_failure(), expected) == NULL)
        fail_msg("%s: expected \"%s\" in: %s", text, expected, fake_failure());
    assert_int_equal(fake_live_allocations(), 0);
}

enum sl_verdict connect_with(struct fake_instance *instance, const struct fake_upgrade *upgrade,
                             struct fake_result *result, const char **identity)
{
    static char name[256];
    struct sl_client *client = fake_client_create(upgrade);
    enum sl_verdict verdict = fake_connect(instance, client, result);
    snprintf(name, sizeof name, "%s", fake_client_name(client));
    *identity = name;
    fake_client_destroy(client);
    return verdict;
}

int main(void)
{
    int descriptor = mkstemp(token_path);
    if (descriptor < 0)
        return 1;
    close(descriptor);
    fake_begin(NULL, false);
    plugin = fake_plugin_load(PLUGIN_FILE);
    int failed = run_auth_tests() + run_token_list_tests();
    fake_plugin_unload();
    unlink(token_path);
    return failed;
}
