#include "http/http_library.h"

#include "base/log.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static struct http_library library;
static const char *failure; /* of the last try; NULL: none, or it is loaded */
static bool is_loaded;
static int64_t failed_at;

static bool find_function(void *handle, const char *name, void *function, size_t size)
{
    void *address = dlsym(handle, name);
    if (address != NULL)
        memcpy(function, &address, size);
    return address != NULL;
}

static bool find_functions(void *handle)
{
#define FUNCTION(name)                                                                             \
    if (!find_function(handle, "curl_" #name, &library.name, sizeof library.name))                 \
        return false;
    HTTP_LIBRARY_FUNCTIONS(FUNCTION)
#undef FUNCTION
    return true;
}

/* Returns NULL, or what is wrong; the log has the details. */
static const char *try_to_load(void)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const char *details = handle == NULL || !find_functions(handle) ? dlerror() : NULL;
    if (details != NULL)
        log_error("http", "%s", details);
    if (handle == NULL)
        return "libcurl cannot be loaded";
    if (details == NULL && library.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return NULL;
    dlclose(handle); /* It stays mapped. */
    return details != NULL ? "this libcurl is too old" : "libcurl cannot be set up";
}

const struct http_library *http_library_load(int64_t now, const char **error)
{
    pthread_mutex_lock(&lock);
    if (!is_loaded && (failure == NULL || now - failed_at >= HTTP_LIBRARY_PAUSE)) {
        failure = try_to_load();
        failed_at = now;
        is_loaded = failure == NULL;
    }
    *error = failure;
    bool can_be_used = is_loaded;
    pthread_mutex_unlock(&lock);
    return can_be_used ? &library : NULL;
}
