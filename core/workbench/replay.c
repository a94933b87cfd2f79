#include "workbench/replay.h"

#include "base/safe_text.h"
#include "config/wrong_option.h"
#include "workbench/complaint.h"
#include "workbench/replay_run.h"
#include "workbench/situation.h"
#include "workbench/verdict_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_WRONG 1
#define EXIT_USAGE 2
#define OUTPUT_MAX ((size_t)64 * 1024)
#define TIME_MAX 3600                      /* seconds */
#define VERDICTS (SL_CLOSE - SL_ERROR + 1) /* that a message may meet */

const char replay_help[] =
    "Usage: sluice replay RECORDING -c CONFIG.yaml [--against OTHER.yaml] [--quiet] [--json]\n\n"
    "Puts recorded messages (sluice serve --record RECORDING) through the pipelines of a\n"
    "configuration, without a network, with the recording's clock, and prints each verdict. With\n"
    "--against, only what the other configuration decides differently is printed, and the exit\n"
    "status is 1 if there is any. With --json each line is a JSON object, and the last one has "
    "the\n"
    "counts; errors are JSON too.\n\n"
    "Clients are let in with the identity that they had: credentials are not recorded. A line "
    "that\n"
    "is no event, a message whose bytes are damaged or whose client is not there end the replay\n"
    "with status 1; a last line that is cut off is left out.\n";

const struct option replay_options[] = {
    {"config", required_argument, NULL, 'c'}, {"against", required_argument, NULL, 'a'},
    {"quiet", no_argument, NULL, 'q'},        {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static void complain_of_run(const struct complaint *complaint, const char *output)
{
    complain(complaint, "failed", "%s%s%s", situation->sentence,
             situation->doing[0] != '\0' ? ", at " : "", situation->doing);
    safe_text_print_lines(stderr, "", output);
}

static bool run_one(struct replay_run *replay, const struct complaint *complaint)
{
    static char output[OUTPUT_MAX];
    replay->out = tmpfile();
    if (replay->out == NULL)
        return false;
    enum outcome outcome = situation_run(replay_run, replay, TIME_MAX, output, sizeof output);
    if (outcome != OUTCOME_PASSED)
        complain_of_run(complaint, output);
    return fseek(replay->out, 0, SEEK_SET) == 0 && outcome == OUTCOME_PASSED;
}

/* Behind what stands in front of the verdict; NULL: the line says that something was left out. */
static const char *verdict_in(const struct replay_run *replay, const char *line)
{
    const char *mark = replay->json ? "\"verdict\":\"" : " bytes: ";
    const char *verdict = strstr(line, mark);
    return verdict != NULL ? verdict + strlen(mark) : NULL;
}

/* Counts what a line of a run says. */
static void count_verdict(const struct replay_run *replay, const char *line,
                          unsigned counts[VERDICTS])
{
    const char *verdict = verdict_in(replay, line);
    for (int i = 0; verdict != NULL && i < VERDICTS; i++) {
        const char *word = verdict_text((enum sl_verdict)(i + SL_ERROR));
        counts[i] += strncmp(verdict, word, strlen(word)) == 0;
    }
}

static void print_summary(const char *config, const unsigned counts[VERDICTS])
{
    printf("%s: %u continue, %u drop, %u handled, %u close, %u error\n", config, counts[1],
           counts[2], counts[3], counts[4], counts[0]);
}

static void add_summary(cJSON *runs, const char *config, const unsigned counts[VERDICTS])
{
    cJSON *run = cJSON_CreateObject();
    cJSON_AddStringToObject(run, "config", config);
    for (int i = 0; i < VERDICTS; i++)
        cJSON_AddNumberToObject(run, verdict_text((enum sl_verdict)(i + SL_ERROR)), counts[i]);
    cJSON_AddItemToArray(runs, run);
}

static int print_all(const struct replay_run *replay, bool is_quiet)
{
    char *line = NULL;
    size_t size = 0;
    unsigned counts[VERDICTS] = {0};
    while (getline(&line, &size, replay->out) > 0) {
        count_verdict(replay, line, counts);
        if (!is_quiet)
            fputs(line, stdout);
    }
    free(line);
    if (replay->json) {
        cJSON *summary = cJSON_CreateObject();
        add_summary(cJSON_AddArrayToObject(summary, "runs"), replay->config_file, counts);
        complaint_print_json(summary);
    } else {
        print_summary(replay->config_file, counts);
    }
    return 0;
}

static void print_difference(const struct replay_run *replay, const char *line, const char *other)
{
    if (replay->json)
        printf("{\"before\":%.*s,\"after\":%.*s}\n", (int)strcspn(line, "\n"), line,
               (int)strcspn(other, "\n"), other);
    else
        printf("- %s+ %s", line, other);
}

static int print_differences(const struct replay_run *replay, const struct replay_run *other)
{
    char *line = NULL, *other_line = NULL;
    size_t size = 0, other_size = 0;
    unsigned counts[VERDICTS] = {0}, other_counts[VERDICTS] = {0}, changed = 0;
    while (getline(&line, &size, replay->out) > 0 &&
           getline(&other_line, &other_size, other->out) > 0) {
        count_verdict(replay, line, counts);
        count_verdict(other, other_line, other_counts);
        if (strcmp(line, other_line) == 0)
            continue;
        changed++;
        print_difference(replay, line, other_line);
    }
    free(line);
    free(other_line);
    if (replay->json) {
        cJSON *summary = cJSON_CreateObject();
        cJSON *runs = cJSON_AddArrayToObject(summary, "runs");
        add_summary(runs, replay->config_file, counts);
        add_summary(runs, other->config_file, other_counts);
        cJSON_AddNumberToObject(summary, "changed", changed);
        complaint_print_json(summary);
    } else {
        print_summary(replay->config_file, counts);
        print_summary(other->config_file, other_counts);
        printf("%u decided differently\n", changed);
    }
    return changed > 0 ? EXIT_WRONG : 0;
}

static int wrong_option(const struct complaint *complaint, char *const *argv, int option)
{
    char text[256];
    wrong_option_describe(replay_options, argv, option, text, sizeof text);
    complain(complaint, "usage", "%s (see 'sluice help replay')", text);
    return EXIT_USAGE;
}

int replay_main(int argc, char **argv)
{
    struct replay_run replay = {.config_file = NULL}, other = {.config_file = NULL};
    const struct complaint complaint = {"replay", complaint_is_json(argc, argv)};
    bool is_quiet = false;
    int option;
    while ((option = getopt_long(argc, argv, ":c:a:qjh", replay_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(replay_help, stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return wrong_option(&complaint, argv, option);
        is_quiet = is_quiet || option == 'q';
        if (option == 'c')
            replay.config_file = optarg;
        if (option == 'a')
            other.config_file = optarg;
    }
    if (argc - optind != 1 || replay.config_file == NULL) {
        complain(&complaint, "usage",
                 "give one recording, and a configuration with -c (see 'sluice help replay')");
        return EXIT_USAGE;
    }
    replay.recording = other.recording = argv[optind];
    replay.json = other.json = complaint.json;
    if (!run_one(&replay, &complaint) ||
        (other.config_file != NULL && !run_one(&other, &complaint)))
        return EXIT_WRONG;
    int status = other.config_file != NULL ? print_differences(&replay, &other)
                                           : print_all(&replay, is_quiet);
    fclose(replay.out);
    if (other.out != NULL)
        fclose(other.out);
    return status;
}
