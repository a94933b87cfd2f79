#include "cli/man_page.h"

#include "cli/arguments.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[16384];
static char prose[] = "/tmp/sluice-man-XXXXXX";

static void print(const struct man_page *page)
{
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_true(man_page_print(file, page));
    fclose(file);
}

static void a_page_is_made_of_tables_and_prose(void **state)
{
    (void)state;
    print(&(struct man_page){.name = "check-it",
                             .argument = "NAME",
                             .summary = "look at everything",
                             .groups = ARGUMENTS_CONFIG | ARGUMENTS_STRICT,
                             .note = ".dot and --dash\n",
                             .version = "1.2",
                             .prose = prose});
    assert_non_null(strstr(text, ".TH SLUICE\\-CHECK\\-IT 1 \"\" \"sluice 1.2\" "));
    assert_non_null(strstr(text, "sluice\\-check\\-it \\- look at everything\n"));
    assert_non_null(strstr(text, "\n.RI [ OPTIONS ]\n.RI [ NAME ]\n.SH DESCRIPTION\n"
                                 "Look at everything.\n\\&.dot and \\-\\-dash\n.PP\nMore.\n"
                                 ".SH OPTIONS\n"));
    assert_non_null(strstr(text, "\n.TP\n\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIFILE\\fR\nThe "));
    assert_non_null(strstr(text, "\n.TP\n\\fB\\-\\-strict\\fR\nWarnings count"));
    assert_non_null(strstr(text, "usage.\n.SH EXAMPLES\nOne.\n.SH SEE ALSO\n"));
    assert_null(strstr(text, "\\-\\-record"));
}

static void a_command_with_its_own_help_has_that(void **state)
{
    (void)state;
    print(&(struct man_page){.name = "replay",
                             .summary = "again",
                             .help = "Usage: sluice replay\n",
                             .version = "1",
                             .prose = prose});
    assert_non_null(strstr(text, ".nf\nUsage: sluice replay\n.fi\n"));
    assert_null(strstr(text, ".SH OPTIONS"));
}

static void prose_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    assert_false(man_page_print(stdout, &(struct man_page){.name = "x", .prose = "/nowhere"}));
    assert_int_equal(errno, ENOENT);
}

static int write_prose(void **state)
{
    (void)state;
    static const char prose_text[] = "More.\n.SH EXAMPLES\nOne.\n";
    int fd = mkstemp(prose);
    if (fd < 0 || write(fd, prose_text, sizeof prose_text - 1) < 0)
        return -1;
    return close(fd);
}

static int remove_prose(void **state)
{
    (void)state;
    return remove(prose);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_made_of_tables_and_prose),
        cmocka_unit_test(a_command_with_its_own_help_has_that),
        cmocka_unit_test(prose_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, write_prose, remove_prose);
}
