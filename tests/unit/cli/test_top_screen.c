#include "cli/top_screen.h"

#include "cli/top_figures.h"
#include "cli/top_pages.h"
#include "printing.h"
#include "unit.h"

#include <string.h>

static cJSON *figures;
static struct printed printed;

static int make_figures(void **state)
{
    struct samples before, after;
    (void)state;
    assert_int_equal(samples_read(&before, TOP_PAGE_BEFORE), OK);
    assert_int_equal(samples_read(&after, TOP_PAGE_AFTER), OK);
    const struct top_interval interval = {.before = &before, .after = &after, .seconds = 2};
    cJSON *clients = cJSON_Parse(TOP_CLIENTS);
    figures = top_figures(&interval, clients);
    cJSON_Delete(clients);
    samples_free(&before);
    samples_free(&after);
    return 0;
}

static int free_figures(void **state)
{
    (void)state;
    cJSON_Delete(figures);
    return 0;
}

static void lines_are_printed_and_what_clients_chose_moves_no_cursor(void **state)
{
    (void)state;
    struct printing printing = printing_begin();
    top_screen_print(figures);
    printing_end(&printing, &printed);
    assert_string_equal(
        printed.out,
        "sluice top: 12 clients, configuration 3, 2.0 s\n\n"
        "messages/s  in 100      out 1.5k     bytes/s  in 0        out 0\n"
        "upgrades/s  opened 2, refused 4   closes/s 1   drops/s 2   queued 2.0kB\n"
        "loops busy  0: 25% 1: 100%\n\n"
        "PLUGIN               ENDPOINT         MODE      CALLS/s      MEAN   BUSY  VERDICTS/s\n"
        "dear#1               /ws              shadow          1  250.0 ms  25.0%  continue 1\n"
        "cheap#1              /ws              enforce       128  488.3 us   6.2%  drop 2\n\n"
        "LARGEST QUEUES       ADDRESS                  ENDPOINT         QUEUED B SILENT s  "
        "IDENTITY\n"
        "7                    192.0.2.1                /ws                  2.0k      1.5  a?b\n");
}

static void redraw(unsigned rows, unsigned columns)
{
    struct printing printing = printing_begin();
    top_screen_redraw(figures, (struct top_size){.rows = rows, .columns = columns});
    printing_end(&printing, &printed);
}

static void what_does_not_fit_is_left_out(void **state)
{
    (void)state;
    redraw(3, 10);
    assert_string_equal(printed.out, "\033[?25l\033[H\033[Ksluice top\n\033[K\n\033[Kmessages/s");
    redraw(1, 1);
    assert_string_equal(printed.out, "\033[?25l\033[H\033[Ks");
}

static void what_was_below_is_cleared_where_there_is_room(void **state)
{
    static const char end[] = "a?b\n\033[J";
    (void)state;
    redraw(100, 200);
    assert_string_equal(printed.out + strlen(printed.out) - strlen(end), end);
    redraw(0, 0); /* A terminal that does not say. */
    assert_string_equal(printed.out + strlen(printed.out) - strlen(end), end);
}

static void the_cursor_is_shown_again_at_the_end(void **state)
{
    (void)state;
    struct printing printing = printing_begin();
    assert_false(top_screen_is_terminal());
    assert_int_equal(top_screen_size().rows, 0);
    top_screen_end();
    printing_end(&printing, &printed);
    assert_string_equal(printed.out, "\n\033[?25h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_printed_and_what_clients_chose_moves_no_cursor),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(what_was_below_is_cleared_where_there_is_room),
        cmocka_unit_test(the_cursor_is_shown_again_at_the_end),
    };
    return cmocka_run_group_tests(tests, make_figures, free_figures);
}
