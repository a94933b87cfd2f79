#include "config/config_text.h"
#include "config/config_texts.h"
#include "config/listen_address.h"

static void checks_names_and_paths(void **state)
{
    (void)state;
    refused_config(
        "listen: [{address: '*:0'}]\n"
        "endpoints:\n"
        "- path: ws\n"
        "- path: /a?b\n"
        "- path: /a%20b\n"
        "- path: '/a b'\n"
        "- path: /a/../b\n"
        "- path: //a\n"
        "- path: ''\n"
        "- path: /...x/.y\n"
        "  subprotocols: [ok, 'a b', '']\n"
        "  pipeline: [{plugin: ../evil}, {plugin: Auth}]\n",
        "3:9 endpoints.0.path: \"ws\" must begin with a slash, such as /ws\n"
        "4:9 endpoints.1.path: \"/a?b\" must be without a query (?) and fragment (#)\n"
        "5:9 endpoints.2.path: \"/a%20b\" must be written decoded, without %\n"
        "6:9 endpoints.3.path: must have no spaces, backslashes and control characters\n"
        "7:9 endpoints.4.path: \"/a/../b\" must have no empty, \".\" or \"..\" parts\n"
        "8:9 endpoints.5.path: \"//a\" must have no empty, \".\" or \"..\" parts\n"
        "9:9 endpoints.6.path: is empty\n"
        "11:22 endpoints.7.subprotocols.1: \"a b\" is not a subprotocol's name; use letters, "
        "digits and !#$%&'*+-.^_`|~\n"
        "11:29 endpoints.7.subprotocols.2: is empty\n"
        "12:23 endpoints.7.pipeline.0.plugin: \"../evil\" is not a plugin's name; use up to 64 "
        "lower case letters, digits and \"-\" (the folders are in plugins.path)\n"
        "12:42 endpoints.7.pipeline.1.plugin: \"Auth\" is not a plugin's name; use up to 64 "
        "lower case letters, digits and \"-\" (the folders are in plugins.path)\n");
}

static void checks_the_texts_of_a_queue(void **state)
{
    (void)state;
    refused_config(
        "listen: [{address: '*:0'}]\n"
        "endpoints:\n"
        "- path: /a\n"
        "  queue: {overflow: conflate, key: symbol}\n"
        "- path: /b\n"
        "  queue: {overflow: conflate, key: /a~2}\n"
        "- path: /c\n"
        "  queue: {overflow: drop-oldest, gap_marker: true, gap_text: "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n",
        "4:36 endpoints.0.queue.key: \"symbol\" is neither topic nor a JSON Pointer, "
        "which begins with a slash, such as /symbol\n"
        "6:36 endpoints.1.queue.key: in a JSON Pointer ~ is written ~0, and / in a name "
        "~1\n"
        "8:62 endpoints.2.queue.gap_text: must have 1 to 128 bytes; this one has 129\n");
}

static void a_token_has_a_name_for_the_log(void **state)
{
    (void)state;
    refused_config(
        "listen: [{address: '*:0'}]\n"
        "endpoints: [{path: /}]\n"
        "admin:\n"
        "  listen: 127.0.0.1:0\n"
        "  tokens:\n"
        "  - {name: Grafana-2.x_y, role: read, file: a}\n"
        "  - {name: token_file, role: read, file: a}\n"
        "  - {name: 'a b', role: read, file: a}\n"
        "  - {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, role: read, "
        "file: a}\n"
        "  - {name: b, role: admin, file: a}\n"
        "  - {name: c, role: read}\n",
        "7:12 admin.tokens.1.name: token_file is the name of the tokens in admin.token_file\n"
        "8:12 admin.tokens.2.name: \"a b\" is not a token's name; use up to 64 letters, digits, "
        "\".\", \"_\" and \"-\"\n"
        "9:12 admin.tokens.3.name: "
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is not a token's "
        "name; use up to 64 letters, digits, \".\", \"_\" and \"-\"\n"
        "10:21 admin.tokens.4.role: \"admin\" is not known; write one of: read, operate, all\n"
        "11:5 admin.tokens.5.file: is missing; it is required\n");
}

static void a_sample_is_one_in_so_many(void **state)
{
    (void)state;
    refused_with("log: {sample: 1%}", "1:15 log.sample: \"1%\" is not one in so many; write 1/100, "
                                      "up to 1/1000000\n");
    refused_with("log: {sample: 1/0}",
                 "1:15 log.sample: \"1/0\" is not one in so many; write 1/100, "
                 "up to 1/1000000\n");
}

static void trusted_proxies_that_are_no_prefixes_are_refused_one_by_one(void **state)
{
    (void)state;
    refused_with(
        "trusted_proxies: [10.1.2.3/8, proxy.example.com, 10.0.0.0/33, '::1/129', '',\n"
        "  '2001:db8::1/32', [a], 127.0.0.1:80]",
        "1:19 trusted_proxies.0: \"10.1.2.3/8\" has bits set behind the prefix; did you "
        "mean 10.0.0.0/8?\n"
        "1:31 trusted_proxies.1: \"proxy.example.com\" is no address: write 192.0.2.0/24, "
        "2001:db8::/32 or a whole address\n"
        "1:50 trusted_proxies.2: \"10.0.0.0/33\" has no length from 0 to 32 behind the "
        "slash\n"
        "1:63 trusted_proxies.3: \"::1/129\" has no length from 0 to 128 behind the slash\n"
        "1:74 trusted_proxies.4: is empty\n"
        "2:3 trusted_proxies.5: \"2001:db8::1/32\" has bits set behind the prefix; did you "
        "mean 2001:db8::/32?\n"
        "2:21 trusted_proxies.6: is a list; a text is expected\n"
        "2:26 trusted_proxies.7: \"127.0.0.1:80\" is no address: write 192.0.2.0/24, "
        "2001:db8::/32 or a whole address\n");
    refused_with("trusted_proxies: 127.0.0.1",
                 "1:18 trusted_proxies: is a single value; a list is expected\n");
}

/* Whether a rule takes a text; what is wrong is put into `why`. */
static bool takes(int (*check)(const struct typed *typed, const char *text), const char *text,
                  char why[256])
{
    struct diagnostics found;
    diagnostics_init(&found);
    const struct typed typed = {.name = "x", .diagnostics = &found};
    int error = check(&typed, text);
    assert_int_equal(error, found.count > 0 ? ERR_CONFIG : OK);
    snprintf(why, 256, "%s", found.count > 0 ? found.items[0].text : "");
    diagnostics_deinit(&found);
    return error == OK;
}

/* A text of `len` bytes that begins as given. */
static const char *padded(const char *start, size_t len)
{
    static char text[512];
    memset(text, 'a', len);
    memcpy(text, start, strlen(start));
    text[len] = '\0';
    return text;
}

static void texts_have_a_greatest_length(void **state)
{
    (void)state;
    char why[256];
    assert_true(takes(config_check_endpoint_path, padded("/", 255), why));
    assert_false(takes(config_check_endpoint_path, padded("/", 256), why));
    assert_string_equal(why, "x: is longer than 255 bytes");
    assert_true(takes(config_check_subprotocol, padded("", 255), why));
    assert_false(takes(config_check_subprotocol, padded("", 256), why));
    assert_true(takes(config_check_plugin_name, padded("", 64), why));
    assert_false(takes(config_check_plugin_name, padded("", 65), why));
}

static void a_path_is_what_a_request_has_once_it_is_decoded(void **state)
{
    (void)state;
    char why[256];
    static const char *const good[] = {"/", "/ws", "/a.b/..c", "/\xc3\xa4", "/a;b=c", "/a/"};
    static const char *const bad[] = {"",     "ws",   "/..",    "/a/.", "/./a", "/a//",
                                      "/a#b", "/a\\", "/a\x7f", "/a\n", "/%"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(takes(config_check_endpoint_path, good[i], why));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(takes(config_check_endpoint_path, bad[i], why));
}

static void an_admin_address_may_be_a_socket_with_an_absolute_path(void **state)
{
    (void)state;
    char why[256];
    assert_true(takes(config_check_admin_address, "unix:/run/a.sock", why));
    assert_true(takes(config_check_admin_address, "127.0.0.1:9090", why));
    assert_false(takes(config_check_admin_address, "unix:run/a.sock", why));
    assert_string_equal(why, "x: the path of a Unix socket is absolute: "
                             "unix:/run/sluice/admin.sock");
    size_t longest = strlen("unix:") + LISTEN_UNIX_PATH_MAX;
    assert_true(takes(config_check_admin_address, padded("unix:/", longest), why));
    assert_false(takes(config_check_admin_address, padded("unix:/", longest + 1), why));
    assert_false(takes(config_check_address, "unix:/run/a.sock", why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_names_and_paths),
        cmocka_unit_test(checks_the_texts_of_a_queue),
        cmocka_unit_test(a_token_has_a_name_for_the_log),
        cmocka_unit_test(a_sample_is_one_in_so_many),
        cmocka_unit_test(trusted_proxies_that_are_no_prefixes_are_refused_one_by_one),
        cmocka_unit_test(texts_have_a_greatest_length),
        cmocka_unit_test(a_path_is_what_a_request_has_once_it_is_decoded),
        cmocka_unit_test(an_admin_address_may_be_a_socket_with_an_absolute_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
