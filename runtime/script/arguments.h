/* What a model wrote as a tool's arguments, held against the tool's JSON schema as its author wrote it: type, enum, const,
   required, properties, additionalProperties, items, minimum and maximum (also exclusive), multipleOf, minItems, maxItems,
   minLength, maxLength, anyOf, nullable. Patterns and formats are for the model only. Pure, and bounded: no more than
   ARGUMENTS_STEPS values are looked at, whatever the schema says. */
#pragma once

#include <jansson.h>

#include "base/err.h"

#define ARGUMENTS_STEPS 20000
#define ARGUMENTS_DEPTH_MAX 32
#define ARGUMENTS_TEXT_MAX 4000 /* characters of a text, whatever the schema says; none of them a control character */
#define ARGUMENTS_WHY_SIZE 480

/* Null members that are not required are taken as left out (models in strict mode write them so) and dropped, unless what is left
   would not fit.
   ERR_BAD with `why`, which is meant for the model and names the place: "start: must be a string". */
must_use enum err arguments_check(
    json_t *arguments, const json_t *schema, char why[ARGUMENTS_WHY_SIZE]);
