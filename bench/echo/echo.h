/* Two bare echo servers for comparison: what the messages alone cost. Each prints its port and serves for ever. */
#pragma once

int echo_by_epoll(unsigned port);
int echo_by_lws(unsigned port); /* on a libuv loop, as the server under test */
