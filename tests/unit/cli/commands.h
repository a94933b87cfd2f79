/*
 * Runs a command against a fake admin listener.
 */
#ifndef SLUICE_TESTS_CLI_COMMANDS_H
#define SLUICE_TESTS_CLI_COMMANDS_H

#include "cli/cli.h"
#include "cli/fake_admin.h"

/* What a command has done: its status, what it printed and what it asked. */
struct command_run {
    struct fake_admin admin;
    struct printed printed;
    int status;
};

/* What standard output goes to. */
enum command_output { OUTPUT_IS_KEPT, OUTPUT_IS_FULL };

static inline void run_command_to(enum command_output output, struct command_run *run,
                                  int (*command)(const struct cli_options *options),
                                  struct cli_options options, const char *const *answers)
{
    memset(run, 0, sizeof *run);
    run->admin.is_unix = true;
    for (size_t i = 0; answers[i] != NULL; i++)
        run->admin.answers[i] = answers[i];
    fake_admin_start(&run->admin);
    options.admin = run->admin.address;
    struct printing printing = printing_begin();
    if (output == OUTPUT_IS_FULL)
        printing_fill_disk();
    run->status = command(&options);
    printing_end(&printing, &run->printed);
    fake_admin_end(&run->admin);
}

/* Runs a command with one server that gives these answers, of which NULL is the last. */
static inline void run_command(struct command_run *run,
                               int (*command)(const struct cli_options *options),
                               struct cli_options options, const char *const *answers)
{
    run_command_to(OUTPUT_IS_KEPT, run, command, options, answers);
}

/* A command whose options are wrong says so with this hint, and asks no server. */
static inline void assert_not_sent(int (*command)(const struct cli_options *options),
                                   struct cli_options options, const char *hint)
{
    struct printed printed;
    options.admin = "unix:/nowhere";
    struct printing printing = printing_begin();
    int status = command(&options);
    printing_end(&printing, &printed);
    assert_int_equal(status, EXIT_USAGE);
    assert_non_null(strstr(printed.error, hint));
}

#define ANSWERS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
