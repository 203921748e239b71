/* The topics of a run: the full names of the worker's inputs and outputs, and the numbers of the
 * outputs' partitions.
 *
 * The partitioned input may be read from several topics, its *sources*. Names live as long as the
 * struct; tasks and messages borrow them.
 */
#ifndef FRESHET_STREAM_TOPICS_H
#define FRESHET_STREAM_TOPICS_H

#include "stream/env.h"

/* Returns the full topic name for a name below the prefix: `topic.<name>` if configured, else
 * prefix + name; with the generation's suffix unless it is shared. The caller frees. */
char *topic_name(const struct run_settings *settings, const char *name, bool shared);

struct topics {
    const struct worker *worker;
    const struct run_settings *settings;
    int input; /* index of the partitioned input */
    char **sources;
    const char **source_names; /* below the prefix; borrowed */
    size_t sources_count;
    char **inputs;
    char **outputs;
    int32_t *output_partitions;
    struct topic_settings *output_settings; /* as they were at start; the same for the next one */
    struct topic_settings *input_settings;
    char *dead_letters;
};

/* Names the inputs and outputs; the sources are named by topics_read_from(). Borrows both. */
void topics_init(struct topics *topics, const struct worker *worker,
                 const struct run_settings *settings);
void topics_release(struct topics *topics);
/* Adds a source by its name below the prefix, which is borrowed; returns its full name. */
const char *topics_read_from(struct topics *topics, const char *name);
/* Returns the list's own copy of a source's name; NULL when the topic is not a source. */
const char *topics_find_source(const struct topics *topics, const char *topic);
/* Returns what is wrong with the names of topics; NULL: nothing. The caller frees. */
char *topics_sources_fault(const struct topics *topics);
/* Asks for the partition counts of the outputs; checks that those which must be equal are. Returns
 * 0 or a negative wire_error. */
int topics_count_partitions(struct topics *topics, struct env *env);
/* Asks for the topics' settings and ends the run when one does not keep what it must: 0 or a
 * negative wire_error. What the broker does not tell is not checked, with a line in the log. */
int topics_check_settings(struct topics *topics, struct env *env);

/* Says whether the topic that wire_partitions() was just refused does not exist; false when we have
 * no right to it. */
bool topics_missing(const struct env *env);
/* Breaks the run when one of its topics does not exist, with the names that may be meant. */
void topics_explain_missing(const struct topics *topics, struct env *env);

#endif
