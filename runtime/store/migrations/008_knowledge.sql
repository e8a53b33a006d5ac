-- What a business knows beside its profile: questions with their answers, and longer texts. A search
-- finds the few that a caller's words are about. `language` is a text search configuration of Postgres.

-- Of text[] it depends on nothing else; Postgres says so only of arrays in general.
create function words_of(items text[]) returns text
    language sql immutable
    as $$ select array_to_string(items, ' ') $$;

create table faqs (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    question text not null check (length(question) between 1 and 500),
    answer text not null check (length(answer) between 1 and 2000),
    tags text[] not null default '{}',      -- other words that callers use for it
    language regconfig not null default 'english',
    search tsvector generated always as (
        setweight(to_tsvector(language, question || ' ' || words_of(tags)), 'A')
        || setweight(to_tsvector(language, answer), 'C')) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table knowledge_documents (
    id uuid primary key default gen_random_uuid(),
    tenant_id text not null default current_tenant() check (tenant_id <> ''),
    title text not null check (length(title) between 1 and 500),
    body text not null check (length(body) between 1 and 32768),
    language regconfig not null default 'english',
    search tsvector generated always as (
        setweight(to_tsvector(language, title), 'A') || setweight(to_tsvector(language, body), 'C')) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- A tenant's own search comes by the first index (row-level security is looked at before words); the second is for people
-- who search as the owner.
do $$
declare
    name text;
begin
    foreach name in array array['faqs', 'knowledge_documents']
    loop
        execute format('create index %I on %I (tenant_id)', name || '_by_tenant', name);
        execute format('create index %I on %I using gin (search)', name || '_by_words', name);
        execute format('alter table %I enable row level security', name);
        execute format('create policy own_rows on %I using (tenant_id = current_tenant()) '
            'with check (tenant_id = current_tenant())', name);
        execute format('grant select, insert, update, delete on %I to moonline_tenant', name);
    end loop;
end
$$;

-- What of the tenant's knowledge and of `defaults` ([{"title", "tags", "text"}], what its script brings) the words are
-- about, best first. People speak whole sentences, so one word is enough to be found; and a word that few pieces hold
-- counts for more than one that many do. Long texts are cut to the passage.
create function knowledge_search(words text, config text, defaults jsonb, at_most int)
    returns table (title text, body text, score real)
    language sql stable
as $$
    with setting as materialized (
        select coalesce((select oid from pg_ts_config
                         where cfgname = config and cfgnamespace = 'pg_catalog'::regnamespace),
                        'simple'::regconfig)::regconfig as language
    ), asked as materialized (
        select lexeme, quote_literal(lexeme)::tsquery as word
        from setting, unnest(to_tsvector(setting.language, replace(words, '\', ' ')))
        order by positions limit 32
    ), any_word as materialized (
        select string_agg(quote_literal(lexeme), ' | ')::tsquery as query from asked
    ), brought as materialized (
        select item ->> 'title' as title, item ->> 'text' as body,
            setweight(to_tsvector(setting.language, concat_ws(' ', item ->> 'title', item ->> 'tags')), 'A')
            || setweight(to_tsvector(setting.language, item ->> 'text'), 'C') as search
        from setting, jsonb_array_elements(defaults) as item
    ), pieces as materialized (
        select question as title, answer as body, search from faqs
        where search @@ (select query from any_word)
        union all
        select d.title, d.body, d.search from knowledge_documents d
        where search @@ (select query from any_word)
        union all
        select brought.title, brought.body, brought.search from brought
        where search @@ (select query from any_word)
    ), hits as (
        select piece.title, piece.body, ts_rank(piece.search, asked.word, 1) as rank,
            count(*) over (partition by asked.lexeme) as holders
        from pieces as piece join asked on piece.search @@ asked.word
    ), best as (
        select hits.title, hits.body,
            sum(rank * ln(1 + (select count(*) from pieces)::float8 / holders))::real as score
        from hits group by 1, 2 order by 3 desc, 1 limit at_most
    )
    select best.title,
        case when length(best.body) <= 700 then best.body
             else ts_headline(setting.language, best.body, any_word.query,
                              'StartSel="", StopSel="", MaxWords=100, MinWords=40, MaxFragments=1') end,
        best.score
    from best, setting, any_word
    order by best.score desc, best.title
$$;
