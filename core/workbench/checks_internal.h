/*
 * What the contract's checks share. Each runs in the process of a situation, which it fails or
 * skips.
 */
#ifndef SLUICE_WORKBENCH_CHECKS_INTERNAL_H
#define SLUICE_WORKBENCH_CHECKS_INTERNAL_H

#include "workbench/checks.h"
#include "workbench/situation.h"
#include "workbench/check_client.h"

#define SECOND INT64_C(1000000000)

void check_create(const struct subject *subject);
void check_options(const struct subject *subject);
void check_reload(const struct subject *subject);
void check_empty_message(const struct subject *subject);
void check_messages(const struct subject *subject);
void check_borrowed(const struct subject *subject);
void check_subscriptions(const struct subject *subject);
void check_publications(const struct subject *subject);
void check_events(const struct subject *subject);
void check_lifecycle(const struct subject *subject);
void check_random_messages(const struct subject *subject);
void check_two_instances(const struct subject *subject);
void check_taking_over(const struct subject *subject);
void check_unloads(const struct subject *subject);
void check_disconnect_while_deferred(const struct subject *subject);
void check_deadline(const struct subject *subject);
void check_failing_allocations(const struct subject *subject);
void check_leaks(const struct subject *subject);

/* An instance, or fails. */
struct fake_instance *subject_create(struct plugin *plugin, const struct subject *subject,
                                     const char *endpoint);

#endif
