#include "workbench/test_plugin.h"

#include "config/diagnostics.h"
#include "config/wrong_option.h"
#include "config/yaml.h"
#include "workbench/checks.h"
#include "workbench/complaint.h"
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
    "      --format FORMAT    text, tap, junit or json (default: text on a terminal, else tap)\n"
    "      --json             the same as --format json: one line, errors included\n"
    "      --hook-timeout MS  how long a hook may take (default 1000)\n"
    "      --timeout SECONDS  how long a check may take (default 60)\n"
    "      --seed NUMBER      of the random messages (default 1)\n"
    "      --list             lists the contract's checks\n\n"
    "The contract's checks take the client, the messages and the files of the first scenario; and\n"
    "its options, without --set and --options.\n";

const struct option test_plugin_options[] = {
    {"set", required_argument, NULL, 's'},     {"options", required_argument, NULL, 'o'},
    {"only", required_argument, NULL, 'y'},    {"skip", required_argument, NULL, 'n'},
    {"format", required_argument, NULL, 'f'},  {"hook-timeout", required_argument, NULL, 't'},
    {"timeout", required_argument, NULL, 'T'}, {"seed", required_argument, NULL, 'r'},
    {"json", no_argument, NULL, 'j'},          {"list", no_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

/* The command line, and what follows from it. */
struct run {
    const char *file;
    char **scenarios;
    int scenario_count;
    struct yaml_node *options;
    struct yaml_node *scenario_tree;  /* of the first scenario */
    char folder[SCENARIO_FOLDER_MAX]; /* for the files of that scenario; empty: none */
    struct fake_upgrade upgrade;
    struct subject subject;
    const char *only[PATTERNS_MAX];
    const char *skip[PATTERNS_MAX];
    unsigned only_count, skip_count;
    enum report_format format;
    enum situation_scope failed_scope; /* of the first failure that concerns others, */
    const char *failed_check;          /* and its name */
    unsigned timeout;
    struct complaint complaint;
    char problem[512]; /* of a value that cannot be used */
};

static int usage(const struct run *run, const char *problem, const char *what)
{
    complain(&run->complaint, "usage", "%s%s (see 'sluice help test-plugin')", problem, what);
    return EXIT_USAGE;
}

/* -- the command line -- */

/* For people each finding is a line, for scripts the first is the error. */
static void keep_findings(struct run *run, struct diagnostics *diagnostics)
{
    if (!run->complaint.json)
        diagnostics_print(diagnostics);
    else if (diagnostics->count > 0)
        snprintf(run->problem, sizeof run->problem, "%s: ", diagnostics->items[0].text);
    diagnostics_deinit(diagnostics);
}

static bool set_option(struct run *run, char *text)
{
    struct diagnostics diagnostics;
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return false;
    *equals = '\0';
    diagnostics_init(&diagnostics);
    bool good = yaml_override(&run->options, text, equals + 1, &diagnostics) == OK;
    keep_findings(run, &diagnostics);
    return good;
}

static bool load_options(struct run *run, const char *file)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    bool good = yaml_load(file, &diagnostics, &run->options) == OK && diagnostics.count == 0;
    keep_findings(run, &diagnostics);
    return good;
}

static bool set_format(struct run *run, const char *name)
{
    static const char *const names[] = {"text", "tap", "junit", "json"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        run->format = (enum report_format)i;
        return true;
    }
    return false;
}

static void list_checks(const struct run *run)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; run->complaint.json && i < check_count; i++) {
        cJSON *check = cJSON_CreateObject();
        cJSON_AddStringToObject(check, "name", checks[i].name);
        cJSON_AddStringToObject(check, "summary", checks[i].summary);
        cJSON_AddItemToArray(list, check);
    }
    if (run->complaint.json) {
        cJSON *answer = cJSON_CreateObject();
        cJSON_AddItemToObject(answer, "checks", list);
        complaint_print_json(answer);
        return;
    }
    cJSON_Delete(list);
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
    case 'j':
        return set_format(run, "json");
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
                list_checks(run);
            return 0;
        }
        if (option == '?' || option == ':') {
            wrong_option_describe(test_plugin_options, argv, option, wrong, sizeof wrong);
            return usage(run, wrong, "");
        }
        if (!take(run, option, optarg))
            return usage(
                run,
                run->problem[0] != '\0' ? run->problem : "this value cannot be used: ", optarg);
    }
    if (optind == argc)
        return usage(run, "which plugin? give the path of its .so", "");
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
    const struct subject *subject = &task->run->subject;
    if (task->check != NULL && subject->scenario != NULL) {
        scenario_write_files(subject->scenario);
        scenario_put_before(subject->scenario, subject->file);
    }
    if (task->check != NULL)
        task->check->run(subject);
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

/* What has been said once is not said again. */
static bool is_settled(const struct run *run, const struct task *task)
{
    return run->failed_scope == SCOPE_FILE ||
           (run->failed_scope == SCOPE_OPTIONS && task->check != NULL);
}

static void report_settled(const struct run *run, struct report *report, const char *name,
                           const char *summary)
{
    char sentence[128];
    snprintf(sentence, sizeof sentence, "%s, see %s",
             run->failed_scope == SCOPE_FILE ? "the plugin cannot be loaded"
                                             : "there is no instance",
             run->failed_check);
    report_add(report, name, summary, OUTCOME_SKIPPED, sentence, "", "");
}

static void run_one(struct run *run, struct report *report, struct task *task, const char *name,
                    const char *summary)
{
    static char output[OUTPUT_MAX];
    if (!is_wanted(run, name))
        return;
    if (is_settled(run, task)) {
        report_settled(run, report, name, summary);
        return;
    }
    enum outcome outcome = situation_run(run_task, task, run->timeout, output, sizeof output);
    const char *sentence = outcome == OUTCOME_SKIPPED ? situation->skipped : situation->sentence;
    report_add(report, name, summary, outcome, sentence, situation->doing, output);
    if (outcome != OUTCOME_FAILED || situation->scope == SCOPE_CHECK)
        return;
    if (situation->scope == SCOPE_THREADS) { /* The other checks look at the rest. */
        fake_ignore_threads();
        return;
    }
    run->failed_scope = situation->scope;
    run->failed_check = task->check != NULL ? task->check->name : "the first scenario";
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
    if (run->scenario_count > 0 && !scenario_make_folder(run->folder))
        run->folder[0] = '\0';
    for (int i = 0; i < run->scenario_count && !has_upgrade; i++) {
        yaml_node_destroy(run->scenario_tree);
        run->scenario_tree =
            scenario_load(run->scenarios[i], &options, &run->upgrade, &has_upgrade);
    }
    run->subject.options = run->options != NULL ? run->options : options;
    run->subject.upgrade = has_upgrade ? &run->upgrade : NULL;
    run->subject.scenario = run->folder[0] != '\0' ? run->scenario_tree : NULL;
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
                      .complaint = {"test-plugin", complaint_is_json(argc, argv)},
                      .subject = {.seed = 1}};
    int status = parse(argc, argv, &run);
    if (status >= 0)
        return status;
    if (realpath(run.file, path) == NULL) {
        complain(&run.complaint, "not_found", "there is no file %s", run.file);
        return EXIT_USAGE;
    }
    run.subject.file = path;
    borrow_from_scenario(&run);
    status = run_all(&run);
    yaml_node_destroy(run.options);
    yaml_node_destroy(run.scenario_tree);
    if (run.folder[0] != '\0')
        scenario_remove_folder(run.folder);
    return status;
}
