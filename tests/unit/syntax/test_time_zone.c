/* Zones against the C library's, which reads the same files. */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/xalloc.h"
#include "model/rng.h"
#include "syntax/time_zone.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

static int32_t offset_of(struct time_zones *zones, const char *zone, int64_t time_ms)
{
    int32_t offset = -1;
    if (!time_zones_offset(zones, slice_str(zone), time_ms, &offset)) { return INT32_MIN; }
    return offset;
}

static void offsets_are_read(void **state _unused_)
{
    static const struct {
        const char *text;
        int32_t offset;
    } cases[] = {{"Z", 0}, {"UTC", 0}, {"GMT", 0}, {"+02:00", 7200}, {"-0530", -19800},
                 {"+9", 32400}, {"UTC+2", 7200}, {"GMT-03:30", -12600}, {"+14:00", 50400}};
    static const char *const wrong[] = {"", "+", "+15:00", "+02:60", "+02:0", "2", "Z+1", "+2:",
                                        "+020000", "UTC2", " +02:00", "+ab"};
    struct time_zones *zones = time_zones_new("/nowhere");
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        assert_int_equal(offset_of(zones, cases[k].text, 0), cases[k].offset);
    }
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        assert_int_equal(offset_of(zones, wrong[k], 0), INT32_MIN);
    }
    time_zones_free(zones);
    time_zones_free(NULL);
}

static void names_are_those_of_the_database(void **state _unused_)
{
    static const char *const names[] = {
        "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata",
        "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Shanghai", "Etc/GMT+5"};
    struct time_zones *zones = time_zones_new(NULL);
    uint64_t rng = 7;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0) { skip(); }
    for (size_t k = 0; k < ARRAY_COUNT(names); k++) {
        setenv("TZ", names[k], 1);
        tzset();
        for (int i = 0; i < 3000; i++) {
            /* 1900 to 2170 */
            int64_t second = (int64_t)(rng_unit(&rng) * 8.52e9) - INT64_C(2208988800);
            time_t at = (time_t)second;
            struct tm parts;
            assert_non_null(localtime_r(&at, &parts));
            int32_t offset = offset_of(zones, names[k], second * 1000 + 999);
            if (offset != (int32_t)parts.tm_gmtoff) {
                fail_msg("%s at %" PRId64 ": %d, not %ld", names[k], second, offset,
                         parts.tm_gmtoff);
            }
            struct wall_clock clock = time_zone_clock(second * 1000 + 999, offset);
            assert_int_equal(clock.hour, parts.tm_hour);
            assert_int_equal(clock.weekday, parts.tm_wday ? parts.tm_wday : 7);
        }
    }
    unsetenv("TZ");
    tzset();
    time_zones_free(zones);
}

static void other_names_lead_nowhere(void **state _unused_)
{
    static const char *const names[] = {"Europe", "Europe/Nowhere", "../passwd", "/etc/passwd",
                                        "Europe/../Europe/Berlin", "tzdata.zi", "x\n", "europe ",
                                        "Europe//Berlin", "Europe/Berlin/"};
    char long_name[TIME_ZONE_NAME_BYTES_MAX + 2];
    struct time_zones *zones = time_zones_new(NULL);
    for (size_t k = 0; k < ARRAY_COUNT(names); k++) {
        assert_int_equal(offset_of(zones, names[k], 0), INT32_MIN);
    }
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(offset_of(zones, long_name, 0), INT32_MIN);
    time_zones_free(zones);
}

/* A file that is damaged anywhere is refused, or read within its bounds (sanitizers). */
static void damaged_files_do_no_harm(void **state _unused_)
{
    /* One time, in 2021; one type, an hour ahead; and a rule behind it. */
    static const char whole[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" /* 20 */
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                                "\0\0\x0e\x10\0\0CET\0"
                                "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\4"
                                "\0\0\0\0\x60\0\0\0\0\0\0\x0e\x10\0\0CET\0"
                                "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    char directory[] = "/tmp/test-zones.XXXXXX", path[64], bytes[sizeof(whole)];
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/A", directory);
    for (size_t k = 0; k <= sizeof(whole); k++) {
        memcpy(bytes, whole, sizeof(whole));
        size_t size = sizeof(whole) - 1;
        if (k < size) { bytes[k] ^= (char)(k % 2 ? 0xff : 1); }
        for (int cut = 0; cut < 2; cut++) {
            struct slice content = slice_of(bytes, cut ? MIN_OF(k, size) : size);
            assert_int_equal(atomic_file_write(path, content), 0);
            struct time_zones *zones = time_zones_new(directory);
            int32_t offset = offset_of(zones, "A", INT64_C(1782864000000)); /* July 2026 */
            if (k >= size) { assert_int_equal(offset, 7200); }
            assert_true(offset == INT32_MIN || (offset >= -26 * 3600 && offset <= 26 * 3600));
            (void)offset_of(zones, "A", INT64_C(253402300799999));
            (void)offset_of(zones, "A", INT64_C(-62167219200000));
            time_zones_free(zones);
        }
    }
    (void)unlink(path);
    (void)rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_read),
        cmocka_unit_test(names_are_those_of_the_database),
        cmocka_unit_test(other_names_lead_nowhere),
        cmocka_unit_test(damaged_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
