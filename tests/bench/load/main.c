/*
 * load: real WebSocket clients in numbers, for the benchmark. See docs/benchmarks.md.
 */
#include "modes.h"

int main(int argc, char **argv)
{
    struct options options;
    options_parse(&options, argc, argv);
    switch (options.mode) {
    case MODE_FANOUT:
    case MODE_ECHO:
        traffic_run(&options);
        break;
    case MODE_LATENCY:
        latency_run(&options);
        break;
    case MODE_IDLE:
        idle_run(&options);
        break;
    case MODE_UPGRADES:
        upgrades_run(&options);
        break;
    }
    return 0;
}
