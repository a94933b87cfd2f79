/*
 * sluice: the program. Finds the sub-command and hands it the rest of the command line.
 */
#include "cli/cli.h"
#include "connect/connect.h"
#include "workbench/new_plugin.h"
#include "workbench/replay.h"
#include "workbench/test_plugin.h"

int main(int argc, char **argv)
{
    const struct cli_extra extras[] = {
        {"connect", "URL", "connect to a WebSocket: lines in, messages out", connect_help,
         connect_options, connect_main},
        {"new-plugin", "NAME", "begin a plugin: a folder that builds and passes its own test",
         new_plugin_help, new_plugin_options, new_plugin_main},
        {"test-plugin", "FILE", "check a built plugin against the contract and its scenarios",
         test_plugin_help, test_plugin_options, test_plugin_main},
        {"replay", "FILE", "put recorded messages through a configuration's pipelines, offline",
         replay_help, replay_options, replay_main},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    return cli_run(argc, argv, extras);
}
