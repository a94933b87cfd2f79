#include "cli/arguments.h"
#include "printing.h"

#include <stdio.h>
#include <string.h>

#define ALL (UINT32_MAX & ~(unsigned)ARGUMENTS_JSON_LOG) /* every group of options */
#define WORDS_MAX 80

static struct printed printed;

/* Parses the words of `line`, which may be changed, and keeps what is printed on standard error. */
static int parse(char *line, unsigned groups, struct cli_options *options)
{
    char *argv[WORDS_MAX * 2] = {"sluice"};
    int argc = 1;
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;

    *options = (struct cli_options){.command = "check", .json = arguments_ask_for_json(argc, argv)};
    optind = 0; /* glibc's way to begin anew */
    struct printing printing = printing_begin();
    int status = arguments_parse(argc, argv, groups, options);
    printing_end(&printing, &printed);
    return status;
}

static void each_option_reaches_its_member(void **state)
{
    (void)state;
    struct cli_options options;
    char line[] =
        "-c a.yaml --record b --record-limit 2KiB --markdown --plugins-in-place --admin d "
        "--token-file e --json --strict --endpoint /f --topic g --identity h --address i --code j "
        "--reason k --over 5m --wait --stop --limit l --for m "
        "--count n --payload=o --interval q --once";
    assert_int_equal(parse(line, ALL, &options), 0);
    assert_string_equal(options.config_file, "a.yaml");
    assert_string_equal(options.record, "b");
    assert_int_equal(options.record_limit, 2048);
    assert_true(options.markdown);
    assert_true(options.plugins_in_place);
    assert_string_equal(options.admin, "d");
    assert_string_equal(options.token_file, "e");
    assert_true(options.json);
    assert_true(options.strict);
    assert_string_equal(options.endpoint, "/f");
    assert_string_equal(options.topic, "g");
    assert_string_equal(options.identity, "h");
    assert_string_equal(options.address, "i");
    assert_string_equal(options.code, "j");
    assert_string_equal(options.reason, "k");
    assert_string_equal(options.over, "5m");
    assert_true(options.wait);
    assert_true(options.stop);
    assert_string_equal(options.limit, "l");
    assert_string_equal(options.duration, "m");
    assert_string_equal(options.count, "n");
    assert_string_equal(options.interval, "q");
    assert_true(options.once);
    assert_string_equal(options.payload, "o");
    assert_int_equal(options.override_count, 0);
    assert_string_equal(printed.error, "");
}

static void a_value_that_may_be_left_out_stands_behind_an_equals_sign(void **state)
{
    (void)state;
    struct cli_options options;
    char line[] = "--payload 7";
    assert_int_equal(parse(line, ALL, &options), 0);
    assert_string_equal(options.payload, "");
}

static void a_count_is_a_number_from_1_on(void **state)
{
    static const char *const wrong[] = {"", "0", "-1", "x", "1x", " 1", "9999999999"};
    (void)state;
    assert_int_equal(arguments_count("1"), 1);
    assert_int_equal(arguments_count("999999999"), 999999999);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(arguments_count(wrong[i]), 0);
}

static void without_options_everything_is_left_out(void **state)
{
    (void)state;
    struct cli_options options;
    char line[] = "first second";
    assert_int_equal(parse(line, 0, &options), 0);
    assert_null(options.config_file);
    assert_null(options.record);
    assert_false(options.json);
    assert_int_equal(options.override_count, 0);
    assert_int_equal(optind, 1);
}

static void values_and_log_levels_are_overrides_in_their_order(void **state)
{
    (void)state;
    struct cli_options options;
    char line[] = "-v --set a.b=c=d name --log-level warn -q --set e=";
    static const char *const expected[][2] = {
        {"log.level", "debug"}, {"a.b", "c=d"}, {"log.level", "warn"},
        {"log.level", "error"}, {"e", ""},
    };
    assert_int_equal(parse(line, ALL, &options), 0);
    assert_int_equal(options.override_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(options.overrides[i].path, expected[i][0]);
        assert_string_equal(options.overrides[i].value, expected[i][1]);
    }
    assert_int_equal(optind, 9); /* `name` has been moved behind the options. */
}

static void a_value_to_set_needs_a_key(void **state)
{
    (void)state;
    struct cli_options options;
    char none[] = "--set a", empty[] = "--set =a";
    assert_int_equal(parse(none, ALL, &options), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "--set needs KEY=VALUE"));
    assert_int_equal(parse(empty, ALL, &options), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "--set needs KEY=VALUE"));
}

static void overrides_have_a_limit(void **state)
{
    (void)state;
    struct cli_options options;
    char line[4 * (CLI_OVERRIDES_MAX + 1)] = "";
    for (int i = 0; i < CLI_OVERRIDES_MAX; i++)
        strcat(line, "-v ");
    assert_int_equal(parse(line, ALL, &options), 0);
    assert_int_equal(options.override_count, CLI_OVERRIDES_MAX);
    line[0] = '\0';
    for (int i = 0; i <= CLI_OVERRIDES_MAX; i++)
        strcat(line, "-v ");
    assert_int_equal(parse(line, ALL, &options), EXIT_USAGE);
    assert_string_equal(printed.error, "sluice check: more than 64 values are overridden\n");
}

static void a_limit_of_a_recording_is_a_size_above_zero(void **state)
{
    (void)state;
    struct cli_options options;
    for (size_t i = 0; i < 3; i++) {
        char lines[][32] = {"--record-limit 0", "--record-limit much", "--record-limit -1KiB"};
        assert_int_equal(parse(lines[i], ALL, &options), EXIT_USAGE);
        assert_string_equal(printed.error,
                            "sluice check: --record-limit needs a size, like 64MiB\n");
    }
}

/* What a command is told that does not have the option. */
static const struct {
    const char *line;
    unsigned groups; /* that let it pass */
    const char *text;
} refused[] = {
    {"--record f", ARGUMENTS_RECORD, "sluice check: --record is for 'serve'\n"},
    {"--record-limit 1", ARGUMENTS_RECORD, "sluice check: --record is for 'serve'\n"},
    {"--markdown", ARGUMENTS_MARKDOWN, "sluice check: --markdown is for 'plugins NAME'\n"},
    {"--plugins-in-place", ARGUMENTS_IN_PLACE, "sluice check: --plugins-in-place is for 'serve'\n"},
    {"--strict", ARGUMENTS_STRICT, "sluice check: --strict is for 'check'\n"},
    {"--admin a", ARGUMENTS_ADMIN,
     "sluice check: --admin and --token-file are for commands that ask a running server\n"},
    {"--topic t", ARGUMENTS_MESSAGE,
     "sluice check: --topic is for 'publish', 'clients' and 'kick'\n"},
    {"--identity t", ARGUMENTS_IDENTITY,
     "sluice check: --identity is for 'clients', 'kick', 'ban', 'unban' and 'trace'\n"},
    {"--address t", ARGUMENTS_CLIENTS,
     "sluice check: --address is for 'clients', 'kick', 'ban' and 'unban'\n"},
    {"--for 1s", ARGUMENTS_FOR, "sluice check: --for is for 'ban' and 'trace'\n"},
    {"--keep", ARGUMENTS_BAN, "sluice check: --until and --keep are for 'ban'\n"},
    {"--payload", ARGUMENTS_TRACE, "sluice check: --payload is for 'trace'\n"},
    {"--count 1", ARGUMENTS_COUNT, "sluice check: --count is for 'trace', 'top' and 'events'\n"},
    {"--event e", ARGUMENTS_EVENTS, "sluice check: --event and --follow are for 'events'\n"},
    {"-f", ARGUMENTS_EVENTS, "sluice check: --event and --follow are for 'events'\n"},
    {"--interval 1s", ARGUMENTS_TOP, "sluice check: --interval and --once are for 'top'\n"},
    {"--once", ARGUMENTS_TOP, "sluice check: --interval and --once are for 'top'\n"},
    {"--limit 1", ARGUMENTS_LIST, "sluice check: --limit and --sort are for 'clients'\n"},
    {"--code 1008", ARGUMENTS_CLOSE,
     "sluice check: --code and --reason are for 'kick' and 'ban'\n"},
    {"--endpoint e", ARGUMENTS_ENDPOINT,
     "sluice check: --endpoint is for 'publish', 'clients', 'kick', 'trace' and 'drain'\n"},
    {"--over 5m", ARGUMENTS_DRAIN, "sluice check: --over, --wait and --stop are for 'drain'\n"},
    {"--wait", ARGUMENTS_DRAIN, "sluice check: --over, --wait and --stop are for 'drain'\n"},
    {"--stop", ARGUMENTS_DRAIN, "sluice check: --over, --wait and --stop are for 'drain'\n"},
};

static void an_option_of_other_commands_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct cli_options options;
        char line[64];
        strcpy(line, refused[i].line);
        assert_int_equal(parse(line, ALL & ~refused[i].groups, &options), EXIT_USAGE);
        assert_string_equal(printed.error, refused[i].text);
        strcpy(line, refused[i].line);
        assert_int_equal(parse(line, refused[i].groups, &options), 0);
    }
    struct cli_options options;
    char line[] = "--set a=b";
    assert_int_equal(parse(line, ALL & ~(unsigned)ARGUMENTS_SET, &options), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "--set would not reach the running server"));
}

static void an_unknown_option_and_a_missing_argument_are_refused(void **state)
{
    (void)state;
    struct cli_options options;
    char unknown[] = "--confg a", letter[] = "-z", missing[] = "--config", flag[] = "--strict=1";
    assert_int_equal(parse(unknown, ALL, &options), EXIT_USAGE);
    assert_string_equal(printed.error, "sluice check: there is no option '--confg'; did you mean "
                                       "'--config'? (see 'sluice help check')\n");
    assert_int_equal(parse(flag, ALL, &options), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "--strict takes no value"));
    assert_int_equal(parse(letter, ALL, &options), EXIT_USAGE);
    assert_int_equal(parse(missing, ALL, &options), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "--config"));
}

static void errors_are_json_where_json_is_asked_for(void **state)
{
    (void)state;
    struct cli_options options;
    char unknown[] = "--confg --json";
    assert_int_equal(parse(unknown, ALL, &options), EXIT_USAGE);
    assert_string_equal(printed.error, "");
    assert_string_equal(printed.out,
                        "{\"error\":\"usage\",\"detail\":\"there is no option '--confg'; "
                        "did you mean '--config'? (see 'sluice help check')\"}\n");
}

static void where_the_log_is_what_is_printed_json_is_its_format(void **state)
{
    (void)state;
    struct cli_options options;
    char line[] = "--log-level debug --json";
    assert_int_equal(parse(line, UINT32_MAX, &options), 0);
    assert_false(options.json);
    assert_int_equal(options.override_count, 2);
    assert_string_equal(options.overrides[1].path, "log.format");
    assert_string_equal(options.overrides[1].value, "json");
}

static void what_is_another_options_value_does_not_ask_for_json(void **state)
{
    (void)state;
    struct cli_options options;
    char value[] = "--topic --json", behind[] = "-- --json";
    assert_int_equal(parse(value, ALL, &options), 0);
    assert_string_equal(options.topic, "--json");
    assert_false(options.json);
    assert_int_equal(parse(behind, ALL, &options), 0);
    assert_false(options.json);
}

static void help_is_given_before_anything_else_is_read(void **state)
{
    (void)state;
    struct cli_options options;
    char line[] = "--json -h --nonsense", in_full[] = "--help";
    assert_int_equal(parse(line, 0, &options), ARGUMENTS_HELP);
    assert_string_equal(printed.error, "");
    assert_int_equal(parse(in_full, 0, &options), ARGUMENTS_HELP);
}

static void prints_the_options_of_the_groups_and_no_others(void **state)
{
    (void)state;
    char text[4096];
    FILE *file = fmemopen(text, sizeof text, "w");
    arguments_print(file, ARGUMENTS_ADMIN | ARGUMENTS_MARKDOWN);
    fclose(file);
    assert_non_null(strstr(text, "\n      --token-file FILE "));
    assert_non_null(strstr(text, "      --markdown "));
    assert_null(strstr(text, "--config"));
    assert_null(strstr(text, "--set"));
    assert_null(strstr(text, "--record"));
    assert_null(strstr(text, "--topic"));
}

static const char *printed_for(unsigned groups)
{
    static char text[4096];
    FILE *file = fmemopen(text, sizeof text, "w");
    arguments_print(file, groups);
    fclose(file);
    return text;
}

static void an_option_of_several_commands_is_explained_to_each(void **state)
{
    struct argument_shown shown;
    size_t row = 0;
    (void)state;
    const char *text = printed_for(ARGUMENTS_FOR | ARGUMENTS_BAN | ARGUMENTS_CLIENTS);
    assert_non_null(strstr(text, "like 30m or 24h (default: for good)"));
    assert_non_null(strstr(text, "bans an address or prefix"));
    assert_null(strstr(text, "trace"));
    text = printed_for(ARGUMENTS_FOR | ARGUMENTS_COUNT | ARGUMENTS_TRACE);
    assert_non_null(strstr(text, "ends after this time (default: 30s; at most 1h)"));
    assert_non_null(strstr(text, "ends after N messages\n"));
    assert_null(strstr(text, "ban"));
    assert_null(strstr(text, "events"));
    assert_non_null(strstr(printed_for(ARGUMENTS_COUNT | ARGUMENTS_TOP), "after N intervals"));
    assert_non_null(strstr(printed_for(ARGUMENTS_COUNT | ARGUMENTS_EVENTS), "the last N events"));
    text = printed_for(ARGUMENTS_IDENTITY | ARGUMENTS_CLIENTS | ARGUMENTS_UNBAN);
    assert_non_null(strstr(text, "lifts the ban of this identity"));
    assert_null(strstr(text, "only clients"));
    while (arguments_show(row, ARGUMENTS_TRACE, &shown) && strcmp(shown.name, "for") != 0)
        row++;
    assert_string_equal(shown.value_name, "DURATION");
    assert_string_equal(shown.text, "ends after this time (default: 30s; at most 1h)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_reaches_its_member),
        cmocka_unit_test(a_value_that_may_be_left_out_stands_behind_an_equals_sign),
        cmocka_unit_test(a_count_is_a_number_from_1_on),
        cmocka_unit_test(without_options_everything_is_left_out),
        cmocka_unit_test(values_and_log_levels_are_overrides_in_their_order),
        cmocka_unit_test(a_value_to_set_needs_a_key),
        cmocka_unit_test(overrides_have_a_limit),
        cmocka_unit_test(a_limit_of_a_recording_is_a_size_above_zero),
        cmocka_unit_test(an_option_of_other_commands_is_refused),
        cmocka_unit_test(an_option_of_several_commands_is_explained_to_each),
        cmocka_unit_test(an_unknown_option_and_a_missing_argument_are_refused),
        cmocka_unit_test(errors_are_json_where_json_is_asked_for),
        cmocka_unit_test(where_the_log_is_what_is_printed_json_is_its_format),
        cmocka_unit_test(what_is_another_options_value_does_not_ask_for_json),
        cmocka_unit_test(help_is_given_before_anything_else_is_read),
        cmocka_unit_test(prints_the_options_of_the_groups_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
