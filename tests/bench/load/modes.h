/*
 * What the load generator can do; each function runs to its end and prints one line of JSON.
 */
#ifndef LOAD_MODES_H
#define LOAD_MODES_H

#include "options.h"

/* Fan-out and echo: messages round and round, counted for a while. */
void traffic_run(const struct options *options);

/* Messages at a fixed rate: how long they take. */
void latency_run(const struct options *options);

/* Holds connections until standard input ends. */
void idle_run(const struct options *options);

/* Connects and closes as fast as the server allows. */
void upgrades_run(const struct options *options);

#endif
