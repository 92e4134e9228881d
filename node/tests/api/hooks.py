"""Gets the fuzzer past the first gate: miners that attested, and submissions that answer a challenge."""

import itertools
import json
import os
import pathlib
import urllib.request

import schemathesis

NODE = os.environ["VERDIGRIS_FUZZ_NODE"]
RECORDED = pathlib.Path(__file__).parent.parent / "data" / "attestation-stock-linux.json"
# The name in the description's examples.
MINERS = ["powerbook-g4", "indy"]
TIMEOUT_S = 10
# Of so many submissions one keeps the signature that the fuzzer made up.
SIGNED_EVERY = 4

submissions = itertools.count()


def post(path, body):
    request = urllib.request.Request(NODE + path, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def nonce():
    return post("/attest/challenge", {})["nonce"]


def attest(miner):
    body = json.loads(RECORDED.read_text())
    for name in ("miner_id", "nonce", "public_key", "signature", "signature_type"):
        body.pop(name, None)
    body["miner"] = miner
    body["report"]["nonce"] = nonce()
    # Each its own numbers: the same from two would be a copy.
    body["fingerprint"]["checks"]["clock_drift"]["data"]["mean_ns"] += MINERS.index(miner)
    post("/attest/submit", body)


for name in MINERS:
    attest(name)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A submission that is well formed answers a challenge of its own, most without a signature."""
    if case.operation.definition.raw.get("operationId") != "submit":
        return
    if not isinstance(case.body, dict) or not isinstance(case.body.get("report") or {}, dict):
        return
    if not isinstance((case.body.get("report") or {}).get("nonce", ""), str):
        return
    case.body["report"] = {**(case.body.get("report") or {}), "nonce": nonce()}
    if next(submissions) % SIGNED_EVERY:
        for member in ("public_key", "signature"):
            # What is of the wrong kind stays: it is to be refused for that.
            if isinstance(case.body.get(member), str):
                del case.body[member]
