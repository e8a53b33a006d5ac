#include "api/admin_providers.h"

#include "routing/standing.h"

static void add_field(struct strbuf *out, const char *name, const char *value)
{
    strbuf_printf(out, ",\"%s\":", name);
    strbuf_add_json(out, slice_from(value));
}

static void add_standing(struct strbuf *out, const struct standing *standing)
{
    strbuf_printf(out, ",\"under_way\":%u,\"circuits_open\":%u,\"usual_ms\":%u}",
        standing ? standing->under_way : 0, standing ? standing->circuits_open : 0,
        standing ? standing->usual_ms : 0);
}

static void add_provider(struct strbuf *out, const struct provider *provider)
{
    struct provider copy = *provider;
    strbuf_printf(out, "{\"slot\":\"%s\"", slot_name(provider->driver->slot));
    add_field(out, "name", provider->name);
    add_field(out, "driver", provider->driver->name);
    add_field(out, "base_url", *provider_base_url(&copy));
    add_field(out, "model", provider_model(provider));
    add_field(out, "key", provider->key_source);
    strbuf_printf(out, ",\"most_at_once\":%u", provider->most_at_once);
    add_standing(out, standing_find(provider->driver->slot, provider->name));
}

static void add_key(struct strbuf *out, const struct provider_key *key)
{
    strbuf_add_text(out, "{\"tenant\":");
    strbuf_add_json(out, slice_from(key->tenant_id));
    add_field(out, "provider", key->provider);
    add_field(out, "key", key->source);
    strbuf_add_char(out, '}');
}

void admin_providers_json(struct strbuf *out)
{
    char refused[CATALOG_WHY_SIZE];
    struct catalog *catalog = catalog_now();
    strbuf_add_text(out, "{\"providers\":[");
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        strbuf_add_text(out, i ? "," : "");
        add_provider(out, catalog_at(catalog, i));
    }
    strbuf_add_text(out, "],\"tenant_keys\":[");
    for (size_t i = 0; i < catalog_key_count(catalog); i++) {
        strbuf_add_text(out, i ? "," : "");
        add_key(out, catalog_key_at(catalog, i));
    }
    catalog_refused(refused);
    strbuf_add_char(out, ']');
    add_field(out, "refused", refused);
    strbuf_add_text(out, "}\n");
    catalog_release(catalog);
}

void admin_providers_metrics(struct strbuf *out)
{
    struct catalog *catalog = catalog_now();
    strbuf_add_text(out, "# HELP moonline_provider_circuits_open Circuits of media threads and "
                         "keys that leave a provider "
                         "alone.\n# TYPE moonline_provider_circuits_open gauge\n");
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        const struct provider *provider = catalog_at(catalog, i);
        const char *slot = slot_name(provider->driver->slot);
        const struct standing *standing = standing_find(provider->driver->slot, provider->name);
        strbuf_printf(out, "moonline_provider_circuits_open{slot=\"%s\",provider=\"%s\"} %u\n",
            slot, provider->name, standing ? standing->circuits_open : 0);
    }
    catalog_release(catalog);
}
