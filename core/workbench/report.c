#include "workbench/report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_begin(struct report *report, enum report_format format, const char *suite,
                  unsigned planned)
{
    *report = (struct report){.format = format, .suite = suite};
    if (format == REPORT_TAP)
        printf("TAP version 14\n1..%u\n", planned);
    else if (format == REPORT_TEXT)
        printf("%s\n", suite);
}

/* Every line of a text behind a prefix. */
static void print_lines(const char *prefix, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        printf("%s%.*s\n", prefix, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void add_text(const char *name, const char *summary, enum outcome outcome,
                     const char *sentence, const char *doing, const char *output)
{
    static const char *const words[] = {"ok     ", "FAILED ", "skipped"};
    printf("  %s %-34s %s\n", words[outcome], name,
           outcome == OUTCOME_SKIPPED ? sentence : summary);
    if (outcome != OUTCOME_FAILED)
        return;
    print_lines("          ", sentence);
    if (doing[0] != '\0')
        printf("          while: %s\n", doing);
    print_lines("          | ", output);
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
    print_lines("    ", sentence);
    if (doing[0] != '\0')
        printf("  while: |\n    %s\n", doing);
    if (output[0] != '\0') {
        printf("  output: |\n");
        print_lines("    ", output);
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

static void append_escaped(struct report *report, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '<'   ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '&' ? "&amp;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        bool is_control = (unsigned char)*text < ' ' && *text != '\n' && *text != '\t';
        if (entity != NULL)
            append(report, entity, strlen(entity));
        else
            append(report, is_control ? "?" : text, 1);
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
    else
        add_junit(report, name, outcome, sentence, doing, output);
}

unsigned report_end(struct report *report)
{
    if (report->format == REPORT_TEXT)
        printf("%u passed, %u failed, %u skipped\n", report->passed, report->failed,
               report->skipped);
    if (report->format == REPORT_JUNIT)
        printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuite name=\"sluice test-plugin\" tests=\"%u\" failures=\"%u\" "
               "skipped=\"%u\">\n%s</testsuite>\n",
               report->passed + report->failed + report->skipped, report->failed, report->skipped,
               report->cases != NULL ? report->cases : "");
    free(report->cases);
    return report->failed;
}
