/*
 * Shows the figures of `sluice top`, on a terminal in the place of those before.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_TOP_SCREEN_H
#define SLUICE_CLI_TOP_SCREEN_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* How much of a text is shown; 0: all. */
struct top_size {
    unsigned rows;
    unsigned columns;
};

/* Prints the figures as lines. Nothing in them moves a terminal's cursor. */
void top_screen_print(const cJSON *figures);

/* Whether standard output is a terminal; and how much that shows at the moment. */
bool top_screen_is_terminal(void);
struct top_size top_screen_size(void);

/* Puts what fits where the figures before were; hides the cursor, until top_screen_end. */
void top_screen_redraw(const cJSON *figures, struct top_size size);
void top_screen_end(void);

#endif
