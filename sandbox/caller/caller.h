/* `moonline call`: plays Twilio and a caller against a server, in real time. */
#pragma once

int caller_main(int argc, char **argv); /* argv[0] is "call"; the exit status */
