/* Times as the world writes them. The first characters tell the shape: four digits and a separator
 * are ISO 8601; four more digits its basic form; letters a weekday or a month; one or two digits
 * and a month's name the form of logs and mails. A month is a number only where the year comes
 * first, as 4/7/2014 is one day in Europe and another in America.
 */
#include "base/base.h"
#include "ingest/mapping/time_text.h"
#include "syntax/timestamp.h"

#include <ctype.h>

/* ---- Pieces ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(const struct time_reading *reading)
{
    return reading->at != reading->end && isalpha((unsigned char)*reading->at);
}

size_t time_digits_ahead(const struct time_reading *reading)
{
    const char *at = reading->at;
    while (at != reading->end && is_digit(*at)) { at++; }
    return (size_t)(at - reading->at);
}

int time_digits(struct time_reading *reading, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (reading->at == reading->end || !is_digit(*reading->at)) {
            reading->failed = true;
            return 0;
        }
        value = value * 10 + (*reading->at++ - '0');
    }
    return value;
}

int time_number(struct time_reading *reading, int most)
{
    size_t count = MIN_OF(time_digits_ahead(reading), (size_t)most);
    return time_digits(reading, count ? (int)count : 1);
}

bool time_take(struct time_reading *reading, const char *any_of)
{
    if (reading->at == reading->end || *reading->at == '\0') { return false; }
    if (!strchr(any_of, *reading->at)) { return false; }
    reading->at++;
    return true;
}

static void expect(struct time_reading *reading, const char *any_of)
{
    if (!time_take(reading, any_of)) { reading->failed = true; }
}

void time_skip_blanks(struct time_reading *reading)
{
    while (time_take(reading, " \t")) {}
}

int time_fraction(struct time_reading *reading)
{
    int value = time_digits(reading, 1) * 100;
    for (int scale = 10; reading->at != reading->end && is_digit(*reading->at); scale /= 10) {
        value += (*reading->at++ - '0') * scale;
    }
    return value;
}

/* Takes a word if it follows, in any case; `whole`: no further letter may follow. */
static bool take_word(struct time_reading *reading, const char *word, bool whole)
{
    size_t size = strlen(word);
    if ((size_t)(reading->end - reading->at) < size) { return false; }
    if (strncasecmp(reading->at, word, size) != 0) { return false; }
    const char *behind = reading->at + size;
    if (whole && behind != reading->end && isalpha((unsigned char)*behind)) { return false; }
    reading->at = behind;
    return true;
}

/* Reads one of these names, or its first three letters; its number from 0, or -1. */
static int take_name(struct time_reading *reading, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        char first[4] = {names[i][0], names[i][1], names[i][2], '\0'};
        if (take_word(reading, names[i], true) || take_word(reading, first, true)) { return i; }
    }
    return -1;
}

int time_month_name(struct time_reading *reading)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    return take_name(reading, names, ARRAY_COUNT(names)) + 1;
}

bool time_weekday_name(struct time_reading *reading)
{
    static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
    return take_name(reading, names, ARRAY_COUNT(names)) >= 0;
}

int time_half_day(struct time_reading *reading)
{
    if (take_word(reading, "AM", true) || take_word(reading, "A.M.", false)) { return 0; }
    if (take_word(reading, "PM", true) || take_word(reading, "P.M.", false)) { return 12; }
    return -1;
}

/* ---- Zones ---- */

static int take_offset(struct time_reading *reading)
{
    int sign = *reading->at++ == '-' ? -1 : 1;
    int hours = time_digits(reading, 2), minutes = 0;
    if (time_take(reading, ":") || time_digits_ahead(reading)) {
        minutes = time_digits(reading, 2);
    }
    if (hours > 23 || minutes > 59) { reading->failed = true; }
    return sign * (hours * 60 + minutes);
}

static bool at_sign(const struct time_reading *reading)
{
    return reading->at != reading->end && (*reading->at == '+' || *reading->at == '-');
}

/* Reads a zone's name; false when there is none. */
static bool take_zone_name(struct time_reading *reading, int *ret_minutes)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"Z", 0},   {"UTC", 0},  {"GMT", 0},  {"UT", 0},   {"EST", -5}, {"EDT", -4},
                 {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    for (size_t i = 0; i < ARRAY_COUNT(zones); i++) {
        if (take_word(reading, zones[i].name, true)) {
            *ret_minutes = zones[i].hours * 60;
            return true;
        }
    }
    return false;
}

/* Skips `[Europe/Paris]` or `(CEST)`. A region alone tells no offset, unless it is UTC. */
static void skip_region(struct time_reading *reading, bool known)
{
    time_skip_blanks(reading);
    const char *from = reading->at;
    if (!time_take(reading, "[(")) { return; }
    char close = *from == '[' ? ']' : ')';
    const char *end = memchr(reading->at, close, (size_t)(reading->end - reading->at));
    struct slice name = slice_of(reading->at, end ? (size_t)(end - reading->at) : 0);
    bool utc = slice_equal(name, slice_str("UTC")) || slice_equal(name, slice_str("GMT")) ||
               slice_equal(name, slice_str("Z")) || slice_equal(name, slice_str("Etc/UTC"));
    if (!end || (!known && !utc)) {
        reading->failed = true;
        return;
    }
    reading->at = end + 1;
}

/* Skips the zone's short name behind an offset, as Go prints it: `+0100 CET`. The offset counts. */
static void skip_short_name(struct time_reading *reading)
{
    time_skip_blanks(reading);
    const char *at = reading->at;
    while (at != reading->end && *at >= 'A' && *at <= 'Z') { at++; }
    bool name = at == reading->end && at - reading->at >= 3 && at - reading->at <= 5;
    if (name) { reading->at = at; }
}

int time_zone(struct time_reading *reading)
{
    int minutes = 0;
    time_skip_blanks(reading);
    bool known = take_zone_name(reading, &minutes);
    if (at_sign(reading)) {
        minutes = take_offset(reading);
        known = true;
        skip_short_name(reading);
    }
    skip_region(reading, known);
    return reading->failed ? 0 : minutes;
}

/* ---- Dates ---- */

struct date {
    int year, month, day;
};

/* The day of a year as month and day. */
static struct date ordinal(int year, int day_of_year)
{
    int64_t first, other;
    struct date date = {.year = year};
    if (timestamp_of(year, 1, 1, 0, 0, &first)) { return date; }
    for (date.month = 12; date.month > 0; date.month--) {
        if (timestamp_of(year, date.month, 1, 0, 0, &other)) { return date; }
        date.day = day_of_year - (int)((other - first) / 86400000);
        if (date.day > 0) { break; }
    }
    return date;
}

/* The day of an ISO week: week 1 has the year's first Thursday. */
static struct date of_week(int year, int week, int weekday)
{
    int64_t first;
    struct date none = {.year = year};
    if (week < 1 || week > 53 || weekday < 1 || weekday > 7) { return none; }
    if (timestamp_of(year, 1, 4, 0, 0, &first)) { return none; }
    int64_t days = first / 86400000 - (first % 86400000 < 0);
    int of_fourth = (int)(((days + 3) % 7 + 7) % 7); /* 0: Monday; 1970-01-01 was a Thursday */
    int day = 4 - of_fourth + (week - 1) * 7 + weekday - 1;
    if (day < 1) { return (struct date){.year = year - 1, .month = 12, .day = 31 + day}; }
    struct date date = ordinal(year, day);
    int in_december = date.month == 12 ? 31 : 32;
    if (date.day > in_december) {
        return (struct date){.year = year + 1, .month = 1, .day = date.day - 31};
    }
    return date;
}

static struct date week_date(struct time_reading *reading, int year, bool separated)
{
    int week = time_digits(reading, 2), weekday = 1;
    if (separated ? time_take(reading, "-") : time_digits_ahead(reading) > 0) {
        weekday = time_digits(reading, 1);
    }
    return of_week(year, week, weekday);
}

/* Behind a year of four digits. */
static struct date date_after_year(struct time_reading *reading, int year)
{
    struct date date = {.year = year};
    char separator = reading->at != reading->end ? *reading->at : '\0';
    bool separated = time_take(reading, "-/.");
    if (time_take(reading, "Ww")) { return week_date(reading, year, separated); }
    size_t ahead = time_digits_ahead(reading);
    if (ahead == 3) { return ordinal(year, time_digits(reading, 3)); }
    if (!separated && ahead < 4) { reading->failed = true; }
    date.month = time_digits(reading, 2);
    if (separated) {
        const char again[] = {separator, '\0'};
        expect(reading, again);
    }
    date.day = time_digits(reading, 2);
    return date;
}

/* `Nov 23, 2026`, or `Nov 23` with the year behind the time. */
static struct date date_after_month(struct time_reading *reading, int month)
{
    struct date date = {.month = month, .year = -1};
    (void)time_take(reading, ".");
    time_skip_blanks(reading);
    date.day = time_number(reading, 2);
    (void)time_take(reading, ",");
    time_skip_blanks(reading);
    if (time_digits_ahead(reading) == 4) { date.year = time_digits(reading, 4); }
    return date;
}

/* `23 Nov 2026`, `23/Nov/2026`, `23-Nov-2026`. */
static struct date date_after_day(struct time_reading *reading)
{
    struct date date = {.day = time_number(reading, 2)};
    expect(reading, " /-");
    time_skip_blanks(reading);
    date.month = time_month_name(reading);
    reading->failed |= date.month == 0;
    (void)time_take(reading, ".,");
    expect(reading, " /-");
    date.year = time_digits(reading, 4);
    return date;
}

static struct date read_date(struct time_reading *reading)
{
    if (is_letter(reading) && time_weekday_name(reading)) {
        (void)time_take(reading, ",");
        time_skip_blanks(reading);
    }
    if (is_letter(reading)) {
        int month = time_month_name(reading);
        reading->failed |= month == 0;
        return date_after_month(reading, month);
    }
    size_t ahead = time_digits_ahead(reading);
    if (ahead == 4 || ahead == 7 || ahead == 8 || ahead == 12 || ahead == 14) {
        return date_after_year(reading, time_digits(reading, 4));
    }
    return date_after_day(reading);
}

/* ---- Times of day ---- */

struct time_of_day {
    int hour, minute, second, ms;
};

static struct time_of_day read_time_of_day(struct time_reading *reading)
{
    struct time_of_day time = {.hour = time_number(reading, 2)};
    bool extended = time_take(reading, ":");
    if (extended || time_digits_ahead(reading) >= 2) {
        time.minute = time_digits(reading, 2);
        if (extended ? time_take(reading, ":") : time_digits_ahead(reading) >= 2) {
            time.second = time_digits(reading, 2);
            if (time_take(reading, ".,")) { time.ms = time_fraction(reading); }
        }
    }
    const char *before = reading->at;
    time_skip_blanks(reading);
    int half = time_half_day(reading);
    if (half < 0) {
        reading->at = before;
        return time;
    }
    if (time.hour < 1 || time.hour > 12) { reading->failed = true; }
    time.hour = time.hour % 12 + half;
    return time;
}

static bool is_time(struct time_of_day time)
{
    if (time.hour == 24) { return !time.minute && !time.second && !time.ms; }
    return time.hour <= 23 && time.minute <= 59 && time.second <= 60;
}

static int finish(struct date date, struct time_of_day time, int zone_minutes, int64_t *ret_ms)
{
    if (!is_time(time)) { return -EINVAL; }
    int64_t second = time.hour * 3600 + (time.minute - zone_minutes) * 60 + time.second;
    return timestamp_of(date.year, date.month, date.day, second, time.ms, ret_ms);
}

/* .NET's `/Date(1700000000000+0100)/`: ms since 1970; the offset is for display. */
static int from_date_call(struct time_reading *reading, int64_t *ret_ms)
{
    int64_t ms = 0;
    bool before = time_take(reading, "-");
    for (; reading->at != reading->end && is_digit(*reading->at); reading->at++) {
        if (ms > TIMESTAMP_LAST_MS) { return -EINVAL; }
        ms = ms * 10 + (*reading->at - '0');
    }
    if (at_sign(reading)) { (void)take_offset(reading); }
    bool closed = take_word(reading, ")/", false);
    if (!closed || reading->failed || reading->at != reading->end) { return -EINVAL; }
    return timestamp_from_integer(TIME_FORMAT_MS, before ? -ms : ms, ret_ms);
}

/* Reads what stands behind the time: the zone, and where the date has no year the year before or
 * after it (`Mon Nov 23 08:59:58 UTC 2026`). */
static int read_rest(struct time_reading *reading, struct date *date)
{
    time_skip_blanks(reading);
    if (date->year >= 0) { return time_zone(reading); }
    if (time_digits_ahead(reading)) {
        date->year = time_digits(reading, 4);
        return time_zone(reading);
    }
    int zone = time_zone(reading);
    time_skip_blanks(reading);
    date->year = time_digits(reading, 4);
    return zone;
}

int timestamp_from_text(struct slice text, int64_t *ret_ms)
{
    if (!text.data) { return -EINVAL; }
    struct time_reading reading = {.at = text.data, .end = text.data + text.size};
    struct time_of_day time = {0};
    int zone = 0;
    if (take_word(&reading, "/Date(", false)) { return from_date_call(&reading, ret_ms); }
    struct date date = read_date(&reading);
    if (!reading.failed && reading.at != reading.end) {
        bool packed = time_digits_ahead(&reading) > 0;
        if (!packed) { expect(&reading, "Tt :,_"); }
        time_skip_blanks(&reading);
        if (is_letter(&reading)) { (void)take_word(&reading, "at", true); }
        time_skip_blanks(&reading);
        time = read_time_of_day(&reading);
        zone = reading.failed ? 0 : read_rest(&reading, &date);
    }
    if (reading.failed || reading.at != reading.end) { return -EINVAL; }
    return finish(date, time, zone, ret_ms);
}
