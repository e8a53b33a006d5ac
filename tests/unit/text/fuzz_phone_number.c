/* Any bytes as a telephone number and as an e-mail address: refused, or in a form that is read as itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/email_address.h"
#include "text/phone_number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const countries[] = {"US", "DE", "IT", "XX"};
    struct slice text = {(const char *)data, size};
    char number[PHONE_NUMBER_SIZE], address[EMAIL_ADDRESS_SIZE], again[EMAIL_ADDRESS_SIZE];
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++) {
        if (phone_number_read(number, text, slice_from(countries[i])) != ERR_OK)
            continue;
        size_t len = strlen(number);
        if (len < 7 ||
            strspn(number + (number[0] == '+'), "0123456789") + (number[0] == '+') != len)
            abort();
        if (number[0] == '+' &&
            (phone_number_read(again, slice_from(number), slice_from(countries[i])) != ERR_OK ||
                strcmp(again, number) != 0))
            abort();
    }
    if (email_address_read(address, text) == ERR_OK &&
        (email_address_read(again, slice_from(address)) != ERR_OK || strcmp(again, address) != 0))
        abort();
    return 0;
}
