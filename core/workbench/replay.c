#include "workbench/replay.h"

#include "config/wrong_option.h"
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
    "Usage: sluice replay RECORDING -c CONFIG.yaml [--against OTHER.yaml] [--quiet]\n\n"
    "Puts recorded messages (sluice serve --record RECORDING) through the pipelines of a\n"
    "configuration, without a network, with the recording's clock, and prints each verdict. With\n"
    "--against, only what the other configuration decides differently is printed, and the exit\n"
    "status is 1 if there is any.\n\n"
    "Clients are let in with the identity that they had: credentials are not recorded. A line "
    "that\n"
    "is no event, a message whose bytes are damaged or whose client is not there end the replay\n"
    "with status 1; a last line that is cut off is left out.\n";

const struct option replay_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"against", required_argument, NULL, 'a'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool run_one(struct replay_run *replay)
{
    static char output[OUTPUT_MAX];
    replay->out = tmpfile();
    if (replay->out == NULL)
        return false;
    enum outcome outcome = situation_run(replay_run, replay, TIME_MAX, output, sizeof output);
    if (outcome != OUTCOME_PASSED)
        fprintf(stderr, "sluice replay: %s%s%s\n%s", situation->sentence,
                situation->doing[0] != '\0' ? ", at " : "", situation->doing, output);
    return fseek(replay->out, 0, SEEK_SET) == 0 && outcome == OUTCOME_PASSED;
}

/* Counts what a line of a run says; some say that something was left out. */
static void count_verdict(const char *line, unsigned counts[VERDICTS])
{
    static const char mark[] = " bytes: ";
    const char *verdict = strstr(line, mark);
    if (verdict == NULL)
        return;
    verdict += sizeof mark - 1;
    for (int i = 0; i < VERDICTS; i++) {
        const char *word = verdict_text((enum sl_verdict)(i + SL_ERROR));
        counts[i] += strncmp(verdict, word, strlen(word)) == 0;
    }
}

static void print_summary(const char *config, const unsigned counts[VERDICTS])
{
    printf("%s: %u continue, %u drop, %u handled, %u close, %u error\n", config, counts[1],
           counts[2], counts[3], counts[4], counts[0]);
}

static int print_all(const struct replay_run *replay, bool is_quiet)
{
    char *line = NULL;
    size_t size = 0;
    unsigned counts[VERDICTS] = {0};
    while (getline(&line, &size, replay->out) > 0) {
        count_verdict(line, counts);
        if (!is_quiet)
            fputs(line, stdout);
    }
    free(line);
    print_summary(replay->config_file, counts);
    return 0;
}

static int print_differences(const struct replay_run *replay, const struct replay_run *other)
{
    char *line = NULL, *other_line = NULL;
    size_t size = 0, other_size = 0;
    unsigned counts[VERDICTS] = {0}, other_counts[VERDICTS] = {0}, changed = 0;
    while (getline(&line, &size, replay->out) > 0 &&
           getline(&other_line, &other_size, other->out) > 0) {
        count_verdict(line, counts);
        count_verdict(other_line, other_counts);
        if (strcmp(line, other_line) == 0)
            continue;
        changed++;
        printf("- %s+ %s", line, other_line);
    }
    free(line);
    free(other_line);
    print_summary(replay->config_file, counts);
    print_summary(other->config_file, other_counts);
    printf("%u decided differently\n", changed);
    return changed > 0 ? EXIT_WRONG : 0;
}

static int wrong_option(char *const *argv, int option)
{
    char text[256];
    wrong_option_describe(replay_options, argv, option, text, sizeof text);
    fprintf(stderr, "sluice replay: %s (see 'sluice help replay')\n", text);
    return EXIT_USAGE;
}

int replay_main(int argc, char **argv)
{
    struct replay_run replay = {.config_file = NULL}, other = {.config_file = NULL};
    bool is_quiet = false;
    int option;
    while ((option = getopt_long(argc, argv, ":c:a:qh", replay_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(replay_help, stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return wrong_option(argv, option);
        is_quiet = is_quiet || option == 'q';
        if (option == 'c')
            replay.config_file = optarg;
        if (option == 'a')
            other.config_file = optarg;
    }
    if (argc - optind != 1 || replay.config_file == NULL) {
        fputs("sluice replay: give one recording, and a configuration with -c (see 'sluice help "
              "replay')\n",
              stderr);
        return EXIT_USAGE;
    }
    replay.recording = other.recording = argv[optind];
    if (!run_one(&replay) || (other.config_file != NULL && !run_one(&other)))
        return EXIT_WRONG;
    int status = other.config_file != NULL ? print_differences(&replay, &other)
                                           : print_all(&replay, is_quiet);
    fclose(replay.out);
    if (other.out != NULL)
        fclose(other.out);
    return status;
}
