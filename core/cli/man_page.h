/*
 * sluice help COMMAND --man FILE: the man page of a command, from the tables of commands and
 * options and a file of prose. The build writes the pages with it.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_MAN_PAGE_H
#define SLUICE_CLI_MAN_PAGE_H

#include <stdbool.h>
#include <stdio.h>

struct man_page {
    const char *name;
    const char *argument; /* or NULL */
    const char *summary;
    unsigned groups;     /* of options, see cli/arguments.h */
    const char *note;    /* at the end of its help, or NULL */
    const char *help;    /* the whole of it, of a command with options of its own; or NULL */
    const char *version; /* of the program */
    const char *prose;   /* file: what the description ends with, then sections from .SH on */
};

/* Prints the page. Returns false, with errno set, if the file cannot be read. */
bool man_page_print(FILE *to, const struct man_page *page);

#endif
