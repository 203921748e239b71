/* The options of freshet-serve. */
#ifndef FRESHET_SERVE_SERVE_SETTINGS_H
#define FRESHET_SERVE_SERVE_SETTINGS_H

#include "scorer/lists/list_settings.h"

struct serve_settings {
    struct list_settings lists;
    const char *address;
    int64_t port;
    int64_t connections;
    int64_t timeout_ms;
    const char *tokens;
    const char *pseudonym_keys;
    int64_t recent_users;
    int64_t item_lists_every_ms; /* 0: not at all */
    int64_t item_lists_length;
    bool item_lists_tags;
    const char *console_sources;
    const char *console_images;
    const char *console_config;
    bool explore_logged;
    bool segments_used;
    int64_t segments_table_memory_max;
    double context_weight;
};

enum { SERVE_OPTIONS_COUNT = LIST_OPTIONS_COUNT + 17 };
extern const struct option serve_options[SERVE_OPTIONS_COUNT];

#endif
