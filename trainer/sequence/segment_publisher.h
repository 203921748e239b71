/* Segment publisher: the publisher (group_publisher.h) of segments (segment_counter.h). */
#ifndef FRESHET_TRAINER_SEQUENCE_SEGMENT_PUBLISHER_H
#define FRESHET_TRAINER_SEQUENCE_SEGMENT_PUBLISHER_H

#include "trainer/sequence/group_publisher.h"

/* Makes it; every segments.every.ms a count begins. Free with group_publisher_free(). */
struct group_publisher *segment_publisher_new(const struct group_publisher_parts *parts);

#endif
