#include "cli/argument_text.h"

#include <string.h>

/* What stands behind the option, its value and at least two spaces. */
void argument_text_meaning(const char *help, char text[ARGUMENT_TEXT_MAX])
{
    size_t len = 0;
    const char *from = strstr(strstr(help, "--"), "  ");
    for (; from != NULL && *from != '\0' && len + 1 < ARGUMENT_TEXT_MAX; from++) {
        bool is_space = *from == ' ' || *from == '\n';
        if (!is_space)
            text[len++] = *from;
        else if (len > 0 && text[len - 1] != ' ')
            text[len++] = ' ';
    }
    while (len > 0 && text[len - 1] == ' ')
        len--;
    text[len] = '\0';
}

void argument_text_value(const char *help, char name[ARGUMENT_NAME_MAX])
{
    const char *at = strstr(help, "--");
    size_t len = 0;
    at += strcspn(at, " ");
    if (at[0] == ' ' && at[1] != ' ')
        len = strcspn(at + 1, " ");
    if (len >= ARGUMENT_NAME_MAX)
        len = ARGUMENT_NAME_MAX - 1;
    memcpy(name, at + 1, len);
    name[len] = '\0';
}
