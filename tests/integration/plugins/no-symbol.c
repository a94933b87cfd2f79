/* no-symbol: a shared object that is no plugin. */
#include <sluice/plugin.h>

SL_EXPORT const int something_else = 1;
