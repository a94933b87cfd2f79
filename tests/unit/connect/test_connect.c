#include "connect/connect.h"

#include "cli/cli.h"

#include "printing.h"

#include <string.h>

#define ARGUMENTS_MOST 70

/* Runs it with these arguments, of which NULL is the last. Returns the status. */
static int run(const char *const *arguments, struct printed *printed)
{
    char *argv[ARGUMENTS_MOST + 2] = {(char *)"sluice"};
    int argc = 1;
    while (arguments[argc - 1] != NULL && argc <= ARGUMENTS_MOST) {
        argv[argc] = (char *)arguments[argc - 1];
        argc++;
    }
    optind = 0; /* getopt begins anew */
    struct printing printing = printing_begin();
    int status = connect_main(argc, argv);
    printing_end(&printing, printed);
    return status;
}

static void assert_usage(const char *const *arguments, const char *hint)
{
    struct printed printed;
    assert_int_equal(run(arguments, &printed), EXIT_USAGE);
    assert_string_equal(printed.out, "");
    assert_non_null(strstr(printed.error, hint));
    assert_non_null(strstr(printed.error, "sluice help connect"));
}

#define USAGE(hint, ...) assert_usage((const char *const[]){__VA_ARGS__, NULL}, hint)

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_usage((const char *const[]){NULL}, "give one URL");
    USAGE("give one URL", "ws://a", "ws://b");
    USAGE("like ws://", "localhost:1");
    USAGE("--wait needs", "ws://a", "--wait", "0");
    USAGE("--timeout needs", "ws://a", "--timeout", "soon");
    USAGE("--timeout needs", "ws://a", "--timeout", "0");
    USAGE("--binary needs", "ws://a", "--binary", "octal");
    USAGE("--max-size needs", "ws://a", "--max-size", "0");
    USAGE("--max-size needs", "ws://a", "--max-size", "2GiB");
    USAGE("--send needs", "ws://a", "--send", "\xff");
    USAGE("did you mean '--wait'", "ws://a", "--wiat", "1");
    USAGE("--wait needs a value", "ws://a", "--wait");
}

static void headers_cannot_break_the_request(void **state)
{
    (void)state;
    USAGE("--header needs", "ws://a", "-H", "no colon");
    USAGE("--header needs", "ws://a", "-H", ": no name");
    USAGE("--header needs", "ws://a", "-H", "a b: c");
    USAGE("control characters", "ws://a", "-H", "a: b\r\nc: d");
    USAGE("cannot change", "ws://a", "-H", "upgrade: h2c");
    USAGE("cannot change", "ws://a", "-H", "Content-Length: 1");
    USAGE("--subprotocol needs", "ws://a", "--subprotocol", "a b");
    USAGE("--subprotocol needs", "ws://a", "--subprotocol", "");
}

static void certificates_are_for_tls(void **state)
{
    (void)state;
    USAGE("are for wss://", "ws://a", "--insecure");
    USAGE("are for wss://", "ws://a", "--ca", "x");
    USAGE("are for wss://", "ws://a", "--cert", "x");
    USAGE("exclude each other", "wss://a", "--insecure", "--ca", "x");
    USAGE("the --cert that it belongs to", "wss://a", "--key", "x");
}

static void options_are_repeated_so_often_and_not_more(void **state)
{
    const char *arguments[ARGUMENTS_MOST] = {"ws://a"};
    (void)state;
    for (int i = 1; i <= 65; i++)
        arguments[i] = "--send=x";
    assert_usage(arguments, "more than 64 times");
}

static void errors_are_json_if_asked_for(void **state)
{
    static const char *const arguments[] = {"x", "--json", NULL};
    struct printed printed;
    (void)state;
    assert_int_equal(run(arguments, &printed), EXIT_USAGE);
    assert_string_equal(printed.error, "");
    assert_non_null(strstr(printed.out, "{\"error\":\"usage\","));
}

static void help_lists_every_option(void **state)
{
    static const char *const arguments[] = {"--help", NULL};
    struct printed printed;
    (void)state;
    assert_int_equal(run(arguments, &printed), 0);
    assert_string_equal(printed.out, connect_help);
    for (const struct option *option = connect_options; option->name != NULL; option++)
        assert_non_null(strstr(connect_help, option->name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(headers_cannot_break_the_request),
        cmocka_unit_test(certificates_are_for_tls),
        cmocka_unit_test(options_are_repeated_so_often_and_not_more),
        cmocka_unit_test(errors_are_json_if_asked_for),
        cmocka_unit_test(help_lists_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
