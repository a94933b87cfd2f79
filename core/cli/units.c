#include "cli/units.h"

#include <stdio.h>

const char *units_duration(double ns, char text[UNITS_TEXT_MAX])
{
    if (ns < 1000)
        snprintf(text, UNITS_TEXT_MAX, "%.0f ns", ns);
    else if (ns < 1e6)
        snprintf(text, UNITS_TEXT_MAX, "%.1f us", ns / 1e3);
    else if (ns < 1e9)
        snprintf(text, UNITS_TEXT_MAX, "%.1f ms", ns / 1e6);
    else
        snprintf(text, UNITS_TEXT_MAX, "%.1f s", ns / 1e9);
    return text;
}

const char *units_number(double number, char text[UNITS_TEXT_MAX])
{
    static const char suffixes[] = "kMGT";
    const char *suffix = suffixes;
    if (number < 999.5) {
        snprintf(text, UNITS_TEXT_MAX, "%.0f", number);
        return text;
    }
    for (number /= 1000; number >= 999.95 && suffix[1] != '\0'; suffix++)
        number /= 1000;
    snprintf(text, UNITS_TEXT_MAX, "%.1f%c", number, *suffix);
    return text;
}
