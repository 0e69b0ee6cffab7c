"""The closed registry of failure codes: what each means for the job, the person, the quota and on-call.

A code is stored with the job, chosen by what happened, never a class name. Adding one means: a row here, its text in
three languages (`error-<code>`), its paragraph in docs/ONCALL.md, and the sandbox scenario that shows it; a test fails
when any is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Who can do something about it; decides which tries it uses up and whether it counts against the quota."""

    PERSON = "person"  # the input: trying again changes nothing
    JOB = "job"  # this job's own failure: few tries
    OURS = "ours"  # machines, providers, networks: more tries
    CHAT = "chat"  # the chat cannot be reached any more


class Code(StrEnum):
    BAD_IMAGE = "bad_image"
    IMAGE_TOO_SMALL = "image_too_small"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_TOO_HEAVY = "image_too_heavy"
    IMAGE_UNSUPPORTED = "image_unsupported"
    FILE_UNAVAILABLE = "file_unavailable"
    CHAT_UNREACHABLE = "chat_unreachable"
    MESSAGE_DELETED = "message_deleted"
    WORKER_FAILED = "worker_failed"
    WORKER_LOST = "worker_lost"
    OUT_OF_MEMORY = "out_of_memory"
    ENGINE_FAILED = "engine_failed"
    MODEL_MISSING = "model_missing"
    MODEL_GONE = "model_gone"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    QUEUE_TIMEOUT = "queue_timeout"
    PROVIDER_REJECTED = "provider_rejected"
    PROVIDER_UNAUTHORIZED = "provider_unauthorized"
    PROVIDER_OUT_OF_FUNDS = "provider_out_of_funds"
    RESULT_LOST = "result_lost"
    RESULT_TOO_LARGE = "result_too_large"
    DELIVERY_FAILED = "delivery_failed"
    PROMPT_MISSING = "prompt_missing"
    PROMPT_ONLY_LINK = "prompt_only_link"
    PROMPT_TOO_LONG = "prompt_too_long"
    MASK_MISMATCH = "mask_mismatch"
    NO_FACE = "no_face"
    CONTENT_POLICY = "content_policy"
    INPUT_REFUSED = "input_refused"
    NO_MEDIA = "no_media"
    START_TIMEOUT = "start_timeout"
    WAIT_EXCEEDED = "wait_exceeded"
    NODE_MISSING = "node_missing"
    UNANSWERED = "unanswered"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What follows from a failure code."""

    fault: Fault
    retry: bool  # may another attempt help?
    scenario: str  # how to see it in the sandbox
    counts_against_quota: bool = False  # what a refund will be: no


def _person(scenario: str, *, counts: bool = True) -> Meaning:
    return Meaning(fault=Fault.PERSON, retry=False, scenario=scenario, counts_against_quota=counts)


def _job(scenario: str, *, retry: bool = True) -> Meaning:
    return Meaning(fault=Fault.JOB, retry=retry, scenario=scenario)


def _ours(scenario: str, *, retry: bool = True) -> Meaning:
    return Meaning(fault=Fault.OURS, retry=retry, scenario=scenario)


REGISTRY: dict[Code, Meaning] = {
    Code.BAD_IMAGE: _person("send a JPEG cut in half, as a file"),
    Code.IMAGE_TOO_SMALL: _person("send a picture of 16 x 16 pixels"),
    Code.IMAGE_TOO_LARGE: _person("send a PNG that unpacks to more than the pixel limit, as a file"),
    Code.IMAGE_TOO_HEAVY: _person("send an image file above 20 MB"),
    Code.IMAGE_UNSUPPORTED: _person("send a text file named photo.jpg, as a file"),
    Code.FILE_UNAVAILABLE: _job("fault: Telegram getFile answers 'wrong file identifier' for good", retry=False),
    Code.CHAT_UNREACHABLE: Meaning(fault=Fault.CHAT, retry=False, scenario="block the bot while a job runs"),
    Code.MESSAGE_DELETED: Meaning(fault=Fault.CHAT, retry=False, scenario="delete the placeholder while a job runs"),
    Code.WORKER_FAILED: _job("fault: the worker's handler raises"),
    Code.WORKER_LOST: _ours("kill the worker until RunPod gives up"),
    Code.OUT_OF_MEMORY: _job("comfy engine: raise OOM in the stand-in"),
    Code.ENGINE_FAILED: _job("comfy engine: a node raises in the stand-in"),
    Code.MODEL_MISSING: _ours("comfy engine: a model name that the server does not list", retry=False),
    Code.MODEL_GONE: _ours("switch a model off in the Fal stand-in"),  # the next try asks its successor
    Code.DEADLINE_EXCEEDED: _ours("fault: the worker sleeps longer than the mode's deadline"),
    Code.QUEUE_TIMEOUT: _ours("set workersMax to 0 and advance the clock by a day", retry=False),
    Code.PROVIDER_REJECTED: _ours("fault: /run answers 400", retry=False),
    Code.PROVIDER_UNAUTHORIZED: _ours("fault: /run answers 401"),
    Code.PROVIDER_OUT_OF_FUNDS: _ours("fault: /run answers 402"),
    Code.RESULT_LOST: _ours("fault: status answers 404 after the job was done"),
    Code.RESULT_TOO_LARGE: _job("an engine result above 50 MB that no plan can fit", retry=False),
    Code.DELIVERY_FAILED: _ours("fault: editMessageMedia answers 400 'wrong file identifier' each time"),
    Code.PROMPT_MISSING: _person("/image, then press Make without a word"),
    Code.PROMPT_ONLY_LINK: _person("/image https://example.com"),
    Code.PROMPT_TOO_LONG: _person("/image and 2001 characters"),
    Code.MASK_MISMATCH: _person("edit a photo, mark the change on a picture of another shape"),
    Code.NO_FACE: _person("liveportrait with a photo without a face"),
    # A provider's filter errs too often to be held against anybody.
    Code.CONTENT_POLICY: _person("fault: Fal refuses the prompt (content_policy_violation)", counts=False),
    Code.INPUT_REFUSED: _person("fault: Fal answers 422 with a type that names the input"),
    Code.NO_MEDIA: _job("fault: Fal answers no_media_generated"),
    Code.START_TIMEOUT: _ours("fault: Fal starts nothing in time (504 request_timeout)"),
    Code.WAIT_EXCEEDED: _ours("fault: a Fal video takes longer than VIDEO_MAX_WAIT_SEC", retry=False),
    Code.NODE_MISSING: _ours("a ComfyUI server without the node pack of the graph", retry=False),
    Code.UNANSWERED: _ours("fault: Fal accepts a job, but the answer never arrives", retry=False),
    Code.INTERNAL: _ours("a bug of ours; the log has the event and the job"),
}


def meaning(code: str) -> Meaning:
    """What follows from `code`; an unknown code (an older or newer worker) is treated as a worker's failure."""
    try:
        return REGISTRY[Code(code)]
    except ValueError:
        return REGISTRY[Code.WORKER_FAILED]
