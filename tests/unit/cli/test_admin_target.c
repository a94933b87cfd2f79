#include "cli/admin_target.h"
#include "printing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct admin_target target;
static struct printed printed;
static char folder[] = "/tmp/sluice-target-XXXXXX";
static char config_file[64], token_file[64];

static bool find(const struct cli_options *options)
{
    struct printing printing = printing_begin();
    bool good = admin_target_find(options, &target);
    printing_end(&printing, &printed);
    return good;
}

static bool find_at(const char *address)
{
    const struct cli_options options = {.admin = address};
    return find(&options);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static void an_address_has_a_host_and_a_port(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        /* address, what is shown of it, host, port */
        {"127.0.0.1:9090", "127.0.0.1:9090", "127.0.0.1", "9090"},
        {"http://10.0.0.1:80/api", "10.0.0.1:80", "10.0.0.1", "80"},
        {"[::1]:9090", "[::1]:9090", "::1", "9090"},
        {"*:9090", "*:9090", "127.0.0.1", "9090"},
        {"0.0.0.0:1", "0.0.0.0:1", "127.0.0.1", "1"},
        {"server.example:9090", "server.example:9090", "server.example", "9090"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(find_at(cases[i][0]));
        assert_false(target.is_unix);
        assert_string_equal(target.address, cases[i][1]);
        assert_string_equal(target.host, cases[i][2]);
        assert_string_equal(target.port, cases[i][3]);
        assert_string_equal(target.token, "");
        assert_string_equal(target.source, "--admin");
        assert_string_equal(printed.error, "");
    }
}

static void an_address_without_a_port_is_refused(void **state)
{
    (void)state;
    assert_false(find_at("127.0.0.1"));
    assert_string_equal(printed.error,
                        "sluice: '127.0.0.1' is not an address with a port, like 127.0.0.1:9090\n");
    assert_false(find_at("http://host/api?token=secret"));
    assert_non_null(strstr(printed.error, "'host' is not an address"));
    assert_null(strstr(printed.error, "secret"));
    assert_false(find_at(":9090"));
    assert_false(find_at(""));
}

static void a_password_in_the_address_is_refused_and_not_repeated(void **state)
{
    (void)state;
    assert_false(find_at("http://ann:secret@127.0.0.1:9090"));
    assert_non_null(strstr(printed.error, "--token-file"));
    assert_null(strstr(printed.error, "secret"));
    assert_true(find_at("127.0.0.1:9090?token=secret"));
    assert_string_equal(target.address, "127.0.0.1:9090");
}

static void a_unix_socket_has_an_absolute_path(void **state)
{
    (void)state;
    char path[128];
    assert_true(find_at("unix:/run/sluice/admin.sock"));
    assert_true(target.is_unix);
    assert_string_equal(target.address, "/run/sluice/admin.sock");
    assert_true(find_at("/run/sluice/admin.sock"));
    assert_true(target.is_unix);
    assert_false(find_at("unix:admin.sock"));
    assert_non_null(strstr(printed.error, "'admin.sock' is not the absolute path"));
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_false(find_at(path));
}

static void the_configuration_says_it_and_a_socket_comes_first(void **state)
{
    (void)state;
    char source[128];
    const struct cli_options options = {.config_file = config_file};
    write_text(token_file, "secret\n");
    write_text(config_file, "listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /}]\n"
                            "admin: {listen: '127.0.0.1:9091', token_file: token}\n");
    assert_true(find(&options));
    assert_string_equal(target.address, "127.0.0.1:9091");
    assert_string_equal(target.token, "secret");
    snprintf(source, sizeof source, "admin.listen in %s", config_file);
    assert_string_equal(target.source, source);

    write_text(config_file, "listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /}]\n"
                            "admin: {listen: ['127.0.0.1:9091', 'unix:/run/s'], token_file: t}\n");
    assert_true(find(&options));
    assert_true(target.is_unix);
    assert_string_equal(target.address, "/run/s");
    assert_string_equal(target.token, ""); /* The file is not there, and is not needed. */
}

static void of_tokens_with_roles_that_which_may_do_most_is_sent(void **state)
{
    (void)state;
    const struct cli_options options = {.config_file = config_file};
    write_text(token_file, "secret\nthe next one\n");
    write_text(config_file, "listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /}]\n"
                            "admin:\n"
                            "  listen: '127.0.0.1:9091'\n"
                            "  tokens: [{name: a, role: read, file: none}, {name: b, role: all, "
                            "file: token}, {name: c, role: operate, file: none}]\n");
    assert_true(find(&options));
    assert_string_equal(target.token, "secret");
}

static void mistakes_elsewhere_in_the_configuration_do_not_matter(void **state)
{
    (void)state;
    const struct cli_options options = {.config_file = config_file};
    write_text(config_file, "admin: {listen: '127.0.0.1:9092'}\nlisten: nonsense\n");
    assert_true(find(&options));
    assert_string_equal(target.port, "9092");
    assert_string_equal(printed.error, "");
}

static void without_an_admin_listener_there_is_nobody_to_ask(void **state)
{
    (void)state;
    const struct cli_options options = {.config_file = config_file};
    const struct cli_options missing = {.config_file = "/nowhere/sluice.yaml"};
    write_text(config_file, "listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /}]\n");
    assert_false(find(&options));
    assert_non_null(strstr(printed.error, "there is no admin.listen"));
    assert_false(find(&missing));
    assert_string_equal(printed.error, "/nowhere/sluice.yaml: No such file or directory\n");
}

static void a_token_may_come_from_a_file_of_its_own(void **state)
{
    (void)state;
    const struct cli_options options = {.admin = "127.0.0.1:1", .token_file = token_file};
    const struct cli_options missing = {.admin = "127.0.0.1:1", .token_file = "/nowhere/token"};
    const struct cli_options local = {.admin = "/run/s", .token_file = "/nowhere/token"};
    write_text(token_file, "other\nsecond line\n");
    assert_true(find(&options));
    assert_string_equal(target.token, "other");
    assert_false(find(&missing));
    assert_string_equal(printed.error, "sluice: cannot read the admin token from /nowhere/token: "
                                       "No such file or directory\n");
    assert_true(find(&local)); /* A Unix socket needs none. */
}

static int make_files(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(config_file, sizeof config_file, "%s/sluice.yaml", folder);
    snprintf(token_file, sizeof token_file, "%s/token", folder);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(config_file);
    unlink(token_file);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_a_host_and_a_port),
        cmocka_unit_test(an_address_without_a_port_is_refused),
        cmocka_unit_test(a_password_in_the_address_is_refused_and_not_repeated),
        cmocka_unit_test(a_unix_socket_has_an_absolute_path),
        cmocka_unit_test(the_configuration_says_it_and_a_socket_comes_first),
        cmocka_unit_test(of_tokens_with_roles_that_which_may_do_most_is_sent),
        cmocka_unit_test(mistakes_elsewhere_in_the_configuration_do_not_matter),
        cmocka_unit_test(without_an_admin_listener_there_is_nobody_to_ask),
        cmocka_unit_test(a_token_may_come_from_a_file_of_its_own),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
