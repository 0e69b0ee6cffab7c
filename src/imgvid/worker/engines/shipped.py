"""Hashes of the graphs in worker_image/workflows: any other graph is the operator's own. A test holds the two together."""

SHIPPED: frozenset[str] = frozenset(
    {
        "c95d1d9526f6414af793778ee2fdd4752a3e125afe9ddf575de84df9650074a7",  # i2v_WAN22_6step_3Samplers_GGUF_FirstLast
        "9f3abb39262d34257aaffd1abe33c888ecab84f5fafe0ff3574daf39aa4d98d5",  # ltx2_t2v_fast
        "9dbe6e5715c78e2e4387fe135db171aca59285c0384a130f04d12a0d53095712",  # ltx2_t2v_pro
        "f8f46d565a95343b99e67aaced56ad90604ca96bd25459c16523cddc48c339a2",  # ltx2_i2v_fast
        "6204881866baa08080d2a38f23b0ace8f432bcc7b8232afb19772959b7817d49",  # ltx2_i2v_pro
    }
)
