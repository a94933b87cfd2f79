/*
 * What endpoints receive and deliver: messages, bytes, what is missed, queues, and how long it
 * takes.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_MESSAGES_H
#define SLUICE_ADMIN_METRICS_MESSAGES_H

struct hub;
struct metrics_writer;

void metrics_write_messages(struct metrics_writer *writer, struct hub *hub);

#endif
