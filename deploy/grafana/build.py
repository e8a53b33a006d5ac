#!/usr/bin/env python3
"""Writes the dashboards beside it: `python3 deploy/grafana/build.py`. The JSON files are what Grafana imports; change them here, so that
they stay alike. `--check` says whether they are what this file makes. Every query is run by tests/e2e/test_operations.py."""

import pathlib
import sys

from panels import (NODES, bars, dashboard, label_values, lines, number, query, row, source, sql, sql_variable, table, text_of, trace)

HERE = pathlib.Path(__file__).resolve().parent
HOPS = (
    ("turn_response", "Turn response", "The caller's last word to the first sound of the reply: all that follows, and the silence that is waited for."),
    ("transcript", "Final transcript", "Speech committed to its final transcript: speech-to-text."),
    ("first_token", "First token", "Chat request to its first token: the model."),
    ("first_audio", "First audio", "First words sent to their first sound: text-to-speech."),
    ("tool", "Tools", "Tool asked to tool answered: the tenant's script and what it asks."),
    ("partial", "First partial", "The caller begins to speak to the first words of it."),
    ("prompt", "Prompt", "Script asked for the prompt to prompt built."),
    ("whole_answer", "Whole answer", "Chat request to the end of its answer."),
    ("own_delay", "Own delay", "What a turn spends in this process, beyond configured waits and providers."),
    ("barge_in", "Barge-in", "The caller begins to speak over a reply to the reply turned down."),
    ("webhook", "Webhook", "Voice webhook read to answered: so much longer it rings."),
)


def per_second(metric, by, of="@"):
    return f"sum by ({by}) (rate({metric}{{{of}}}[$__rate_interval]))"


def share(part, whole):
    return f"sum(rate({part}[$__rate_interval])) / sum(rate({whole}[$__rate_interval]))"


def quantiles(metric, by="", of="@"):
    """Two lines of a histogram, by some labels."""
    labels = f"{by}, le" if by else "le"
    legend = " ".join(f"{{{{{label}}}}}" for label in by.split(", ") if label)
    return [query(f"histogram_quantile({quantile}, sum by ({labels}) (rate({metric}_bucket{{{of}}}[$__rate_interval])))", f"{name} {legend}".strip())
            for name, quantile in (("p50", 0.5), ("p95", 0.95))]


def hop_lines(hop, title, description):
    return lines(title, description, "s",
                 query(f'moonline:latency_seconds:p50_10m{{job="$job", hop="{hop}"}}', "p50"),
                 query(f'moonline:latency_seconds:p95_10m{{job="$job", hop="{hop}"}}', "p95"),
                 query(f'moonline:latency_budget_seconds{{hop="{hop}"}}', "budget of p95"))


def overview():
    return dashboard("overview", "overview", "Whether callers are answered, and what is not well.", NODES, [
        number("Nodes up", "Admin ports that answer.", "short", 'sum(up{job="$job", instance=~"$instance"})', ("red", ("green", 1))),
        number("Calls now", "Calls with an open stream.", "short", "sum(moonline_calls_active{@})"),
        number("Calls an hour", "Begun in the last hour.", "short", "sum(increase(moonline_calls_started_total{@}[1h]))"),
        number("Response p95", "The caller's last word to the first sound of the reply, of 95 of 100 turns in ten minutes.", "s",
               'max(moonline:latency_seconds:p95_10m{job="$job", hop="turn_response"})', ("green", ("orange", 1.5), ("red", 2))),
        number("Apologies", "Turns that ended in an apology, in an hour.", "percentunit",
               "sum(increase(moonline_apologies_total{@}[1h])) / sum(increase(moonline_turns_total{@}[1h]))", ("green", ("orange", 0.01), ("red", 0.05))),
        number("Postgres", "The fewest of the nodes' connections: 0 while one has none.", "bool_on_off", "min(moonline_database_up{@})", ("red", ("green", 1))),
        number("Oldest row", "How long the oldest row that is not in Postgres has waited.", "s", "max(moonline_journal_oldest_seconds{@})",
               ("green", ("orange", 60), ("red", 300))),
        number("Alerts", "Alerts of Moonline that fire.", "short", 'count(ALERTS{alertname=~"Moonline.*", alertstate="firing"}) or vector(0)',
               ("green", ("orange", 1), ("red", 5))),

        row("Calls"),
        lines("Calls by what goes on", "Of all calls with an open stream.", "short", query("sum by (state) (moonline_calls{@})", "{{state}}"), stacked=True),
        lines("Ended calls by outcome", "As far as it was known when the stream ended.", "cps",
              query(per_second("moonline_calls_ended_total", "outcome"), "{{outcome}}"), stacked=True),
        lines("Callers turned away", "Voice webhooks that were answered with a refusal, and streams that were closed for what they sent.", "cps",
              query(per_second("moonline_calls_refused_total", "reason"), "{{reason}}"),
              query(per_second("moonline_stream_refused_total", "reason"), "stream: {{reason}}")),
        lines("Turn response", "The caller's last word to the first sound of the reply.", "s", *quantiles("moonline_turn_response_seconds"),
              query('moonline:latency_budget_seconds{hop="turn_response"}', "budget of p95")),
        lines("Interruptions", "Voices over replies: the reply was cut, went on, or was over anyway.", "cps",
              query(per_second("moonline_interruptions_total", "outcome"), "{{outcome}}"),
              query("sum(rate(moonline_false_alarms_total{@}[$__rate_interval]))", "false alarms")),
        lines("Turns", "Turns, those that a script answered by itself, waits that were filled, apologies.", "cps",
              query("sum(rate(moonline_turns_total{@}[$__rate_interval]))", "turns"),
              query("sum(rate(moonline_turns_by_script_total{@}[$__rate_interval]))", "by script"),
              query("sum(rate(moonline_fillers_total{@}[$__rate_interval]))", "fillers"),
              query("sum(rate(moonline_apologies_total{@}[$__rate_interval]))", "apologies")),

        row("Sound"),
        lines("Frames that went wrong", "Out: sent late, dropped. In: lost, late, made up. As a share of the frames of their direction.", "percentunit",
              query(share("moonline_frames_late_total{@}", "moonline_frames_out_total{@}"), "out: late"),
              query(share("moonline_frames_dropped_total{@}", "moonline_frames_out_total{@}"), "out: dropped"),
              query(share("moonline_frames_lost_total{@}", "moonline_frames_in_total{@}"), "in: lost"),
              query(share("moonline_jitter_late_total{@}", "moonline_frames_in_total{@}"), "in: late"),
              query(share("moonline_frames_concealed_total{@}", "moonline_frames_in_total{@}"), "in: made up"), levels=("green", ("red", 0.001))),
        lines("Lateness of frames", "How far past its time a frame was sent.", "s", *quantiles("moonline_frame_lateness_seconds"),
              query("max by (instance) (moonline_frame_lateness_worst_seconds{@})", "worst {{instance}}"), levels=("green", ("red", 0.005))),
        lines("Underruns", "Times that the carrier had played all it had in the middle of a reply.", "cps",
              query("sum by (instance) (rate(moonline_outbound_underruns_total{@}[$__rate_interval]))", "{{instance}}")),
        lines("Drift and jitter", "Worst of a node's calls: stream's time against ours, and depth of the buffer.", "s",
              query("max by (instance) (moonline_media_drift_seconds{@})", "drift {{instance}}"),
              query("max by (instance) (moonline_jitter_depth_seconds{@})", "depth {{instance}}")),
        lines("Sent ahead", "The least that is sent ahead of what is played, while something plays.", "s",
              query("min by (instance) (moonline_pacer_lead_seconds{@})", "{{instance}}")),
        lines("What waits", "Most sound of a call that waits to be heard by speech-to-text, and that waits to be played.", "s",
              query("max by (instance) (moonline_stt_queue_seconds{@})", "to be heard {{instance}}"),
              query("max by (instance) (moonline_tts_buffer_seconds{@})", "to be played {{instance}}")),

        row("Scripts and tools"),
        lines("Script runs by ending", "What a run came to; out of time and out of memory are limits of the tenant.", "cps",
              query(per_second("moonline_script_runs_ended_total", "ending"), "{{ending}}")),
        lines("Changed scripts", "What became of them, an hour.", "short",
              query("sum by (outcome) (increase(moonline_script_reloads_total{@}[1h]))", "{{outcome}}")),
        lines("Tools", "Results that the model was given.", "cps", query(per_second("moonline_tool_results_total", "outcome"), "{{outcome}}"), stacked=True),
        lines("Memory of scripts", "Of all Lua VMs.", "bytes", query("sum by (instance) (moonline_script_vm_bytes{@})", "{{instance}}")),
        lines("Hooks that failed", "By hook.", "cps", query(per_second("moonline_hook_failures_total", "hook"), "{{hook}}")),
        lines("Requests of scripts refused", "More than a tenant or a run may ask for.", "cps",
              query("sum by (instance) (rate(moonline_script_limited_total{@}[$__rate_interval]))", "{{instance}}")),

        row("Rows, texts, transfers"),
        lines("Rows that wait", "In the journal, and in all; they are to be near none.", "short",
              query("sum by (instance) (moonline_journal_rows{@})", "journal {{instance}}"),
              query("sum by (instance) (moonline_records_waiting{@})", "all {{instance}}"),
              query("sum by (instance) (moonline_journal_refused_rows{@})", "refused {{instance}}")),
        lines("Age of the oldest row", "And whether the journal writes.", "s",
              query("max by (instance) (moonline_journal_oldest_seconds{@})", "{{instance}}"), levels=("green", ("red", 300))),
        lines("Rows written and lost", "Acknowledged by Postgres; lost ones are gone.", "cps",
              query("sum(rate(moonline_records_written_total{@}[$__rate_interval]))", "written"),
              query("sum(rate(moonline_records_dropped_total{@}[$__rate_interval]))", "lost")),
        lines("Outbox", "Texts and calls that wait to go out, and of which nobody knows whether they did.", "short",
              query("max(moonline_outbox_queued{@})", "queued"), query("max(moonline_outbox_unknown{@})", "unknown")),
        lines("What became of texts and calls", "That a node took from the outbox.", "cps", query(per_second("moonline_outbox_total", "became"), "{{became}}")),
        lines("Transfers and recordings", "By what they came to.", "cps",
              query(per_second("moonline_transfers_total", "outcome"), "transfer: {{outcome}}"),
              query(per_second("moonline_call_recordings_total", "outcome"), "recording: {{outcome}}")),

        row("What looks at calls"),
        lines("Spans", "Sent to the collector, and dropped.", "cps",
              query("sum(rate(moonline_spans_exported_total{@}[$__rate_interval]))", "sent"),
              query(per_second("moonline_spans_dropped_total", "reason"), "dropped: {{reason}}")),
        lines("Requests to the collector", "By how they ended.", "cps", query(per_second("moonline_span_exports_total", "outcome"), "{{outcome}}")),
        lines("Captures", "By what they came to, an hour.", "short",
              query("sum by (outcome) (increase(moonline_captures_total{@}[1h]))", "{{outcome}}")),

        row("Processes"),
        lines("Lateness of threads", "How late a thread's loop came by at worst, in five seconds.", "s",
              query("max by (instance, thread) (moonline_loop_lag_seconds{@})", "{{instance}} {{thread}}"), levels=("green", ("red", 0.1))),
        lines("Late threads", "Share of the 20 ms steps of a media thread that were late; new calls are refused where it is too much.", "percentunit",
              query("max by (instance) (moonline_thread_late_ratio{@})", "{{instance}}"), levels=("green", ("red", 0.1))),
        lines("Calls by thread", "Media threads, and whether one is late (1).", "short",
              query("sum by (instance, thread) (moonline_thread_calls{@})", "{{instance}} {{thread}}"),
              query("max by (instance) (moonline_thread_late{@})", "late {{instance}}")),
        lines("CPU", "Cores in use.", "short", query("sum by (instance) (rate(process_cpu_seconds_total{@}[$__rate_interval]))", "{{instance}}")),
        lines("Memory", "Resident.", "bytes", query("sum by (instance) (process_resident_memory_bytes{@})", "{{instance}}")),
        lines("Descriptors", "Open, as a share of what may be.", "percentunit",
              query("sum by (instance) (process_open_fds{@}) / sum by (instance) (process_max_fds{@})", "{{instance}}"), levels=("green", ("red", 0.8))),
        lines("Full queues", "Letters between threads that were refused.", "cps", query(per_second("moonline_queue_refused_total", "queue"), "{{queue}}")),
        lines("Lines of log dropped", "What reads them is too slow.", "cps",
              query("sum by (instance) (rate(moonline_log_lines_dropped_total{@}[$__rate_interval]))", "{{instance}}")),
        table("Builds", "Which build each node runs, and since when.",
              query("max by (instance, version, commit) (moonline_build_info{@})", instant=True),
              query("max by (instance) (moonline_start_time_seconds{@}) * 1000", instant=True), width=8),
    ])


def latency():
    return dashboard("latency", "latency budget", "Where the time of an answer goes, hop by hop, against expectations.yml.", NODES, [
        table("Budget", "p95 of ten minutes, as a share of the budget. Above 1 the hop is too slow.",
              query('sum by (hop) (moonline:latency_seconds:p95_10m{job="$job"}) / sum by (hop) (moonline:latency_budget_seconds)', instant=True),
              unit="percentunit", levels=("green", ("orange", 0.8), ("red", 1)), width=8),
        lines("Where a turn's time goes", "Mean of each part; together they are the mean response. silence_wait is waited for on purpose.", "s",
              query('moonline:turn_part_seconds:mean_10m{job="$job"}', "{{part}}"), stacked=True, width=16),
        row("By hop: p50, p95 and budget"),
        *[hop_lines(*hop) for hop in HOPS],
        row("By part of the turn"),
        lines("p50 of the parts", "They do not add up: percentiles never do.", "s", query('moonline:turn_part_seconds:p50_10m{job="$job"}', "{{part}}"), width=12),
        lines("p95 of the parts", "What makes the slow turns slow.", "s", query('moonline:turn_part_seconds:p95_10m{job="$job"}', "{{part}}"), width=12),
        row("Beside the budget"),
        lines("Tokens a second", "Of the chat model, once it has begun.", "short", *quantiles("moonline_llm_tokens_per_second")),
        lines("End of speech to final", "With the silence that is waited for before speech is committed.", "s", *quantiles("moonline_stt_lag_seconds")),
        lines("How many were measured", "In ten minutes: alerts want 20.", "short",
              query('moonline:latency_observations:increase10m{job="$job"}', "{{hop}}"), levels=("red", ("green", 20))),
    ])


def providers():
    chosen = '@, provider=~"$provider"'
    return dashboard("providers", "providers", "Who hears, thinks and speaks: how often it fails, how long it takes, what it costs.",
                     [*NODES, label_values("provider", "Provider", 'label_values(moonline_provider_requests_total{job="$job"}, provider)', many=True)], [
        lines("Requests", "Sessions, requests and texts that a provider was asked for.", "cps",
              query(f"sum by (provider, slot) (rate(moonline_provider_requests_total{{{chosen}}}[$__rate_interval]))", "{{provider}} {{slot}}"), stacked=True),
        lines("Failures", "By how they ended: failed, too late, refused.", "cps",
              query(f'sum by (provider, slot, outcome) (rate(moonline_provider_requests_total{{{chosen}, outcome!="ok"}}[$__rate_interval]))',
                    "{{provider}} {{slot}} {{outcome}}")),
        lines("Share that fails", "Of all that it was asked for.", "percentunit",
              query(f"""1 - sum by (provider, slot) (rate(moonline_provider_requests_total{{{chosen}, outcome="ok"}}[$__rate_interval]))
                          / sum by (provider, slot) (rate(moonline_provider_requests_total{{{chosen}}}[$__rate_interval]))""", "{{provider}} {{slot}}"),
              levels=("green", ("red", 0.1))),
        lines("How long: hearing", "Final transcript.", "s", *quantiles("moonline_provider_seconds", "provider", f'{chosen}, slot="hear"')),
        lines("How long: thinking", "First token.", "s", *quantiles("moonline_provider_seconds", "provider", f'{chosen}, slot="think"')),
        lines("How long: speaking", "First audio.", "s", *quantiles("moonline_provider_seconds", "provider", f'{chosen}, slot="speak"')),
        lines("Left alone", "Media threads, and keys of them, that do not ask a provider because it failed.", "short",
              query(f"sum by (provider, slot) (moonline_provider_circuit_open{{{chosen}}})", "{{provider}} {{slot}}"), levels=("green", ("red", 1))),
        lines("Asked again, asked next", "The same provider once more, and the next one of the list.", "cps",
              query(per_second("moonline_provider_retries_total", "slot"), "again {{slot}}"),
              query(per_second("moonline_provider_fallbacks_total", "slot"), "next {{slot}}"),
              query(per_second("moonline_provider_failures_total", "slot"), "failed {{slot}}")),
        lines("Nobody left", "What no provider survived: callers heard of it.", "cps",
              query("sum(rate(moonline_stt_failures_total{@}[$__rate_interval]))", "hear"),
              query("sum(rate(moonline_llm_failures_total{@}[$__rate_interval]))", "think"),
              query("sum(rate(moonline_tts_failures_total{@}[$__rate_interval]))", "speak")),
        lines("Waits for a key", "Requests that waited because a key had as much under way as it may.", "cps",
              query(per_second("moonline_provider_permit_waits_total", "slot"), "{{slot}}")),
        lines("Hedges", "Second providers asked because a first token was late, and those that were first.", "cps",
              query(per_second("moonline_provider_hedges_total", "outcome"), "{{outcome}}")),
        lines("Certificates refused", "Connections given up for the other side's certificate.", "cps",
              query("sum by (instance) (rate(moonline_tls_refused_total{@}[$__rate_interval]))", "{{instance}}")),
        row("Use and money"),
        lines("Cost an hour", "Where prices are known.", "currencyUSD", query("sum by (slot) (rate(moonline_cost_usd_total{@}[1h])) * 3600", "{{slot}}"), stacked=True),
        lines("Tokens", "Of chat models; cached ones are not among the input.", "cps", query(per_second("moonline_usage_tokens_total", "kind"), "{{kind}}"), stacked=True),
        lines("Heard and spoken", "Seconds of sound sent to be heard, and characters sent to be spoken, a second.", "short",
              query("sum(rate(moonline_usage_seconds_total{@}[$__rate_interval]))", "seconds heard"),
              query("sum(rate(moonline_usage_characters_total{@}[$__rate_interval]))", "characters spoken")),
    ])


def tenants():
    chosen = '@, tenant=~"$tenant"'
    return dashboard("tenants", "tenants", "Who has calls, who waits, who fails. The first 256 tenants of a process; further ones are `other`.",
                     [*NODES, label_values("tenant", "Tenant", 'label_values(moonline_tenant_calls_started_total{job="$job"}, tenant)', many=True)], [
        lines("Calls now", "The twenty with the most.", "short", query(f"topk(20, sum by (tenant) (moonline_tenant_calls_active{{{chosen}}}))", "{{tenant}}"), stacked=True, width=12),
        lines("Calls an hour", "Begun in the last hour.", "short",
              query(f"topk(20, sum by (tenant) (increase(moonline_tenant_calls_started_total{{{chosen}}}[1h])))", "{{tenant}}"), width=12),
        lines("Mean response", "The caller's last word to the first sound of the reply.", "s",
              query(f"""topk(20, sum by (tenant) (rate(moonline_tenant_response_seconds_total{{{chosen}}}[10m]))
                          / (sum by (tenant) (rate(moonline_tenant_turns_total{{{chosen}}}[10m])) > 0))""", "{{tenant}}"), width=12),
        lines("Failures", "Apologies and failed calls, as a share of the turns.", "percentunit",
              query(f"""topk(20, sum by (tenant) (rate(moonline_tenant_failures_total{{{chosen}}}[10m]))
                          / (sum by (tenant) (rate(moonline_tenant_turns_total{{{chosen}}}[10m])) > 0))""", "{{tenant}}"), levels=("green", ("red", 0.05)), width=12),
        table("An hour", "Calls, turns and failures of the last hour.",
              query(f"sum by (tenant) (increase(moonline_tenant_calls_started_total{{{chosen}}}[1h]))", instant=True),
              query(f"sum by (tenant) (increase(moonline_tenant_turns_total{{{chosen}}}[1h]))", instant=True),
              query(f"sum by (tenant) (increase(moonline_tenant_failures_total{{{chosen}}}[1h]))", instant=True), width=16),
        lines("Budgets", "Of all tenants: nearly spent, and spent; whose, `moonline usage` says.", "short",
              query("max by (state) (moonline_budgets{@})", "{{state}}")),
    ])


# As the runtime makes it of the CallSid: a caller who comes back after a break goes on in the same trace.
TRACE_ID = "regexp_replace(left(encode(sha256(convert_to(call_sid, 'UTF8')), 'hex'), 32), '^00', '01')"


def one_call():
    this = "(select id from calls where call_sid = ${call:sqlstring} or id::text = ${call:sqlstring})"
    return dashboard("call", "one call", "What happened in a call, from its rows. Words of callers are shown as they are kept: mind who may see this.",
                     [source("postgres", "grafana-postgresql-datasource", "Postgres"),
                      sql_variable("call", """select coalesce(call_sid, id::text) as __value,
                          to_char(started_at, 'DD Mon HH24:MI:SS') || ' ' || tenant_id || ' ' || coalesce(outcome, '…') as __text
                          from calls where $__timeFilter(started_at) order by started_at desc limit 500"""),
                      source("tempo", "tempo", "Traces"),
                      sql_variable("trace", f"select distinct {TRACE_ID} from calls where id in {this}", is_hidden=True)], [
        table("The call", "Several rows where a caller came back after a break.", sql(f"""
            select started_at, tenant_id as tenant, direction, outcome, end_reason, duration_ms / 1000.0 as seconds, ring_ms, silence_ms, hold_ms,
                caller_talk_ms, agent_talk_ms, barge_ins, false_alarms, provider, model, left(script_version, 12) as script, attempt, node,
                {TRACE_ID} as trace_id
            from calls where id in {this} order by attempt"""), height=5),
        bars("Where the time of each turn went", "What was waited for, hop by hop; the rest of the response is the silence that is waited for, and ours.", "ms", sql(f"""
            select '#' || turn_index as turn, stt_ms as transcript, prompt_ms as prompt, llm_first_ms as first_token, tts_first_ms as first_audio,
                greatest(0, response_ms - coalesce(stt_ms, 0) - coalesce(prompt_ms, 0) - coalesce(llm_first_ms, 0) - coalesce(tts_first_ms, 0)) as waits_and_own
            from turns where call_id in {this} order by started_at, turn_index""")),
        table("Turns", "What was said and heard, why a turn ended, how long the answer took.", sql(f"""
            select turn_index as turn, started_at, reason, caller_text as caller, heard_text as heard, unheard_text as unheard, was_interrupted as interrupted,
                response_ms, stt_ms, prompt_ms, llm_first_ms, tts_first_ms, silence_ms, heard_by, provider, model, spoken_by, left(script_version, 12) as script
            from turns where call_id in {this} order by started_at, turn_index"""), unit="none", height=12),
        table("Tools", "What was asked of them and what came of it.", sql(f"""
            select turn_index as turn, name, ending, elapsed_ms, arguments::text as arguments, result::text as result
            from tool_calls where call_id in {this} order by created_at"""), unit="none", width=16),
        table("What it used", "Of providers, and what that cost.", sql(f"""
            select slot, provider, model, seconds, characters, input_tokens, cached_tokens, output_tokens, cost_micro_usd / 1e6 as usd
            from usage where call_id in {this} order by slot"""), unit="none", width=8),
        row("Its trace"),
        table("Spans", "Every hop of the call as Postgres has it: when, how long, what failed, who was asked.", sql(f"""
            select to_timestamp((s ->> 'startTimeUnixNano')::numeric / 1e9) as began, s ->> 'name' as span,
                round(((s ->> 'endTimeUnixNano')::numeric - (s ->> 'startTimeUnixNano')::numeric) / 1e6) as ms,
                coalesce(s #>> '{{status,code}}', '0') = '2' as failed,
                (select string_agg(a ->> 'key' || '=' || coalesce(a #>> '{{value,stringValue}}', a #>> '{{value,intValue}}', a #>> '{{value,boolValue}}'), ' ')
                    from jsonb_array_elements(s -> 'attributes') a where a ->> 'key' not in ('tenant', 'call_id', 'epoch')) as about,
                (select string_agg(e ->> 'name', ' ') from jsonb_array_elements(s -> 'events') e) as events
            from call_traces t, jsonb_array_elements(t.spans) s where t.call_id in {this} order by 1, 3 desc"""), unit="none", height=12),
        trace("The same as a picture", "Where a collector keeps traces in a Tempo; without one the panel stays empty.", "${trace}"),
        row("Look for another"),
        table("Slow turns", "The slowest of the time that is chosen above: their call is what to choose.", sql("""
            select c.call_sid as call, t.tenant_id as tenant, t.turn_index as turn, t.response_ms, t.stt_ms, t.prompt_ms, t.llm_first_ms, t.tts_first_ms, t.started_at
            from turns t join calls c on c.id = t.call_id where $__timeFilter(t.started_at) and t.response_ms is not null
            order by t.response_ms desc limit 20"""), unit="none", width=12),
        table("Calls that went wrong", "Failed, or lost, or with many interruptions.", sql("""
            select call_sid as call, tenant_id as tenant, outcome, end_reason, barge_ins, false_alarms, started_at from calls
            where $__timeFilter(started_at) and (outcome = 'failed' or end_reason in ('lost', 'stream_lost') or barge_ins > 5)
            order by started_at desc limit 20"""), unit="none", width=12),
    ])


DASHBOARDS = {"overview": overview, "latency": latency, "one-call": one_call, "tenants": tenants, "providers": providers}


def main():
    is_check = "--check" in sys.argv[1:]
    stale = []
    for name, make in DASHBOARDS.items():
        path, text = HERE / f"{name}.json", text_of(make())
        if is_check and (not path.exists() or path.read_text() != text):
            stale.append(path.name)
        if not is_check:
            path.write_text(text)
    if stale:
        print(f"not what build.py makes: {', '.join(stale)}; run python3 deploy/grafana/build.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
