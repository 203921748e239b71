#include "base/base.h"
#include "stream/http/connection_list.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST = 4 };

static bool is_shut(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* A lower limit shuts down the oldest; one that has left the list is left alone. */
static void test_the_oldest_goes(void **state _unused_)
{
    int pairs[MOST][2];
    struct connection_list *list = connection_list_new(MOST);
    assert_true(connection_list_capacity(list) > MOST);
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        connection_list_begin(list, pairs[i], pairs[i][0], NULL);
    }
    connection_list_end(list, pairs[0]);
    connection_list_limit(list, 2, 2, /* life_ms= */ 0);
    connection_list_check(list);
    for (int i = 0; i < MOST; i++) { assert_int_equal(is_shut(pairs[i][1]), i == 1); }
    for (int i = 0; i < MOST; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    connection_list_free(list);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_oldest_goes)};
    return cmocka_run_group_tests_name("connection_list", tests, NULL, NULL);
}
