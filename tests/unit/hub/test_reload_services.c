/* Services over reloads: tests/unit/plugins/lender.c looks whether it is called when it is gone. */
#include "hub/reload.h"
#include "hub/serving.h"

#include "config/config_parse.h"

#define CLIENTS 3
#define REBUILDS 6

static char folder[PATH_MAX], rebuilt[PATH_MAX + 32];

/* Builds lender anew, as the server sees it: its file is another one. */
static void rebuild_lender(void)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 64], in_place[PATH_MAX + 64], buffer[65536];
    size_t len;
    snprintf(from, sizeof from, "%s/lender.so", folder);
    snprintf(to, sizeof to, "%s/new", rebuilt);
    snprintf(in_place, sizeof in_place, "%s/lender.so", rebuilt);
    FILE *source = fopen(from, "rbe"), *copy = fopen(to, "wbe");
    assert_non_null(source);
    assert_non_null(copy);
    while ((len = fread(buffer, 1, sizeof buffer, source)) > 0)
        assert_int_equal(fwrite(buffer, 1, len, copy), len);
    fclose(source);
    assert_int_equal(fclose(copy), 0);
    assert_int_equal(rename(to, in_place), 0);
}

static int make_folder(void **state)
{
    (void)state;
    test_plugins_folder(folder);
    snprintf(rebuilt, sizeof rebuilt, "%s/rebuilt-XXXXXX", folder);
    if (mkdtemp(rebuilt) == NULL)
        return -1;
    rebuild_lender();
    return 0;
}

static int remove_folder(void **state)
{
    char file[PATH_MAX + 64];
    (void)state;
    snprintf(file, sizeof file, "%s/lender.so", rebuilt);
    unlink(file);
    return rmdir(rebuilt);
}

static struct config *config_with(unsigned loops, const char *pipeline)
{
    char text[2 * PATH_MAX + 512];
    struct config *config;
    struct diagnostics diagnostics;
    int len = snprintf(text, sizeof text,
                       "listen: [{address: '127.0.0.1:0'}]\nplugins: {path: ['%s', '%s']}\n"
                       "io: epoll\nloops: %u\nendpoints: [{path: /ws, pipeline: %s}]\n",
                       rebuilt, folder, loops, pipeline);
    diagnostics_init(&diagnostics);
    int error = config_parse("test.yaml", text, (size_t)len, NULL, 0, &diagnostics, &config);
    diagnostics_print(&diagnostics);
    assert_int_equal(error, OK);
    diagnostics_deinit(&diagnostics);
    return config;
}

static struct serving serve_pipeline(unsigned loops, const char *pipeline)
{
    return serve_config(config_with(loops, pipeline));
}

/* Reloads, and waits until all loops have changed over. Returns how many errors there were. */
static size_t reload(struct serving *serving, const char *pipeline)
{
    struct diagnostics diagnostics;
    struct hub_reload *prepared = NULL;
    struct config *config = config_with(serving->hub->set.count, pipeline);
    diagnostics_init(&diagnostics);
    if (hub_reload_prepare(serving->hub, config, &diagnostics, &prepared) == OK)
        assert_int_equal(hub_reload_commit(serving->hub, prepared, &diagnostics), OK);
    else
        hub_reload_abort(prepared);
    size_t errors = diagnostics.count;
    assert_true(hub_reload_await(serving->hub, PATIENCE_SECONDS * NS_PER_S));
    hub_run_control(serving->hub);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    return errors;
}

static void expect_served(int client)
{
    send_text(client, "please");
    expect_text(client, "lent");
}

#define LENT "[{plugin: lender}, {plugin: borrower}]"

static void rebuild_while_consumers_call(unsigned loops)
{
    int clients[CLIENTS];
    struct serving serving = serve_pipeline(loops, LENT);
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = join(serving.hub, "/ws");
    for (unsigned round = 0; round < REBUILDS; round++) {
        for (size_t i = 0; i < CLIENTS; i++)
            send_text(clients[i], "please"); /* Its hook may run before, during or after. */
        rebuild_lender();
        assert_int_equal(reload(&serving, LENT), 0);
        for (size_t i = 0; i < CLIENTS; i++) {
            expect_text(clients[i], "lent");
            expect_served(clients[i]);
        }
    }
    for (size_t i = 0; i + 1 < CLIENTS; i++)
        leave(clients[i]);
    end_serving(&serving); /* With a client, and the consumer's thread. */
    close(clients[CLIENTS - 1]);
}

static void a_rebuilt_provider_is_called_by_new_consumers_on_1_loop(void **state)
{
    (void)state;
    rebuild_while_consumers_call(1);
}

static void a_rebuilt_provider_is_called_by_new_consumers_on_2_loops(void **state)
{
    (void)state;
    rebuild_while_consumers_call(2);
}

static void a_rebuilt_provider_is_called_by_new_consumers_on_8_loops(void **state)
{
    (void)state;
    rebuild_while_consumers_call(8);
}

static void a_provider_that_goes_goes_after_its_consumers(void **state)
{
    (void)state;
    struct serving serving = serve_pipeline(2, LENT);
    int client = join(serving.hub, "/ws");
    assert_int_equal(reload(&serving, "[{plugin: borrower}]"), 1); /* It is needed. */
    assert_int_equal(reload(&serving, "[{plugin: borrower}, {plugin: lender}]"), 2);
    expect_served(client);
    assert_int_equal(reload(&serving, "[]"), 0);
    assert_int_equal(reload(&serving, LENT), 0);
    expect_served(client);
    assert_int_equal(reload(&serving, "[{plugin: lender, options: {tag: x}}, {plugin: borrower}]"),
                     0);
    expect_served(client);
    leave(client);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rebuilt_provider_is_called_by_new_consumers_on_1_loop),
        cmocka_unit_test(a_rebuilt_provider_is_called_by_new_consumers_on_2_loops),
        cmocka_unit_test(a_rebuilt_provider_is_called_by_new_consumers_on_8_loops),
        cmocka_unit_test(a_provider_that_goes_goes_after_its_consumers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
