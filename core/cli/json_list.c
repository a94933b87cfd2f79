#include "cli/json_list.h"

#include "base/json_text.h"

#include <stdio.h>

static bool has_begun;

bool json_list_add(const char *name, const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);
    if (text == NULL)
        return false;
    if (has_begun)
        putchar(',');
    else
        printf("{\"%s\":[", name);
    has_begun = true;
    json_text_print(stdout, text);
    cJSON_free(text);
    return true;
}

void json_list_end(const char *name)
{
    if (has_begun)
        puts("]}");
    else
        printf("{\"%s\":[]}\n", name);
    has_begun = false;
}

bool json_list_leave(void)
{
    bool was_open = has_begun;
    if (was_open)
        fputs("],", stdout);
    has_begun = false;
    return was_open;
}
