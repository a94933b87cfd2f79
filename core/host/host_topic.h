/*
 * The host's functions for topics and identities.
 */
#ifndef SLUICE_HOST_HOST_TOPIC_H
#define SLUICE_HOST_HOST_TOPIC_H

#include <sluice/plugin.h>

/* As struct sl_host documents them. */
int host_subscribe(struct sl_client *client, const char *topic, size_t len);
bool host_client_topics(const struct sl_client *client, uint64_t *cursor, struct sl_string *topic);
void host_unsubscribe(struct sl_client *client, const char *topic, size_t len);
int host_message_topic(const struct sl_message *message, const char *topic, size_t len);
int host_publish(const struct sl_instance *self, const char *endpoint, const char *topic,
                 size_t topic_len, enum sl_message_type type, const char *data, size_t len);
int host_send_to_identity(const struct sl_instance *self, const char *endpoint,
                          const char *identity, size_t identity_len, enum sl_message_type type,
                          const char *data, size_t len);
int64_t host_topic_count(const struct sl_instance *self, const char *endpoint, const char *topic,
                         size_t len);
int64_t host_identity_count(const struct sl_instance *self, const char *endpoint,
                            const char *identity, size_t len);

#endif
