/* Values that writers wrap, because JSON has no type for them, and that say themselves what they
 * are:
 *
 *   {"$oid": "64..."} {"$uuid": "..."} {"$symbol": "..."}               MongoDB, texts
 *   {"$binary": {"base64": "...", "subType": "04"}}                    MongoDB, UUIDs
 *   {"$numberLong": "7"} {"$numberInt": ...} {"$numberDecimal": ...}    MongoDB, numbers
 *   {"scale": 2, "value": "A+k="}                                      Debezium, decimals
 *   {"S": "a"} {"N": "7"} {"BOOL": true} {"NULL": true}                 DynamoDB
 *   {"M": {...}} {"L": [...]} {"SS": [...]} {"NS": [...]}               DynamoDB
 *   {"$date": ...} {"$timestamp": {"t": 7}}                            MongoDB, times
 *   {"seconds": "7", "nanos": 0} {"_seconds": 7, "_nanoseconds": 0} {"epochSecond": 7, "nano": 0}
 *                                            Protobuf's JSON, Firestore, Java's Instant
 *   [2014, 4, 7, 10, 51, 9, 277000000]       Java's LocalDateTime, UTC
 */
#ifndef FRESHET_INGEST_MAPPING_WRAPPED_VALUE_H
#define FRESHET_INGEST_MAPPING_WRAPPED_VALUE_H

#include "base/decimal.h"
#include "syntax/json_text.h"

enum { WRAPPED_TEXT_MAX = 37 };

/* Reads the text inside an object, borrowed from it or, of a UUID's bytes, from `text`; false when
 * it is none of these. */
bool wrapped_text(json_t *object, char text[WRAPPED_TEXT_MAX], struct slice *ret_text);
/* Returns the boolean inside an object, borrowed; NULL when it is none. */
json_t *wrapped_flag(json_t *object);
/* Returns the object or array inside an object, borrowed; the value itself when it is none. */
json_t *wrapped_within(json_t *value);
/* Says whether the object stands for no value. */
bool wrapped_null(const json_t *object);
/* Reads the number inside an object as its text; false when it is none of these. */
bool wrapped_number(json_t *object, char text[DECIMAL_TEXT_MAX], struct slice *ret_number);
/* Reads the Base64 of a decimal's bytes as the text of a number; false when it is none. */
bool wrapped_decimal(json_t *base64, int scale, char text[DECIMAL_TEXT_MAX],
                     struct slice *ret_number);
/* Reads a time out of an object or an array. */
enum value_state wrapped_time(json_t *value, int64_t *ret_ms);

#endif
