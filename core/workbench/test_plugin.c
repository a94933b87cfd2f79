#include "workbench/test_plugin.h"

#include "config/diagnostics.h"
#include "config/wrong_option.h"
#include "config/yaml.h"
#include "workbench/checks.h"
#include "workbench/report.h"
#include "workbench/scenario.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define OUTPUT_MAX ((size_t)64 * 1024)
#define PATTERNS_MAX 32

const char test_plugin_help[] =
    "Usage: sluice test-plugin FILE.so [SCENARIO.yaml]... [OPTIONS]\n\n"
    "Loads a built plugin into a fake host, and checks that it keeps to the contract and does "
    "what\n"
    "the scenarios say. Each check runs in a process of its own.\n\n"
    "Options:\n"
    "      --set NAME=VALUE   an option of the plugin, for the contract's checks\n"
    "      --options FILE     the same from a YAML file with a mapping\n"
    "      --only PATTERN     only checks whose name fits, such as 'contract/*'; may be repeated\n"
    "      --skip PATTERN     not these\n"
    "      --format FORMAT    text, tap or junit (default: text on a terminal, else tap)\n"
    "      --hook-timeout MS  how long a hook may take (default 1000)\n"
    "      --timeout SECONDS  how long a check may take (default 60)\n"
    "      --seed NUMBER      of the random messages (default 1)\n"
    "      --list             lists the contract's checks\n\n"
    "Without --set and --options, the contract's checks take the options and the client of the\n"
    "first scenario.\n";

const struct option test_plugin_options[] = {
    {"set", required_argument, NULL, 's'},
    {"options", required_argument, NULL, 'o'},
    {"only", required_argument, NULL, 'y'},
    {"skip", required_argument, NULL, 'n'},
    {"format", required_argument, NULL, 'f'},
    {"hook-timeout", required_argument, NULL, 't'},
    {"timeout", required_argument, NULL, 'T'},
    {"seed", required_argument, NULL, 'r'},
    {"list", no_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* The command line, and what follows from it. */
struct run {
    const char *file;
    char **scenarios;
    int scenario_count;
    struct yaml_node *options;
    struct yaml_node *scenario_tree; /* of the first scenario */
    struct fake_upgrade upgrade;
    struct subject subject;
    const char *only[PATTERNS_MAX];
    const char *skip[PATTERNS_MAX];
    unsigned only_count, skip_count;
    enum report_format format;
    unsigned timeout;
};

static int usage(const char *problem, const char *what)
{
    fprintf(stderr, "sluice test-plugin: %s%s (see 'sluice help test-plugin')\n", problem, what);
    return EXIT_USAGE;
}

/* -- the command line -- */

static bool set_option(struct run *run, char *text)
{
    struct diagnostics diagnostics;
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return false;
    *equals = '\0';
    diagnostics_init(&diagnostics);
    bool good = yaml_override(&run->options, text, equals + 1, &diagnostics) == OK;
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    return good;
}

static bool load_options(struct run *run, const char *file)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    bool good = yaml_load(file, &diagnostics, &run->options) == OK && diagnostics.count == 0;
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    return good;
}

static bool set_format(struct run *run, const char *name)
{
    static const char *const names[] = {"text", "tap", "junit"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        run->format = (enum report_format)i;
        return true;
    }
    return false;
}

static void list_checks(void)
{
    for (size_t i = 0; i < check_count; i++)
        printf("%-36s %s\n", checks[i].name, checks[i].summary);
}

static bool take(struct run *run, int option, char *value)
{
    switch (option) {
    case 's':
        return set_option(run, value);
    case 'o':
        return load_options(run, value);
    case 'y':
        run->only[run->only_count] = value;
        return run->only_count++ < PATTERNS_MAX - 1;
    case 'n':
        run->skip[run->skip_count] = value;
        return run->skip_count++ < PATTERNS_MAX - 1;
    case 'f':
        return set_format(run, value);
    case 't':
        fake_hook_limit = (unsigned)strtoul(value, NULL, 10);
        return fake_hook_limit > 0;
    case 'T':
        run->timeout = (unsigned)strtoul(value, NULL, 10);
        return run->timeout > 0;
    case 'r':
        run->subject.seed = (unsigned)strtoul(value, NULL, 10);
        return true;
    default:
        return false;
    }
}

/* Returns -1 to go on, or an exit status. */
static int parse(int argc, char **argv, struct run *run)
{
    char wrong[256];
    int option;
    while ((option = getopt_long(argc, argv, ":h", test_plugin_options, NULL)) != -1) {
        if (option == 'h' || option == 'l') {
            if (option == 'h')
                fputs(test_plugin_help, stdout);
            else
                list_checks();
            return 0;
        }
        if (option == '?' || option == ':') {
            wrong_option_describe(test_plugin_options, argv, option, wrong, sizeof wrong);
            return usage(wrong, "");
        }
        if (!take(run, option, optarg))
            return usage("this value cannot be used: ", optarg);
    }
    if (optind == argc)
        return usage("which plugin? give the path of its .so", "");
    run->file = argv[optind];
    run->scenarios = argv + optind + 1;
    run->scenario_count = argc - optind - 1;
    return -1;
}

/* -- running -- */

struct task {
    const struct run *run;
    const struct check *check; /* or */
    const char *scenario;
};

static void run_task(void *argument)
{
    const struct task *task = argument;
    if (task->check != NULL)
        task->check->run(&task->run->subject);
    else
        scenario_run(&task->run->subject, task->scenario);
}

static bool is_wanted(const struct run *run, const char *name)
{
    bool wanted = run->only_count == 0;
    for (unsigned i = 0; i < run->only_count; i++)
        wanted = wanted || fnmatch(run->only[i], name, 0) == 0;
    for (unsigned i = 0; i < run->skip_count; i++)
        wanted = wanted && fnmatch(run->skip[i], name, 0) != 0;
    return wanted;
}

static void run_one(struct run *run, struct report *report, struct task *task, const char *name,
                    const char *summary)
{
    static char output[OUTPUT_MAX];
    if (!is_wanted(run, name))
        return;
    enum outcome outcome = situation_run(run_task, task, run->timeout, output, sizeof output);
    const char *sentence = outcome == OUTCOME_SKIPPED ? situation->skipped : situation->sentence;
    report_add(report, name, summary, outcome, sentence, situation->doing, output);
}

static void scenario_name(const char *file, char name[256])
{
    const char *slash = strrchr(file, '/');
    snprintf(name, 256, "scenario/%s", slash != NULL ? slash + 1 : file);
    char *dot = strrchr(name, '.');
    if (dot != NULL)
        *dot = '\0';
}

static unsigned count_wanted(const struct run *run)
{
    char name[256];
    unsigned count = 0;
    for (size_t i = 0; i < check_count; i++)
        count += is_wanted(run, checks[i].name);
    for (int i = 0; i < run->scenario_count; i++) {
        scenario_name(run->scenarios[i], name);
        count += is_wanted(run, name);
    }
    return count;
}

/* What the contract's checks work with, if the command line does not say. */
static void borrow_from_scenario(struct run *run)
{
    const struct yaml_node *options = NULL;
    bool has_upgrade = false;
    for (int i = 0; i < run->scenario_count && !has_upgrade; i++) {
        yaml_node_destroy(run->scenario_tree);
        run->scenario_tree =
            scenario_load(run->scenarios[i], &options, &run->upgrade, &has_upgrade);
    }
    run->subject.options = run->options != NULL ? run->options : options;
    run->subject.upgrade = has_upgrade ? &run->upgrade : NULL;
}

static int run_all(struct run *run)
{
    struct report report;
    char name[256];
    report_begin(&report, run->format, run->file, count_wanted(run));
    for (size_t i = 0; i < check_count; i++) {
        struct task task = {.run = run, .check = &checks[i]};
        run_one(run, &report, &task, checks[i].name, checks[i].summary);
    }
    for (int i = 0; i < run->scenario_count; i++) {
        struct task task = {.run = run, .scenario = run->scenarios[i]};
        scenario_name(run->scenarios[i], name);
        run_one(run, &report, &task, name, run->scenarios[i]);
    }
    return report_end(&report) == 0 ? 0 : EXIT_FAILED;
}

int test_plugin_main(int argc, char **argv)
{
    char path[PATH_MAX];
    struct run run = {.format = isatty(STDOUT_FILENO) ? REPORT_TEXT : REPORT_TAP,
                      .timeout = 60,
                      .subject = {.seed = 1}};
    int status = parse(argc, argv, &run);
    if (status >= 0)
        return status;
    if (realpath(run.file, path) == NULL) {
        fprintf(stderr, "sluice test-plugin: there is no file %s\n", run.file);
        return EXIT_USAGE;
    }
    run.subject.file = path;
    borrow_from_scenario(&run);
    status = run_all(&run);
    yaml_node_destroy(run.options);
    yaml_node_destroy(run.scenario_tree);
    return status;
}
