/* `moonline text`: a person's text to a number, told to the server as Twilio tells it. */
#pragma once

int text_main(int argc, char **argv); /* the exit status */
