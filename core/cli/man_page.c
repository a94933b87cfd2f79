#include "cli/man_page.h"

#include "cli/arguments.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Prints a text with what roff would take for its own escaped. */
static void print_text(FILE *to, const char *text)
{
    bool is_line_start = true;
    for (; *text != '\0'; text++) {
        if (is_line_start && (*text == '.' || *text == '\''))
            fputs("\\&", to);
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text, to);
        is_line_start = *text == '\n';
    }
}

/* "run the server" as a sentence. */
static void print_sentence(FILE *to, const char *text)
{
    fputc(toupper((unsigned char)text[0]), to);
    print_text(to, text + 1);
    fputs(text[strlen(text) - 1] == '.' ? "\n" : ".\n", to);
}

static void print_head(FILE *to, const struct man_page *page)
{
    fputs(".\\\" Written by 'sluice help COMMAND --man FILE'.\n.TH SLUICE\\-", to);
    for (const char *c = page->name; *c != '\0'; c++)
        fprintf(to, *c == '-' ? "\\-" : "%c", toupper((unsigned char)*c));
    fprintf(to, " 1 \"\" \"sluice %s\" \"User Commands\"\n.SH NAME\nsluice\\-", page->version);
    print_text(to, page->name);
    fputs(" \\- ", to);
    print_text(to, page->summary);
    fputs("\n.SH SYNOPSIS\n.B sluice ", to);
    print_text(to, page->name);
    if (page->groups != 0)
        fputs("\n.RI [ OPTIONS ]", to);
    if (page->argument != NULL)
        fprintf(to, "\n.RI [ %s ]", page->argument);
    fputs("\n.SH DESCRIPTION\n", to);
}

/* A command with options of its own explains all of it itself. */
static void print_description(FILE *to, const struct man_page *page)
{
    if (page->help != NULL) {
        fputs(".nf\n", to);
        print_text(to, page->help);
        fputs(".fi\n", to);
        return;
    }
    print_sentence(to, page->summary);
    if (page->note != NULL)
        print_text(to, page->note);
}

static void print_option(FILE *to, const struct argument_shown *option)
{
    fputs(".TP\n\\fB", to);
    if (option->letter != 0)
        fprintf(to, "\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", to);
    print_text(to, option->name);
    fputs("\\fR", to);
    if (option->value_name[0] != '\0')
        fprintf(to, " \\fI%s\\fR", option->value_name);
    fputc('\n', to);
    print_sentence(to, option->text[0] != '\0' ? option->text : option->name);
}

static void print_options(FILE *to, const struct man_page *page)
{
    struct argument_shown shown;
    if (page->groups == 0)
        return;
    fputs(".SH OPTIONS\n", to);
    for (size_t i = 0; arguments_show(i, page->groups, &shown); i++)
        if ((shown.group & page->groups) != 0)
            print_option(to, &shown);
}

/* Copies the prose up to its first section, or from there on. */
static void print_prose(FILE *to, FILE *prose, bool sections)
{
    char *line = NULL;
    size_t size = 0;
    bool is_section = false;
    fseek(prose, 0, SEEK_SET);
    while (getline(&line, &size, prose) > 0) {
        is_section = is_section || strncmp(line, ".SH", 3) == 0;
        if (is_section == sections)
            fputs(line, to);
    }
    free(line);
}

bool man_page_print(FILE *to, const struct man_page *page)
{
    FILE *prose = fopen(page->prose, "re");
    if (prose == NULL)
        return false;
    print_head(to, page);
    print_description(to, page);
    fputs(".PP\n", to);
    print_prose(to, prose, false);
    print_options(to, page);
    fputs(".SH EXIT STATUS\n0 done; 1 the thing asked about is wrong; 2 usage.\n", to);
    print_prose(to, prose, true);
    fputs(".SH SEE ALSO\n.BR sluice (1)\n", to);
    fclose(prose);
    return true;
}
