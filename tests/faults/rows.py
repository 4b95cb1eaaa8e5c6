"""What may fail around the proxy, what it owes then, and the tests that show it, as data.

Each test is `file::function`, below tests/.
"""

from __future__ import annotations

from dataclasses import dataclass

AUDIT = "integration/test_serve_audit.py"
AUDIT_DISK = "faults/test_audit_disk.py"
AUTHENTICATION = "functional/test_authentication.py"
SHARED_CACHE = "functional/test_shared_cache.py"
ANSWERS = "integration/test_backend_answers.py"
DEADLINES = "integration/test_backend_deadlines.py"
POOL = "integration/test_backend_pool.py"
RELOAD = "integration/test_serve_reload.py"
REQUESTS = "integration/test_backend_requests.py"
RESTART = "integration/test_serve_restart.py"
STRICT = "functional/test_strict_audit.py"
TRANSPORT = "integration/test_keystone_transport.py"
TLS = "integration/test_backend_tls.py"
SERVE = "integration/test_serve.py"
BACKEND = "faults/test_backend_faults.py"
CHANGE = "faults/test_under_change.py"
CLOCK = "faults/test_clock_jumps.py"
DESCRIPTORS = "faults/test_descriptors.py"
KEYSTONE = "faults/test_keystone_faults.py"
LEFT_ALONE = "functional/test_keystone_left_alone.py"
MEMCACHED = "faults/test_memcached_faults.py"
ODD_ANSWERS = "functional/test_keystone_answers.py"
SLOW = "faults/test_slow_clients.py"


@dataclass(frozen=True, slots=True)
class Row:
    fault: str
    required: str
    tests: tuple[str, ...]


ROWS = (
    Row(
        "Keystone refuses",
        "503 with Retry-After at once, nothing forwarded",
        (f"{AUTHENTICATION}::test_a_keystone_that_is_not_there",),
    ),
    Row(
        "Keystone hangs, hangs up, drips, answers HTML, {}, nulls, lies, or without end",
        "503 with Retry-After in bounded time, nothing forwarded, few calls; known tokens work",
        (
            f"{KEYSTONE}::test_it_ends_in_503_in_bounded_time_and_known_tokens_work_on",
            f"{AUTHENTICATION}::test_a_keystone_that_lies_lets_nobody_in",
            f"{ODD_ANSWERS}::test_nobody_gets_in_who_should_not",
            f"{AUTHENTICATION}::test_a_keystone_that_is_silent_ends_in_bounded_time",
        ),
    ),
    Row(
        "Keystone answers now and then with an error",
        "503 for those who got it, nobody else; three in a row, and it is left alone",
        (
            f"{KEYSTONE}::test_an_answer_that_is_an_error_is_the_trouble_of_those_who_got_it",
            f"{KEYSTONE}::test_errors_that_come_in_a_row_leave_it_alone",
            f"{LEFT_ALONE}::test_after_one_request_that_it_told_nothing",
            f"{LEFT_ALONE}::test_after_three_useless_answers_in_a_row",
        ),
    ),
    Row(
        "the proxy's own user is rejected",
        "503, calls to Keystone bounded",
        (
            f"{KEYSTONE}::test_a_rejected_user_of_the_proxy_is_not_tried_again_and_again",
            f"{KEYSTONE}::test_a_service_user_who_gets_no_token_is_not_tried_again_and_again",
            f"{AUTHENTICATION}::test_a_rejected_user_of_the_proxy_is_not_tried_by_every_request",
        ),
    ),
    Row(
        "one bad token again and again",
        "calls to Keystone bounded",
        (
            f"{KEYSTONE}::test_one_bad_token_sent_40_times_is_hardly_a_call",
            f"{AUTHENTICATION}::test_a_flood_of_one_bad_token_is_one_call",
        ),
    ),
    Row(
        "a flood of distinct bad tokens",
        "calls to Keystone bounded; known tokens work",
        (f"{KEYSTONE}::test_a_flood_of_bad_tokens_does_not_reach_it",),
    ),
    Row(
        "memcached refuses, hangs, drips or is gone",
        "a miss, in bounded time",
        (
            f"{MEMCACHED}::test_a_real_one_through_its_life",
            f"{MEMCACHED}::test_one_that_drips_is_a_miss_in_time",
            f"{SHARED_CACHE}::test_a_cache_that_hangs_is_a_miss_and_then_left_alone",
            f"{SHARED_CACHE}::test_a_cache_that_is_not_there_is_a_miss",
        ),
    ),
    Row(
        "memcached has a corrupt or a forged value",
        "a miss; nobody becomes somebody else",
        (
            f"{MEMCACHED}::test_a_real_one_through_its_life",
            f"{SHARED_CACHE}::test_a_forged_value_is_a_miss",
            f"{SHARED_CACHE}::test_what_a_value_claims_to_be_is_not_believed",
        ),
    ),
    Row(
        "the policy file is missing at the start",
        "no start",
        (f"{SERVE}::test_a_missing_policy_file_ends_in_one_sentence",),
    ),
    Row(
        "the backend refuses",
        "502 at once",
        (f"{BACKEND}::test_one_that_refuses_is_502_at_once",),
    ),
    Row(
        "the backend hangs or drips",
        "504 within the total deadline",
        (
            f"{BACKEND}::test_every_fault_ends_in_time_and_writes_go_out_once",
            f"{DEADLINES}::test_the_total_timeout_ends_the_exchange",
            f"{DEADLINES}::test_a_pause_longer_than_the_read_timeout_ends_the_exchange",
        ),
    ),
    Row(
        "more requests wait for the backend than have a turn",
        "503 with Retry-After, early",
        (f"{BACKEND}::test_where_everyone_waits_for_it_those_behind_are_refused_early",),
    ),
    Row(
        "the backend dies after it read a write",
        "502, and the write went out once",
        (
            f"{BACKEND}::test_every_fault_ends_in_time_and_writes_go_out_once",
            f"{REQUESTS}::test_a_write_is_sent_once_when_the_backend_dies_with_it",
        ),
    ),
    Row(
        "the backend closes an idle connection just as it is used again",
        "a GET is sent again, a write never",
        (
            f"{BACKEND}::test_idle_connections_that_close_lose_no_get_and_double_no_write",
            f"{REQUESTS}::test_a_write_is_sent_once_when_kept_connections_die_as_they_are_used",
        ),
    ),
    Row(
        "the backend's answer is truncated, cut off or too large; 101, 103, endless 100s; too many "
        "or too large headers",
        "502 or a connection that breaks, never a clean end",
        (
            f"{BACKEND}::test_every_fault_ends_in_time_and_writes_go_out_once",
            f"{ANSWERS}::test_broken_answers_are_refused_and_the_client_lives",
            f"{ANSWERS}::test_a_large_answer_that_is_cut_off_breaks_off",
            f"{ANSWERS}::test_an_answer_may_be_as_large_as_the_limit_and_no_larger",
        ),
    ),
    Row(
        "sixteen answers of 96 MiB at once",
        "memory stays flat",
        (
            f"{BACKEND}::test_sixteen_answers_of_96_mib_leave_memory_flat",
            f"{ANSWERS}::test_answers_streamed_slowly_keep_memory_flat",
        ),
    ),
    Row(
        "a client leaves during its upload",
        "nothing is forwarded",
        (f"{SERVE}::test_a_body_that_is_not_whole_and_plain_is_not_forwarded",),
    ),
    Row(
        "a client leaves during its download",
        "the connection to the backend closes",
        (
            f"{BACKEND}::test_a_client_that_leaves_has_its_answer_given_up",
            f"{ANSWERS}::test_closing_an_answer_early_closes_the_connection",
        ),
    ),
    Row(
        "150 clients that are slow with their headers, their bodies, or in reading answers",
        "healthy requests have a p95 below a second",
        (
            f"{SLOW}::test_healthy_requests_are_answered_beside_150_slow_clients",
            f"{SLOW}::test_bodies_beyond_the_limit_are_refused_early_and_leave_nothing",
            f"{SLOW}::test_large_answers_can_be_had_again_when_slow_readers_have_left",
            f"{SLOW}::test_a_reader_that_takes_nothing_is_cut_off",
        ),
    ),
    Row(
        "64 KiB of headers, or 300 of them",
        "431",
        (
            f"{SLOW}::test_too_much_of_a_head_is_refused",
            f"{SERVE}::test_too_many_or_too_large_headers_are_431",
        ),
    ),
    Row(
        "the backend's name leads to another address",
        "new connections follow within seconds",
        ("faults/test_name_that_moves.py::test_new_connections_follow_it",),
    ),
    Row(
        "file descriptors are exhausted",
        "503, the policy in force stays, and all is well again afterwards",
        (
            f"{DESCRIPTORS}::test_it_is_503_policy_is_as_it_was_and_all_is_well_afterwards",
            f"{POOL}::test_without_a_file_descriptor_the_service_is_unavailable_and_recovers",
        ),
    ),
    Row(
        "wrong, expired or self-signed certificate of Keystone or the backend",
        "refused before anything is sent",
        (
            f"{TLS}::test_a_wrong_certificate_is_refused_before_anything_is_sent",
            f"{TRANSPORT}::test_a_wrong_certificate_is_refused_whatever_the_caller_says",
        ),
    ),
    Row(
        "the audit disk is full, or the file cannot be opened any more",
        "strict mode refuses writes; otherwise records are counted and told",
        (
            f"{AUDIT}::test_a_disk_without_room_refuses_writes_until_it_has_some",
            f"{STRICT}::test_a_write_that_cannot_be_recorded_is_refused",
            f"{STRICT}::test_without_strict_requests_go_on_and_are_counted",
            f"{SERVE}::test_configuration_audit_file_and_policy_are_told_at_once",
        ),
    ),
    Row(
        "the audit disk turns read-only while the file is open",
        "strict mode refuses; otherwise records are counted and told; it goes on when it is mended",
        (f"{AUDIT_DISK}::test_it_is_the_strict_outcome_and_all_is_well_when_it_is_mended",),
    ),
    Row(
        "the audit disk or pipe hangs",
        "the strict outcome in bounded time",
        (
            f"{AUDIT}::test_a_disk_that_hangs_ends_in_an_answer",
            f"{AUDIT}::test_a_pipe_that_is_not_emptied_ends_in_an_answer",
            f"{AUDIT}::test_a_pipe_that_nobody_reads_ends_in_an_answer",
        ),
    ),
    Row(
        "the proxy is killed between the decision and the answer",
        "the intent is on the disk",
        (f"{AUDIT}::test_what_was_about_to_be_done_is_on_the_disk_after_sigkill",),
    ),
    Row(
        "SIGTERM with writes in flight",
        "not ready first; they are finished; nobody is left without an answer",
        (
            f"{RESTART}::test_sigterm_says_so_first_and_finishes_what_takes_long",
            f"{RESTART}::test_no_request_that_was_sent_is_left_without_an_answer_by_a_stop",
            f"{SERVE}::test_sigterm_finishes_what_is_in_flight",
        ),
    ),
    Row(
        "workers are replaced and policies reloaded under load",
        "no client sees an error, no write is lost or doubled",
        (
            f"{CHANGE}::test_reloads_and_restarts_cost_no_client_an_answer_and_double_no_write",
            f"{RESTART}::test_no_request_fails_while_it_restarts_again_and_again",
            f"{RELOAD}::test_a_change_is_in_force_in_every_worker_within_two_seconds",
        ),
    ),
    Row(
        "a worker is killed",
        "another takes its place; connections that nobody took yet are served",
        (
            f"{RESTART}::test_connections_that_nobody_took_yet_survive_a_worker_that_is_killed",
            f"{RESTART}::test_workers_that_end_at_once_again_and_again_end_the_service",
        ),
    ),
    Row(
        "the clock jumps ahead or back",
        "tokens go by it, and nothing waits for it",
        (
            f"{CLOCK}::test_ahead_no_token_counts_as_valid_and_behind_each_does",
            f"{CLOCK}::test_a_jump_keeps_no_identity_longer_than_its_time",
            f"{CLOCK}::test_a_changed_policy_is_in_force_as_soon_as_ever",
        ),
    ),
)
