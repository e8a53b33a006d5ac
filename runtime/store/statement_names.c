#include <stdlib.h>
#include <string.h>

#include "store/statement.h"

/* Sorted, for bsearch. Functions here read only their arguments and the clock: they neither run SQL
   given as text, nor change settings, nor wait, nor reach files, locks or other sessions. Functions
   that make something large out of something small (repeat, lpad, format, generate_series) are left out:
   an answer is held in memory. */
static const char *const NAMES[] = {"abs", "age", "all", "and", "any", "array", "array_agg",
    "array_append", "array_length", "array_position", "array_prepend", "array_remove",
    "array_to_json", "array_to_string", "as", "avg", "between", "bit", "bool_and", "bool_or",
    "btrim", "by", "cardinality", "case", "cast", "ceil", "ceiling", "char", "char_length",
    "character", "coalesce", "concat", "concat_ws", "conflict", "count", "cube", "current_tenant",
    "current_time", "current_timestamp", "date", "date_bin", "date_part", "date_trunc", "decimal",
    "dense_rank", "distinct", "else", "every", "except", "exists", "extract", "fetch", "filter",
    "first_value", "float", "floor", "from", "gen_random_uuid", "greatest", "group", "having",
    "ilike", "in", "initcap", "intersect", "interval", "is", "isempty", "isfinite", "json_agg",
    "json_build_array", "json_build_object", "json_object_agg", "jsonb_agg", "jsonb_array_elements",
    "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array", "jsonb_build_object",
    "jsonb_each", "jsonb_each_text", "jsonb_extract_path", "jsonb_extract_path_text",
    "jsonb_object_agg", "jsonb_object_keys", "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof",
    "justify_days", "justify_hours", "justify_interval", "knowledge_search", "lag", "last_value",
    "lateral", "lead", "least", "left", "length", "like", "limit", "localtime", "localtimestamp",
    "lower", "lower_inc", "lower_inf", "ltrim", "make_date", "make_interval", "make_time",
    "make_timestamp", "make_timestamptz", "materialized", "max", "md5", "min", "mod", "not", "now",
    "ntile", "nullif", "num_nonnulls", "num_nulls", "numeric", "offset", "on", "or", "order",
    "over", "overlaps", "overlay", "partition", "percentile_cont", "percentile_disc", "position",
    "power", "random", "range_agg", "range_merge", "rank", "regexp_match", "regexp_replace",
    "replace", "returning", "reverse", "right", "rollup", "round", "row", "row_number",
    "row_to_json", "rtrim", "save_contact", "select", "set", "sets", "sign", "similar", "some",
    "split_part", "sqrt", "starts_with", "string_agg", "string_to_array", "strpos", "substr",
    "substring", "sum", "then", "time", "timestamp", "timestamptz", "timezone", "to", "to_char",
    "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp", "translate", "trim", "trunc",
    "tstzrange", "union", "unnest", "upper", "upper_inc", "upper_inf", "using", "values", "varchar",
    "when", "where", "width_bucket", "within"};

static int compare(const void *key, const void *entry)
{
    const struct slice *name = key;
    const char *known = *(const char *const *)entry;
    int order = strncmp(name->data, known, name->len);
    return order ? order : known[name->len] ? -1 : 0;
}

bool statement_may_call(struct slice lower_name)
{
    return bsearch(&lower_name, NAMES, sizeof NAMES / sizeof NAMES[0], sizeof NAMES[0], compare);
}
