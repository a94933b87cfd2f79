#include "cli/top_screen.h"

#include "cli/admin_client.h"
#include "base/safe_text.h"
#include "cli/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"
#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"

/* -- the lines -- */

static const cJSON *list_of(const cJSON *figures, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(figures, name);
}

/* A number of a member of the figures, short. */
static const char *short_number(const cJSON *object, const char *name, char text[UNITS_TEXT_MAX])
{
    return units_number(admin_client_number(object, name), text);
}

static void write_totals(FILE *to, const cJSON *figures)
{
    char text[5][UNITS_TEXT_MAX];
    const cJSON *messages = list_of(figures, "messages");
    const cJSON *bytes = list_of(figures, "bytes");
    const cJSON *upgrades = list_of(figures, "upgrades");
    fprintf(to, "sluice top: %.0f clients, configuration %.0f, %.1f s\n\n",
            admin_client_number(figures, "clients"), admin_client_number(figures, "configuration"),
            admin_client_number(figures, "seconds"));
    fprintf(to, "messages/s  in %-8s out %-8s bytes/s  in %-8s out %s\n",
            short_number(messages, "in", text[0]), short_number(messages, "out", text[1]),
            short_number(bytes, "in", text[2]), short_number(bytes, "out", text[3]));
    fprintf(to, "upgrades/s  opened %s, refused %s   closes/s %s   drops/s %s   queued %sB\n",
            short_number(upgrades, "opened", text[0]), short_number(upgrades, "refused", text[1]),
            short_number(figures, "closes", text[2]), short_number(figures, "drops", text[3]),
            short_number(figures, "queued_bytes", text[4]));
}

static void write_loops(FILE *to, const cJSON *figures)
{
    const cJSON *loop;
    fputs("loops busy ", to);
    cJSON_ArrayForEach(loop, list_of(figures, "loops"))
        fprintf(to, " %s: %.0f%%", admin_client_text(loop, "loop"),
                100 * admin_client_number(loop, "busy"));
    fputs("\n", to);
}

static void write_verdicts(FILE *to, const cJSON *plugin)
{
    char text[UNITS_TEXT_MAX];
    const char *before = "";
    const cJSON *verdict;
    cJSON_ArrayForEach(verdict, list_of(plugin, "verdicts"))
    {
        if (verdict->valuedouble <= 0)
            continue;
        fprintf(to, "%s%s %s", before, verdict->string, units_number(verdict->valuedouble, text));
        before = ", ";
    }
}

static void write_plugins(FILE *to, const cJSON *figures)
{
    char text[2][UNITS_TEXT_MAX];
    const cJSON *plugin;
    fprintf(to, "\n%-20s %-16s %-8s %8s %9s %6s  %s\n", "PLUGIN", "ENDPOINT", "MODE", "CALLS/s",
            "MEAN", "BUSY", "VERDICTS/s");
    cJSON_ArrayForEach(plugin, list_of(figures, "plugins"))
    {
        fprintf(to, "%-20s %-16s %-8s %8s %9s %5.1f%%  ", admin_client_text(plugin, "instance"),
                admin_client_text(plugin, "endpoint"), admin_client_text(plugin, "mode"),
                short_number(plugin, "calls", text[0]),
                units_duration(admin_client_number(plugin, "mean_ns"), text[1]),
                100 * admin_client_number(plugin, "busy"));
        write_verdicts(to, plugin);
        fputs("\n", to);
    }
}

static void write_clients(FILE *to, const cJSON *figures)
{
    char text[UNITS_TEXT_MAX];
    const cJSON *client;
    if (cJSON_GetArraySize(list_of(figures, "largest_queues")) == 0)
        return;
    fprintf(to, "\n%-20s %-24s %-16s %8s %8s  %s\n", "LARGEST QUEUES", "ADDRESS", "ENDPOINT",
            "QUEUED B", "SILENT s", "IDENTITY");
    cJSON_ArrayForEach(client, list_of(figures, "largest_queues"))
    {
        fprintf(to, "%-20s %-24s %-16s %8s %8.1f  ", admin_client_text(client, "id"),
                admin_client_text(client, "address"), admin_client_text(client, "endpoint"),
                short_number(client, "queued_bytes", text),
                admin_client_number(client, "silent_ms") / 1000);
        safe_text_print(to, admin_client_text(client, "identity"));
        fputs("\n", to);
    }
}

/* All of it, for free(). NULL: no memory. */
static char *write_all(const cJSON *figures)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL)
        return NULL;
    write_totals(to, figures);
    write_loops(to, figures);
    write_plugins(to, figures);
    write_clients(to, figures);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

/* -- what fits -- */

/* How many bytes of a line its first `columns` characters take. */
static size_t cut_line(const char *line, size_t len, unsigned columns)
{
    size_t at = 0;
    unsigned shown = 0;
    for (; at < len; at++) {
        bool is_first = ((unsigned char)line[at] & 0xC0) != 0x80; /* byte of a character */
        if (is_first && shown++ == columns)
            break;
    }
    return at;
}

/* Prints what fits, over what was there. A line is cleared before it is written: behind a full one
 * the cursor stands on its last character. */
static void print_fitting(const char *text, struct top_size size)
{
    for (unsigned row = 1; *text != '\0' && (size.rows == 0 || row <= size.rows); row++) {
        size_t len = strcspn(text, "\n");
        fputs(row > 1 ? "\n" CLEAR_LINE : CLEAR_LINE, stdout);
        fwrite(text, 1, size.columns > 0 ? cut_line(text, len, size.columns) : len, stdout);
        text += len + (text[len] == '\n');
        if (*text == '\0' && row != size.rows)
            fputs("\n" CLEAR_BELOW, stdout);
    }
}

void top_screen_print(const cJSON *figures)
{
    char *text = write_all(figures);
    if (text != NULL)
        fputs(text, stdout);
    free(text);
    fflush(stdout);
}

/* -- the terminal -- */

bool top_screen_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

struct top_size top_screen_size(void)
{
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0)
        return (struct top_size){.rows = 0};
    return (struct top_size){.rows = window.ws_row, .columns = window.ws_col};
}

void top_screen_redraw(const cJSON *figures, struct top_size size)
{
    char *text = write_all(figures);
    fputs(HIDE_CURSOR HOME, stdout);
    if (text != NULL)
        print_fitting(text, size);
    free(text);
    fflush(stdout);
}

void top_screen_end(void)
{
    fputs("\n" SHOW_CURSOR, stdout);
    fflush(stdout);
}
