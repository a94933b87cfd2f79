/*
 * sluice: the program. Finds the sub-command and hands it the rest of the command line.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_run(argc, argv);
}
