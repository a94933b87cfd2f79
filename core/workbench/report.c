#include "workbench/report.h"

#include "base/safe_text.h"
#include "base/utf8.h"
#include "workbench/complaint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_begin(struct report *report, enum report_format format, const char *suite,
                  unsigned planned)
{
    *report = (struct report){.format = format, .suite = suite};
    if (format == REPORT_JSON)
        report->checks = cJSON_CreateArray();
    if (format == REPORT_TAP)
        printf("TAP version 14\n1..%u\n", planned);
    else if (format == REPORT_TEXT)
        printf("%s\n", suite);
}

/* It may quote a message. */
static void print_doing(const char *before, const char *doing)
{
    fputs(before, stdout);
    safe_text_print_visible(stdout, doing, strlen(doing));
    putchar('\n');
}

static void add_text(const char *name, const char *summary, enum outcome outcome,
                     const char *sentence, const char *doing, const char *output)
{
    static const char *const words[] = {"ok     ", "FAILED ", "skipped"};
    printf("  %s %-34s %s\n", words[outcome], name,
           outcome == OUTCOME_SKIPPED ? sentence : summary);
    if (outcome != OUTCOME_FAILED)
        return;
    safe_text_print_lines(stdout, "          ", sentence);
    if (doing[0] != '\0')
        print_doing("          while: ", doing);
    safe_text_print_lines(stdout, "          | ", output);
}

static void add_tap(unsigned number, const char *name, enum outcome outcome, const char *sentence,
                    const char *doing, const char *output)
{
    printf("%s %u - %s%s%s\n", outcome == OUTCOME_FAILED ? "not ok" : "ok", number, name,
           outcome == OUTCOME_SKIPPED ? " # SKIP " : "",
           outcome == OUTCOME_SKIPPED ? sentence : "");
    if (outcome != OUTCOME_FAILED)
        return;
    printf("  ---\n  message: |\n");
    safe_text_print_lines(stdout, "    ", sentence);
    if (doing[0] != '\0')
        print_doing("  while: |\n    ", doing);
    if (output[0] != '\0') {
        printf("  output: |\n");
        safe_text_print_lines(stdout, "    ", output);
    }
    printf("  ...\n");
}

/* -- JUnit -- */

static void append(struct report *report, const char *text, size_t len)
{
    char *cases = realloc(report->cases, report->cases_len + len + 1);
    if (cases == NULL)
        abort();
    memcpy(cases + report->cases_len, text, len);
    report->cases = cases;
    report->cases_len += len;
    cases[report->cases_len] = '\0';
}

/* What XML does not know is a question mark. */
static void append_escaped(struct report *report, const char *text)
{
    size_t len;
    for (; *text != '\0'; text += len > 0 ? len : 1) {
        len = utf8_character(text, strnlen(text, UTF8_CHARACTER_MAX));
        const char *entity = *text == '<'   ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '&' ? "&amp;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        bool is_shown = *text == '\n' || *text == '\t' || (len > 0 && !utf8_is_control(text, len));
        if (entity != NULL)
            append(report, entity, strlen(entity));
        else
            append(report, is_shown ? text : "?", is_shown ? len : 1);
    }
}

static void append_raw(struct report *report, const char *text)
{
    append(report, text, strlen(text));
}

static void add_junit(struct report *report, const char *name, enum outcome outcome,
                      const char *sentence, const char *doing, const char *output)
{
    append_raw(report, "  <testcase classname=\"");
    append_escaped(report, report->suite);
    append_raw(report, "\" name=\"");
    append_escaped(report, name);
    append_raw(report, "\">");
    if (outcome != OUTCOME_PASSED) {
        append_raw(report,
                   outcome == OUTCOME_FAILED ? "<failure message=\"" : "<skipped message=\"");
        append_escaped(report, sentence);
        append_raw(report, "\">");
        append_escaped(report, doing);
        append_raw(report, "\n");
        append_escaped(report, output);
        append_raw(report, outcome == OUTCOME_FAILED ? "</failure>" : "</skipped>");
    }
    append_raw(report, "</testcase>\n");
}

/* -- JSON -- */

static void add_if_any(cJSON *check, const char *name, const char *text)
{
    if (text[0] != '\0')
        cJSON_AddStringToObject(check, name, text);
}

static void add_json(const struct report *report, const char *name, const char *summary,
                     enum outcome outcome, const char *sentence, const char *doing,
                     const char *output)
{
    static const char *const words[] = {"ok", "failed", "skipped"};
    cJSON *check = cJSON_CreateObject();
    cJSON_AddStringToObject(check, "name", name);
    cJSON_AddStringToObject(check, "summary", summary);
    cJSON_AddStringToObject(check, "outcome", words[outcome]);
    if (outcome != OUTCOME_PASSED)
        add_if_any(check, "detail", sentence);
    if (outcome == OUTCOME_FAILED) {
        add_if_any(check, "while", doing);
        add_if_any(check, "output", output);
    }
    cJSON_AddItemToArray(report->checks, check);
}

static void print_json(struct report *report)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "plugin", report->suite);
    cJSON_AddNumberToObject(answer, "passed", report->passed);
    cJSON_AddNumberToObject(answer, "failed", report->failed);
    cJSON_AddNumberToObject(answer, "skipped", report->skipped);
    cJSON_AddItemToObject(answer, "checks", report->checks);
    report->checks = NULL;
    complaint_print_json(answer);
}

void report_add(struct report *report, const char *name, const char *summary, enum outcome outcome,
                const char *sentence, const char *doing, const char *output)
{
    report->passed += outcome == OUTCOME_PASSED;
    report->failed += outcome == OUTCOME_FAILED;
    report->skipped += outcome == OUTCOME_SKIPPED;
    if (report->format == REPORT_TEXT)
        add_text(name, summary, outcome, sentence, doing, output);
    else if (report->format == REPORT_TAP)
        add_tap(report->passed + report->failed + report->skipped, name, outcome, sentence, doing,
                output);
    else if (report->format == REPORT_JSON)
        add_json(report, name, summary, outcome, sentence, doing, output);
    else
        add_junit(report, name, outcome, sentence, doing, output);
}

unsigned report_end(struct report *report)
{
    if (report->format == REPORT_TEXT)
        printf("%u passed, %u failed, %u skipped\n", report->passed, report->failed,
               report->skipped);
    if (report->format == REPORT_JSON)
        print_json(report);
    if (report->format == REPORT_JUNIT)
        printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuite name=\"sluice test-plugin\" tests=\"%u\" failures=\"%u\" "
               "skipped=\"%u\">\n%s</testsuite>\n",
               report->passed + report->failed + report->skipped, report->failed, report->skipped,
               report->cases != NULL ? report->cases : "");
    free(report->cases);
    return report->failed;
}
