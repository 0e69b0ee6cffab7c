"""What may go wrong with a ComfyUI server, by what it means for the job.

    ComfyError                   catch this one; every error carries `code`, one of jobs/errors.py
    ├── MissingNode              the server does not have a node class of the graph           node_missing
    ├── MissingModel             a model file is not listed, not there or cut short           model_missing
    ├── OutOfMemory              on the GPU or in the process                                 out_of_memory
    ├── BadInput                 the picture: bad_image; any other value: engine_failed
    ├── NoFace                   the face finder of the graph found none                      no_face
    ├── NodeFailed               a node raised something else                                 engine_failed
    ├── NoOutput                 the graph ran and made no file of the wanted kind            engine_failed
    ├── Interrupted              somebody else stopped the prompt                             engine_failed
    ├── Timeout                  not done in the time that it was given                       deadline_exceeded
    ├── ServerGone               no connection, a prompt that it no longer knows              worker_lost
    ├── Stuck                    it was told to stop a prompt and did not                     worker_lost
    ├── Unauthorized             401 or 403                                                   provider_unauthorized
    ├── Busy                     429 or 503; `retry_after_s` where it said one                worker_lost
    └── BadAnswer                outside the protocol: a proxy's page, another program        engine_failed

No text here holds a prompt, a path, a traceback or a key (comfy/redact.py).
"""

from __future__ import annotations

from imgvid.jobs.errors import Code


class ComfyError(Exception):
    """A prompt that did not end well, or a server that did not answer well. `detail` is for the log."""

    code: Code = Code.ENGINE_FAILED

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class MissingNode(ComfyError):
    code = Code.NODE_MISSING


class MissingModel(ComfyError):
    code = Code.MODEL_MISSING


class OutOfMemory(ComfyError):
    code = Code.OUT_OF_MEMORY


class BadInput(ComfyError):
    """What the server refuses before it runs anything.

    `picture`: the person's picture. `value`: a number is out of its bounds; neither of both: the graph does not fit the
    server, whose nodes are of another version.
    """

    def __init__(self, detail: str, *, picture: bool = False, value: bool = False) -> None:
        super().__init__(detail)
        self.code = Code.BAD_IMAGE if picture else Code.ENGINE_FAILED
        self.picture, self.value = picture, value


class NoFace(ComfyError):
    code = Code.NO_FACE


class NodeFailed(ComfyError):
    pass


class NoOutput(ComfyError):
    pass


class Interrupted(ComfyError):
    pass


class Timeout(ComfyError):
    code = Code.DEADLINE_EXCEEDED


class ServerGone(ComfyError):
    """`maybe_sent` tells of a POST whose answer is lost: the prompt may run, look for its id before another is sent."""

    code = Code.WORKER_LOST

    def __init__(self, detail: str, *, maybe_sent: bool = False) -> None:
        super().__init__(detail)
        self.maybe_sent = maybe_sent


class Stuck(ComfyError):
    code = Code.WORKER_LOST


class Unauthorized(ComfyError):
    code = Code.PROVIDER_UNAUTHORIZED


class Busy(ComfyError):
    code = Code.WORKER_LOST

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BadAnswer(ComfyError):
    pass
