/*
 * What plugins make known about a client to each other.
 */
#include "workbench/fake_internal.h"

struct fake_attribute {
    struct fake_attribute *next;
    char *name;
    char *value;
    size_t len;
};

static struct fake_attribute **find_attribute(struct sl_client *client, const char *name)
{
    struct fake_attribute **link = &client->attributes;
    while (*link != NULL && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static void remove_attribute(struct fake_attribute **link)
{
    struct fake_attribute *attribute = *link;
    *link = attribute->next;
    free(attribute->name);
    free(attribute->value);
    free(attribute);
}

void fake_attribute_put(struct sl_client *client, const char *name, const char *value, size_t len)
{
    struct fake_attribute **link = find_attribute(client, name);
    if (*link != NULL)
        remove_attribute(link);
    if (value == NULL)
        return;
    struct fake_attribute *attribute = fake_zalloc(sizeof *attribute);
    *attribute =
        (struct fake_attribute){client->attributes, strdup(name), strndup(value, len), len};
    client->attributes = attribute;
}

void fake_attributes_release(struct sl_client *client)
{
    while (client->attributes != NULL)
        remove_attribute(&client->attributes);
}

void fake_client_describe(struct sl_client *client, const char *name, const char *value)
{
    fake_attribute_put(client, name, value, strlen(value));
}

const char *fake_client_attribute(const struct sl_client *client, const char *name)
{
    for (const struct fake_attribute *at = client->attributes; at != NULL; at = at->next)
        if (strcmp(at->name, name) == 0)
            return at->value;
    return NULL;
}

static int set_attribute(struct sl_instance *self, struct sl_client *client, const char *name,
                         const char *value, size_t len)
{
    (void)self;
    fake_check_client(client, "attribute_set");
    if (strlen(name) == 0 || strlen(name) > 63 || len > 4095)
        return -1;
    fake_attribute_put(client, name, value, len);
    return 0;
}

static bool get_attribute(const struct sl_client *client, const char *name, struct sl_string *found)
{
    fake_check_client(client, "attribute");
    for (const struct fake_attribute *at = client->attributes; at != NULL; at = at->next) {
        if (strcmp(at->name, name) != 0)
            continue;
        *found = (struct sl_string){at->value, at->len};
        return true;
    }
    return false;
}

void fake_attributes_provide(struct sl_host *host)
{
    host->attribute_set = set_attribute;
    host->attribute = get_attribute;
}
